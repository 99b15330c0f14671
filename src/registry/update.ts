// ITI-57 Update Document Set and ITI-92 Restricted Update Document Set: new versions, status, associations (ITI TF-2 3.57, 3.92).

import { iheError } from '../../profiles/errors/index.ts'
import { formatDtm } from '../../profiles/metadata/types.ts'
import type { PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { DocumentEntry, Folder, Submission } from '../model/document-entry.ts'
import type { Association, SubmitObjects } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import type { Outcome } from '../model/evidence.ts'
import { formatCx, newEntryUuid } from '../model/identifiers.ts'
import { HAS_MEMBER, OBJECT_ON_DEMAND, OBJECT_STABLE, STATUS_APPROVED, STATUS_DEPRECATED } from '../model/xds.ts'
import { assemble, type SubmissionRules } from './assemble.ts'
import type {
  Claim,
  ReferencedObject,
  RegisteredAssociation,
  RegistrationFacts,
  RegistrationPlan,
  RegistryPorts,
  RegistryTransaction,
  StandingAssociation,
  StandingVersions,
  Versioned,
} from './ports.ts'
import { identifierFindings, lookupsOf } from './references.ts'
import {
  claimedEvidence,
  claimOf,
  evidenceOf,
  type Leniency,
  refused,
  strictnessOf,
  success,
  unknownPatient,
} from './submission-outcome.ts'
import {
  type Operations,
  operationsOf,
  restrictedUpdateFindings,
  type StatusUpdate,
  updateFindings,
  type VersionUpdate,
} from './update-operations.ts'

export interface UpdateRequest {
  readonly submission: SubmitObjects
  readonly digest: string
}

interface UpdateRules extends SubmissionRules {
  readonly kind: 'update' | 'restricted'
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
  return ports.store.inTransaction(async (tx) => {
    const result = await attempt({ rules, submission, claim, tx, leniency }, caller, ports)
    return { result, end: result.recorded ? 'commit' : 'rollback' }
  })
}

interface Attempt {
  readonly rules: UpdateRules
  readonly submission: Submission
  readonly claim: Claim | undefined
  readonly tx: RegistryTransaction
  readonly leniency: Leniency
}

/** Everything an update is judged by. */
interface Situation {
  readonly rules: UpdateRules
  readonly submission: Submission
  readonly operations: Operations
  readonly facts: RegistrationFacts
  readonly standing: StandingVersions
  readonly patient: PatientAccess
  readonly caller: Caller
  readonly ports: RegistryPorts
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

function currentOf({ logicalId, object }: VersionUpdate, { standing }: Situation): ReferencedObject | undefined {
  return standing.objects.find((candidate) => candidate.logicalId === logicalId && candidate.object === object)
}

function versionFindings(version: VersionUpdate, situation: Situation): readonly IheError[] {
  const { rules, caller } = situation
  const at = `${version.object}(${version.id})`
  const current = currentOf(version, situation)
  const details = { at: `${at}/@lid`, value: version.logicalId, rule: rules.section }
  if (current === undefined || !isOwn(current, caller)) {
    const isSeen = current !== undefined && isVisible(current, situation)
    return [iheError(isSeen && rules.kind === 'restricted' ? 'UPDATE_POLICY' : 'UPDATE_VERSION', details)]
  }
  if (current.version !== version.previousVersion)
    return [
      iheError('UPDATE_VERSION', {
        at: `${at}, PreviousVersion`,
        value: String(version.previousVersion),
        rule: `${rules.section} the newest version is ${current.version}`,
      }),
    ]
  if (current.status !== STATUS_APPROVED && rules.kind === 'update')
    return [iheError('UPDATE_REFUSED', { ...details, rule: `${rules.section} the newest version is not Approved` })]
  return changeFindings(version, current, situation)
}

function isOwn(object: ReferencedObject, caller: Caller): boolean {
  return caller.accessMode === 'affinity-domain' || object.publisher === caller.facilityId
}

function isVisible(object: ReferencedObject, { patient, ports }: Situation): boolean {
  return object.personKey === patient.personKey && ports.access.admits(patient, object).allowed
}

/** What a new version must have in common with the former. */
function changeFindings(version: VersionUpdate, current: ReferencedObject, situation: Situation): readonly IheError[] {
  const { rules, patient, submission } = situation
  const restricted = rules.kind === 'restricted'
  const entry = submission.entries.find(({ value }) => value.entryUUID === version.id)?.value
  const uniqueId =
    entry?.uniqueId ?? submission.folders.find(({ value }) => value.entryUUID === version.id)?.value.uniqueId
  const at = `${version.object}(${version.id})`
  const findings: IheError[] = []
  if (uniqueId !== current.uniqueId)
    findings.push(
      iheError(restricted ? 'UPDATE_IDENTIFIER' : 'UPDATE_REFUSED', {
        at: `${at}.uniqueId`,
        value: uniqueId ?? '',
        rule: `${rules.section} uniqueId ${current.uniqueId}`,
      }),
    )
  if (restricted && current.personKey !== patient.personKey)
    findings.push(
      iheError('UPDATE_IDENTIFIER', { at: `${at}.patientId`, value: formatCx(patient.patientId), rule: rules.section }),
    )
  return entry === undefined ? findings : [...findings, ...contentFindings(entry, current, rules)]
}

/** The document is the same: what describes its bytes and its place stays. */
function contentFindings(
  entry: DocumentEntry,
  current: ReferencedObject,
  { kind, section }: UpdateRules,
): readonly IheError[] {
  const restricted = kind === 'restricted'
  const at = `DocumentEntry(${entry.entryUUID})`
  const rows = [
    {
      name: 'objectType',
      code: restricted ? 'UPDATE_OBJECT_TYPE' : 'UPDATE_REFUSED',
      value: entry.objectType,
      former: current.objectType,
    },
    {
      name: 'hash',
      code: restricted ? 'UPDATE_UNMODIFIABLE' : 'NON_IDENTICAL_HASH',
      value: entry.hash?.toLowerCase(),
      former: current.hash,
    },
    {
      name: 'size',
      code: restricted ? 'UPDATE_UNMODIFIABLE' : 'NON_IDENTICAL_SIZE',
      value: entry.size === undefined ? undefined : String(Number(entry.size)),
      former: current.size,
    },
    {
      name: 'repositoryUniqueId',
      code: restricted ? 'UPDATE_UNMODIFIABLE' : 'UPDATE_REFUSED',
      value: entry.repositoryUniqueId,
      former: current.repositoryUniqueId,
    },
  ] as const
  return rows
    .filter(({ value, former }) => value !== former)
    .map(({ name, code, value, former }) =>
      iheError(code, { at: `${at}.${name}`, value: value ?? '', rule: `${section} ${name} ${former ?? 'absent'}` }),
    )
}

/** A change of status concerns the newest version of an object, or an association between objects; never a SubmissionSet. */
function statusFindings(status: StatusUpdate, situation: Situation): readonly IheError[] {
  const { facts, operations, caller, rules } = situation
  const details = { at: 'UpdateAvailabilityStatus/@targetObject', value: status.target, rule: rules.section }
  const isNew = operations.versions.some(({ id }) => id === status.target)
  const target = facts.referenced.find(({ id }) => id === status.target)
  if (!isNew && (target === undefined || !isOwn(target, caller))) return [iheError('UNRESOLVED_REFERENCE', details)]
  const ofSet = target?.object === 'SubmissionSet' || target?.source?.object === 'SubmissionSet'
  const isFollowed = operations.versions.some((version) => currentOf(version, situation)?.id === status.target)
  const current = isNew ? STATUS_APPROVED : target?.status
  if (ofSet || isFollowed || target?.latest === false)
    return [
      iheError('UPDATE_REFUSED', {
        ...details,
        rule: `${rules.section} the newest version of an entry, a Folder or an association`,
      }),
    ]
  if (current !== status.original)
    return [iheError('UPDATE_REFUSED', { ...details, rule: `${rules.section} OriginalStatus is ${current}` })]
  // The SubmissionSet is about its patient: it speaks for no other one, whose person is not locked either.
  return isNew || target?.personKey === situation.patient.personKey ? [] : [iheError('PATIENT_RECONCILIATION', details)]
}

/** Associations that SubmitAssociation puts into the registry: between Approved objects of the patient, and new. */
function associationFindings(situation: Situation): readonly IheError[] {
  const objects = new Map(situation.facts.referenced.map((object) => [object.id, object]))
  const standing = new Set(situation.standing.associations.map(triple))
  return situation.operations.associations.flatMap((association) => {
    const { id, type } = association
    const findings = endFindings(association, { objects, situation })
    if (findings.length > 0) return findings
    if (standing.has(triple(association)))
      return [notSubmitted({ id, value: type, expected: 'there is no such association yet' }, situation)]
    standing.add(triple(association))
    return []
  })
}

function triple({ type, source, target }: Pick<StandingAssociation, 'type' | 'source' | 'target'>): string {
  return `${type} ${source} ${target}`
}

function notSubmitted(
  { id, value, expected }: { readonly id: string; readonly value: string; readonly expected: string },
  { rules }: Situation,
): IheError {
  return iheError('UPDATE_REFUSED', { at: `Association(${id})`, value, rule: `${rules.section} ${expected}` })
}

interface Ends {
  readonly objects: ReadonlyMap<string, ReferencedObject>
  readonly situation: Situation
}

/** Versions come before associations, so a version that the message follows is an end no more. */
function endFindings(association: Association, { objects, situation }: Ends): readonly IheError[] {
  const { id, type, source, target } = association
  const { operations, patient, caller, rules } = situation
  const refuse = (value: string, expected: string) => [notSubmitted({ id, value, expected }, situation)]
  const known = (end: string): ReferencedObject | undefined => {
    const object = objects.get(end)
    return object !== undefined && isOwn(object, caller) ? object : undefined
  }
  const [from, to] = [known(source), known(target)]
  if (from === undefined || to === undefined)
    return refuse(from === undefined ? source : target, 'both ends are registered objects')
  const updateOf = ({ logicalId }: ReferencedObject) => operations.versions.find((one) => one.logicalId === logicalId)
  const details = { at: `Association(${id})`, rule: rules.section }
  const combined = [from, to].find((end) => updateOf(end)?.propagation === 'yes')
  if (combined !== undefined)
    return [
      iheError('UPDATE_OPERATION', {
        ...details,
        value: combined.id,
        rule: `${rules.section} not together with propagation`,
      }),
    ]
  if (from.object !== (type === HAS_MEMBER ? 'Folder' : 'DocumentEntry') || to.object !== 'DocumentEntry')
    return refuse(
      `${from.object} to ${to.object}`,
      'HasMember from Folder to DocumentEntry, others between DocumentEntries',
    )
  const stale = [from, to].find((end) => end.status !== STATUS_APPROVED || !end.latest || updateOf(end) !== undefined)
  if (stale !== undefined) return refuse(stale.id, 'both ends are Approved')
  const other = [from, to].find(({ personKey }) => personKey !== patient.personKey)
  return other === undefined ? [] : [iheError('PATIENT_RECONCILIATION', { ...details, value: other.id })]
}

/** Associations of former versions that the new ones take over, with the ends they get. */
function propagated(situation: Situation): readonly (StandingAssociation & { readonly former: StandingAssociation })[] {
  const successors = new Map(
    situation.operations.versions
      .filter(({ propagation }) => propagation === 'yes')
      .flatMap((version) => {
        const current = currentOf(version, situation)
        // How an object of another facility is associated is none of the caller's business, not even by a refusal.
        return current === undefined || !isOwn(current, situation.caller) ? [] : [[current.id, version.id] as const]
      }),
  )
  const newPerson = situation.patient.personKey
  return situation.standing.associations
    .filter(({ source, target }) => successors.has(source) || successors.has(target))
    .map((former) => ({
      ...former,
      former,
      id: newEntryUuid(),
      source: successors.get(former.source) ?? former.source,
      target: successors.get(former.target) ?? former.target,
      sourcePerson: successors.has(former.source) ? newPerson : former.sourcePerson,
      targetPerson: successors.has(former.target) ? newPerson : former.targetPerson,
    }))
}

function propagationFindings(situation: Situation): readonly IheError[] {
  return propagated(situation)
    .filter(({ sourcePerson, targetPerson }) => sourcePerson !== targetPerson)
    .map(({ former, type }) =>
      iheError('PATIENT_RECONCILIATION', {
        at: `Association(${former.id})`,
        value: type,
        rule: `${situation.rules.section} AssociationPropagation`,
      }),
    )
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

/** The stored fragment with its three ids exchanged: they are UUIDs, so they stand for nothing else in it. */
function renderedAgain({
  former,
  ...association
}: StandingAssociation & { former: StandingAssociation }): RegisteredAssociation {
  return {
    association,
    ebrim: former.ebrim
      .replaceAll(former.id, association.id)
      .replaceAll(former.source, association.source)
      .replaceAll(former.target, association.target),
  }
}
