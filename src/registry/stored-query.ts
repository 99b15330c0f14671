// ITI-18 Registry Stored Query: FindDocuments and GetDocuments under the access rule (ITI TF-2 3.18.4.1.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { Decision, PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence, Outcome } from '../model/evidence.ts'
import { formatCx } from '../model/identifiers.ts'
import type { FindDocuments, GetDocuments, ReturnType, StoredObject, StoredQuery } from '../model/stored-query.ts'
import type { RegistryPorts, StoredEntry } from './ports.ts'

export interface StoredQueryRequest {
  readonly query: StoredQuery
  /** Query id and request text for the audit event (ATNA ParticipantObjectQuery). */
  readonly audit: { readonly id: string; readonly text: string }
}

export interface StoredQueryAnswer {
  readonly returnType: ReturnType
  readonly objects: readonly StoredObject[]
}

/** Hidden and absent look alike: Success with an empty list. */
export async function storedQuery(
  request: StoredQueryRequest,
  caller: Caller,
  ports: RegistryPorts,
): Promise<Outcome<StoredQueryAnswer>> {
  const { query } = request
  switch (query.kind) {
    case 'FindDocuments':
      return findDocuments({ query, audit: request.audit }, caller, ports)
    case 'GetDocuments':
      return getDocuments({ query, audit: request.audit }, caller, ports)
  }
  return query satisfies never
}

type Asked<Q> = { readonly query: Q; readonly audit: StoredQueryRequest['audit'] }

async function findDocuments(
  asked: Asked<FindDocuments>,
  caller: Caller,
  ports: RegistryPorts,
): Promise<Outcome<StoredQueryAnswer>> {
  const { query } = asked
  const patient = await ports.access.ofPatient(caller, query.patientId)
  const evidence: Evidence = {
    patients: [formatCx(query.patientId)],
    documents: [],
    query: asked.audit,
    decision: patient?.scope.decision ?? { allowed: false, reason: 'unknown patient' },
  }
  if (patient === undefined) return answered(query.returnType, { objects: [], evidence })
  const limit = limitOf(query.returnType, ports)
  const objects = await ports.store.findDocuments(query, { patient, limit: limit + 1 })
  if (objects.length > limit) return failed(query.returnType, { error: tooMany(limit), evidence })
  return answered(query.returnType, { objects, evidence })
}

async function getDocuments(
  asked: Asked<GetDocuments>,
  caller: Caller,
  ports: RegistryPorts,
): Promise<Outcome<StoredQueryAnswer>> {
  const { query } = asked
  const limit = limitOf(query.returnType, ports)
  const found = await ports.store.getDocuments(query)
  const accesses = await ports.access.ofPersons(caller, [...new Set(found.map((entry) => entry.personKey))])
  const judged = found.map((entry) => ({ entry, decision: decide(entry, { accesses, ports }) }))
  const visible = judged.filter(({ decision }) => decision.allowed).map(({ entry }) => entry)
  const patients = [...new Set(visible.flatMap((entry) => cxOf(accesses.get(entry.personKey))))]
  const hidden = judged.find(({ decision }) => !decision.allowed)?.decision
  const evidence: Evidence = {
    patients,
    documents: [],
    query: asked.audit,
    decision: hidden ?? { allowed: true, reason: `${visible.length} visible` },
  }
  if (visible.length > limit) return failed(query.returnType, { error: tooMany(limit), evidence })
  if (query.returnType === 'ObjectRef') return answered(query.returnType, { objects: visible, evidence })
  if (patients.length > 1)
    return failed(query.returnType, {
      error: iheError('NOT_SINGLE_PATIENT', { rule: 'ITI TF-2 3.18.4.1.3' }),
      evidence,
    })
  const objects = visible.length === 0 ? [] : await ports.store.objects(visible.map((entry) => entry.id))
  return answered(query.returnType, { objects, evidence })
}

function decide(
  entry: StoredEntry,
  given: { accesses: ReadonlyMap<string, PatientAccess>; ports: RegistryPorts },
): Decision {
  const access = given.accesses.get(entry.personKey)
  return access === undefined ? { allowed: false, reason: 'unknown patient' } : given.ports.access.admits(access, entry)
}

function cxOf(access: PatientAccess | undefined): readonly string[] {
  return access === undefined ? [] : [formatCx(access.patientId)]
}

function limitOf(returnType: ReturnType, ports: RegistryPorts): number {
  return returnType === 'LeafClass' ? ports.limits.leafResults : ports.limits.objectRefResults
}

function tooMany(limit: number): IheError {
  return iheError('TOO_MANY_RESULTS', { rule: `at most ${limit} results` })
}

function answered(
  returnType: ReturnType,
  given: { objects: readonly StoredObject[]; evidence: Evidence },
): Outcome<StoredQueryAnswer> {
  return {
    answer: { returnType, objects: given.objects },
    result: 'success',
    errors: [],
    evidence: given.evidence,
    recorded: false,
  }
}

function failed(returnType: ReturnType, given: { error: IheError; evidence: Evidence }): Outcome<StoredQueryAnswer> {
  return {
    answer: { returnType, objects: [] },
    result: 'failure',
    errors: [given.error],
    evidence: given.evidence,
    recorded: false,
  }
}
