// ITI-57 Update Document Set and ITI-92 Restricted Update Document Set: new versions, status, associations (ITI TF-2 3.57, 3.92).

import { formatDtm } from '../../profiles/metadata/types.ts'
import type { Caller } from '../model/caller.ts'
import type { DocumentEntry, Folder } from '../model/document-entry.ts'
import type { SubmitObjects } from '../model/ebrim.ts'
import type { Outcome } from '../model/evidence.ts'
import { HAS_MEMBER, OBJECT_ON_DEMAND, OBJECT_STABLE, STATUS_APPROVED, STATUS_DEPRECATED } from '../model/xds.ts'
import { assemble } from './assemble.ts'
import type { RegistrationPlan, RegistryPorts, RegistryTransaction, Versioned } from './ports.ts'
import { identifierFindings, lookupsOf } from './references.ts'
import {
  type Attempted,
  allOrNothing,
  claimedEvidence,
  claimOf,
  evidenceOf,
  refused,
  strictnessOf,
  success,
  unknownPatient,
} from './submission-outcome.ts'
import { associationFindings, propagated, propagationFindings, renderedAgain } from './update-associations.ts'
import { statusFindings, versionFindings } from './update-findings.ts'
import { operationsOf, restrictedUpdateFindings, type StatusUpdate, updateFindings } from './update-operations.ts'
import { currentOf, type Situation, type UpdateRules } from './update-situation.ts'

export interface UpdateRequest {
  readonly submission: SubmitObjects
  readonly digest: string
}

const UPDATE: UpdateRules = {
  kind: 'update',
  section: 'ITI TF-2 3.57.4.1.3',
  objectTypes: [OBJECT_STABLE, OBJECT_ON_DEMAND],
  lid: 'logical',
  associationFindings: updateFindings,
}

const RESTRICTED_UPDATE: UpdateRules = {
  ...UPDATE,
  kind: 'restricted',
  section: 'ITI TF-2 3.92.4.1.3',
  associationFindings: restrictedUpdateFindings,
}

/** ITI-57. All operations of the message or none, in one transaction with audit and journal; versions first, then status. */
export async function updateDocumentSet(
  request: UpdateRequest,
  caller: Caller,
  ports: RegistryPorts,
): Promise<Outcome<void>> {
  return updateBy(UPDATE, { request, caller, ports })
}

/** ITI-92: one new version of one DocumentEntry; a Deprecated one may be updated and stays Deprecated. */
export async function restrictedUpdate(
  request: UpdateRequest,
  caller: Caller,
  ports: RegistryPorts,
): Promise<Outcome<void>> {
  return updateBy(RESTRICTED_UPDATE, { request, caller, ports })
}

async function updateBy(
  rules: UpdateRules,
  given: { readonly request: UpdateRequest; readonly caller: Caller; readonly ports: RegistryPorts },
): Promise<Outcome<void>> {
  const { request, caller, ports } = given
  const strictness = strictnessOf(caller, ports)
  const { submission, findings, ...leniency } = assemble(request.submission, { ...rules, strictness })
  if (submission === undefined) return refused(findings, claimedEvidence(request))
  const claim = claimOf(request, caller)
  return allOrNothing(ports, (tx) => attempt({ rules, submission, claim, tx, leniency }, caller, ports))
}

interface Attempt extends Attempted {
  readonly rules: UpdateRules
  readonly tx: RegistryTransaction
}

