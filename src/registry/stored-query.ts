// ITI-18 Registry Stored Query and ITI-51 Multi-Patient Stored Query under the access rule (ITI TF-2 3.18.4.1.3, 3.51.4.1.3).

import { iheError } from '../../profiles/errors/index.ts'
import { type Decision, emergencyOf, NOBODY, type PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { AuditedQuery, Evidence, Outcome } from '../model/evidence.ts'
import { formatCx, type PatientId } from '../model/identifiers.ts'
import type {
  FindDocuments,
  IdQuery,
  MultiPatientQuery,
  PatientQuery,
  ReturnType,
  StoredObject,
  StoredQuery,
} from '../model/stored-query.ts'
import type { FoundObject, Reach, SelectedQuery, StoredQueryPorts } from './query-ports.ts'

export interface StoredQueryRequest {
  readonly query: StoredQuery
  /** Query id and request text for the audit event (ATNA ParticipantObjectQuery). */
  readonly audit: AuditedQuery
}

export interface StoredQueryAnswer {
  readonly returnType: ReturnType
  readonly objects: readonly StoredObject[]
}

type Answered = Outcome<StoredQueryAnswer>
type Asked<Q> = { readonly query: Q; readonly audit: StoredQueryRequest['audit'] }

/** Hidden and absent look alike: Success with an empty list. */
export async function storedQuery(
  request: StoredQueryRequest,
  caller: Caller,
  ports: StoredQueryPorts,
): Promise<Answered> {
  const { query, audit } = request
  switch (query.kind) {
    case 'FindDocuments':
      return findDocuments({ query, audit }, caller, ports)
    case 'FindSubmissionSets':
    case 'FindFolders':
    case 'GetAll':
      return ofOnePatient({ query, audit }, caller, ports)
    case 'GetDocuments':
    case 'GetFolders':
    case 'GetAssociations':
    case 'GetDocumentsAndAssociations':
    case 'GetSubmissionSets':
    case 'GetSubmissionSetAndContents':
    case 'GetFolderAndContents':
    case 'GetFoldersForDocument':
    case 'GetRelatedDocuments':
      return byId({ query, audit }, caller, ports)
    case 'FindDocumentsForMultiplePatients':
    case 'FindFoldersForMultiplePatients':
      return ofManyPatients({ query, audit }, caller, ports)
  }
  return query satisfies never
}

async function findDocuments(asked: Asked<FindDocuments>, caller: Caller, ports: StoredQueryPorts): Promise<Answered> {
  const { query } = asked
  const { patient, evidence } = await accessToPatient(asked, caller, ports)
  const limit = limitOf(query.returnType, ports)
  const objects = await ports.queries.findDocuments(query, { patient, limit: limit + 1 })
  if (objects.length > limit) return failed(query.returnType, { error: tooMany(limit), evidence })
  return answered(query.returnType, { objects, evidence })
}

async function ofOnePatient(asked: Asked<PatientQuery>, caller: Caller, ports: StoredQueryPorts): Promise<Answered> {
  const { query } = asked
  const { patient, evidence } = await accessToPatient(asked, caller, ports)
  const selected: SelectedQuery = { query, personKey: patient.personKey }
  const accesses = await accessesToReached(selected, { patient, caller }, ports)
  const limit = limitOf(query.returnType, ports)
  const objects = await ports.queries.findObjects(selected, { accesses, limit: limit + 1 })
  if (objects.length > limit) return failed(query.returnType, { error: tooMany(limit), evidence })
  return answered(query.returnType, { objects, evidence })
}

/** The patient's own, and those of other persons whose entries a SubmissionSet refers to; a Folder is of one person. */
async function accessesToReached(
  selected: SelectedQuery,
  { patient, caller }: { readonly patient: PatientAccess; readonly caller: Caller },
  ports: StoredQueryPorts,
): Promise<readonly PatientAccess[]> {
  if (selected.query.kind === 'FindFolders') return [patient]
  const { personKeys } = await ports.queries.reach(selected)
  const others = personKeys.filter((key) => key !== patient.personKey)
  return [patient, ...(await ports.access.ofPersons(caller, others)).values()]
}

async function accessToPatient(
  { query, audit }: Asked<FindDocuments | PatientQuery>,
  caller: Caller,
  ports: StoredQueryPorts,
): Promise<{ readonly patient: PatientAccess; readonly evidence: Evidence }> {
  const patient = (await ports.access.ofPatient(caller, query.patientId)) ?? nobody(query.patientId)
  const { decision } = patient.scope
  const evidence = { patients: [formatCx(query.patientId)], documents: [], query: audit, decision }
  return { patient, evidence: { ...evidence, ...emergencyOf([patient]) } }
}

/** Of whom nothing is shown: an unknown patient is looked for as one whose record is hidden, so that time tells no difference either. */
function nobody(patientId: PatientId): PatientAccess {
  const decision = { allowed: false, reason: 'unknown patient' } as const
  const scope = { mode: 'nothing', ownFacility: '', openings: [], closed: {}, excludedKinds: [], decision } as const
  return { personKey: NOBODY, patientId, scope, publish: decision }
}

/** LeafClass answers of these are about one patient (ITI TF-2 3.18.4.1.3). */
const ABOUT_ONE_PATIENT: ReadonlySet<IdQuery['kind']> = new Set([
  'GetDocuments',
  'GetFolders',
  'GetDocumentsAndAssociations',
  'GetSubmissionSets',
  'GetSubmissionSetAndContents',
  'GetFolderAndContents',
])

async function byId(asked: Asked<IdQuery>, caller: Caller, ports: StoredQueryPorts): Promise<Answered> {
  const { query } = asked
  const { returnType } = query
  const reach = await ports.queries.reach({ query })
  const accesses = await ports.access.ofPersons(caller, reach.personKeys)
  const limit = limitOf(returnType, ports)
  const objects = await visible({ query }, { accesses, limit }, ports)
  const evidence: Evidence = {
    patients: patientsOf(objects, accesses),
    documents: [],
    query: asked.audit,
    decision: hidden(reach, accesses, ports) ?? { allowed: true, reason: `${objects.length} visible` },
    ...emergencyOf(accesses.values()),
  }
  if (objects.length > limit) return failed(returnType, { error: tooMany(limit), evidence })
  if (returnType === 'LeafClass' && ABOUT_ONE_PATIENT.has(query.kind) && countPersons(objects) > 1)
    return failed(returnType, { error: iheError('NOT_SINGLE_PATIENT', { rule: 'ITI TF-2 3.18.4.1.3' }), evidence })
  return answered(returnType, { objects, evidence })
}

async function visible(
  selected: SelectedQuery,
  given: { readonly accesses: ReadonlyMap<string, PatientAccess>; readonly limit: number },
  ports: StoredQueryPorts,
): Promise<readonly FoundObject[]> {
  if (given.accesses.size === 0) return []
  return ports.queries.findObjects(selected, { accesses: [...given.accesses.values()], limit: given.limit + 1 })
}

/** Why the first of the entries touched that are hidden is so: for the audit, never for the caller. */
function hidden(
  reach: Reach,
  accesses: ReadonlyMap<string, PatientAccess>,
  ports: StoredQueryPorts,
): Decision | undefined {
  for (const traits of reach.traits) {
    const access = accesses.get(traits.personKey)
    if (access === undefined) return { allowed: false, reason: 'unknown patient' }
    const decision = ports.access.admits(access, traits)
    if (!decision.allowed) return decision
  }
  return [...accesses.values()]
    .map(({ scope }) => scope.decision)
    .find(({ allowed }) => !allowed && reach.traits.length === 0)
}

function patientsOf(objects: readonly FoundObject[], accesses: ReadonlyMap<string, PatientAccess>): readonly string[] {
  const keys = new Set(objects.map(({ personKey }) => personKey))
  return [...accesses].filter(([key]) => keys.has(key)).map(([, { patientId }]) => formatCx(patientId))
}

function countPersons(objects: readonly FoundObject[]): number {
  return new Set(objects.filter(({ object }) => object !== 'Association').map(({ personKey }) => personKey)).size
}

/** Candidates first, of the facilities whose objects the caller might see; then what may be seen of them, person by person. */
async function ofManyPatients(
  asked: Asked<MultiPatientQuery>,
  caller: Caller,
  ports: StoredQueryPorts,
): Promise<Answered> {
  const { query } = asked
  const { returnType } = query
  const publishers =
    caller.accessMode === 'affinity-domain' ? undefined : [caller.facilityId, ...caller.unionFacilities]
  const { complete, found } = await ports.queries.candidates(query, publishers)
  const evidence: Evidence = { patients: query.patientIds.map(formatCx), documents: [], query: asked.audit }
  const limit = limitOf(returnType, ports)
  if (!complete) return failed(returnType, { error: tooBroad(), evidence })
  const accesses = await ports.access.ofPersons(caller, [...new Set(found.map(({ personKey }) => personKey))])
  const objects = await visible({ query: named(query, found) }, { accesses, limit }, ports)
  const told: Evidence = {
    ...evidence,
    patients: [...new Set([...evidence.patients, ...patientsOf(objects, accesses)])],
    decision: { allowed: true, reason: `${objects.length} of ${found.length} visible` },
    ...emergencyOf(accesses.values()),
  }
  if (objects.length > limit) return failed(returnType, { error: tooMany(limit), evidence: told })
  return answered(returnType, { objects, evidence: told })
}

/** The query for the candidates by their ids. */
function named(query: MultiPatientQuery, found: readonly { readonly id: string }[]): IdQuery {
  return {
    kind: query.kind === 'FindFoldersForMultiplePatients' ? 'GetFolders' : 'GetDocuments',
    returnType: query.returnType,
    metadataLevel: query.metadataLevel,
    by: 'entryUUID',
    values: found.map(({ id }) => id),
  }
}

function limitOf(returnType: ReturnType, ports: StoredQueryPorts): number {
  return returnType === 'LeafClass' ? ports.limits.leafResults : ports.limits.objectRefResults
}

/** So much matches its codes that the search was given up; how much of it the caller may see was not asked. */
function tooBroad(): IheError {
  return iheError('TOO_MANY_RESULTS', { rule: 'more to look at than one search may; name patients, a code or a time' })
}

function tooMany(limit: number): IheError {
  return iheError('TOO_MANY_RESULTS', { rule: `at most ${limit} results` })
}

function answered(
  returnType: ReturnType,
  given: { readonly objects: readonly StoredObject[]; readonly evidence: Evidence },
): Answered {
  const { objects, evidence } = given
  return { answer: { returnType, objects }, result: 'success', errors: [], evidence, recorded: false }
}

function failed(returnType: ReturnType, given: { readonly error: IheError; readonly evidence: Evidence }): Answered {
  const { error, evidence } = given
  return { answer: { returnType, objects: [] }, result: 'failure', errors: [error], evidence, recorded: false }
}