async function attempt(given: Attempt, caller: Caller, ports: RegistryPorts): Promise<Outcome<void>> {
  const { rules, submission, claim, tx, leniency } = given
  const { replayed, patient } = await tx.open({ claim, patientId: submission.submissionSet.value.patientId, caller })
  if (replayed) return { ...success(evidenceOf(submission), leniency), recorded: false }
  const evidence = evidenceOf(submission, patient?.publish ?? { allowed: false, reason: 'unknown patient' })
  if (patient === undefined || !patient.publish.allowed) return refused([unknownPatient(submission)], evidence)
  const operations = operationsOf(submission)
  const standing = await tx.versions({
    logicalIds: operations.versions.map(({ logicalId }) => logicalId),
    ends: operations.associations.flatMap(({ source, target }) => [source, target]),
  })
  const facts = await tx.facts({ ...lookupsOf(submission), claim })
  if (facts.replayed) return { ...success(evidence, leniency), recorded: false }
  const situation = { rules, submission, operations, facts, standing, patient, caller, ports }
  const problems = [
    ...identifierFindings({ ...situation, submission: { ...submission, entries: [], folders: [] } }),
    ...operations.versions.flatMap((version) => versionFindings(version, situation)),
    ...operations.statuses.flatMap((status) => statusFindings(status, situation)),
    ...associationFindings(situation),
    ...propagationFindings(situation),
  ]
  if (problems.length > 0) return refused(problems, evidence)
  const outcome = success(evidence, leniency)
  await tx.write({ plan: planOf(situation), claim, caller, outcome })
  return outcome
}

function planOf(situation: Situation): RegistrationPlan {
  const { submission, operations, patient, caller, ports } = situation
  const { render } = ports
  const inherited = propagated(situation)
  const statusOf = (id: string): string | undefined => operations.statuses.find(({ target }) => target === id)?.next
  const superseded = operations.versions.flatMap((version) => currentOf(version, situation)?.id ?? [])
  const inRegistry = operations.statuses.filter(({ target }) => !operations.versions.some(({ id }) => id === target))
  const own = new Set(operations.versions.map(({ id }) => id))
  const joined = [...operations.associations, ...inherited].filter(({ type }) => type === HAS_MEMBER)
  return {
    personKey: patient.personKey,
    patientId: patient.patientId,
    publisher: caller.facilityId,
    registeredAt: formatDtm(caller.exchange.receivedAt),
    submissionSet: submission.submissionSet.value,
    submissionEbrim: render.object(submission.submissionSet.object),
    entries: submission.entries.map(({ value, object }) => {
      const next = versionOf(value, { situation, statusOf })
      return { entry: value, ebrim: render.object({ ...object, version: String(next.version) }), ...next }
    }),
    folders: submission.folders.map(({ value, object }) => {
      const { seriesId: _none, ...next } = versionOf(value, { situation, statusOf })
      return { folder: value, ebrim: render.object({ ...object, version: String(next.version) }), ...next }
    }),
    associations: [
      ...[...operations.memberships, ...operations.associations].map((association) => ({
        association,
        ebrim: render.association(association),
      })),
      ...inherited.map(renderedAgain),
    ],
    changes: {
      deprecated: [...superseded, ...inRegistry.filter(isDeprecation).map(({ target }) => target)],
      approved: inRegistry.filter((status) => !isDeprecation(status)).map(({ target }) => target),
      superseded,
      touched: [...new Set(joined.map(({ source }) => source))].filter((id) => !own.has(id)),
    },
    knownUniqueIds: [...submission.entries, ...submission.folders].map(({ value }) => value.uniqueId),
    documents: [],
  }
}

function isDeprecation({ next }: StatusUpdate): boolean {
  return next === STATUS_DEPRECATED
}

function versionOf(
  { entryUUID }: DocumentEntry | Folder,
  given: { readonly situation: Situation; readonly statusOf: (id: string) => string | undefined },
): Versioned & { readonly seriesId?: string } {
  const { situation, statusOf } = given
  const update = situation.operations.versions.find(({ id }) => id === entryUUID)
  const current = update === undefined ? undefined : currentOf(update, situation)
  return {
    logicalId: update?.logicalId ?? entryUUID,
    version: (current?.version ?? 0) + 1,
    status: statusOf(entryUUID) ?? current?.status ?? STATUS_APPROVED,
    publisher: current?.publisher ?? situation.caller.facilityId,
    ...(current?.seriesId === undefined ? {} : { seriesId: current.seriesId }),
  }
}
