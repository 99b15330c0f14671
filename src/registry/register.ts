// ITI-42 Register Document Set-b: all or nothing (ITI TF-2 3.42.4.1.3); also the registration inside an integrated ITI-41.

import { finding } from '../../profiles/metadata/rules.ts'
import { formatDtm } from '../../profiles/metadata/types.ts'
import { folderMembership } from '../../profiles/metadata/write.ts'
import type { PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { Submission } from '../model/document-entry.ts'
import type { Association } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import type { Outcome } from '../model/evidence.ts'
import {
  APND,
  HAS_MEMBER,
  OBJECT_ON_DEMAND,
  OBJECT_STABLE,
  STATUS_APPROVED,
  STATUS_DEPRECATED,
  XFRM,
} from '../model/xds.ts'
import { assemble, type SubmissionRules } from './assemble.ts'
import { associationFindings, relationshipRules } from './associations.ts'
import { originFindings } from './origin.ts'
import type {
  RegisterRequest,
  RegistrationFacts,
  RegistrationPlan,
  RegistryPorts,
  RegistryTransaction,
} from './ports.ts'
import { identifierFindings, lookupsOf, referenceFindings, type Situation } from './references.ts'
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

export const REGISTER: SubmissionRules = {
  section: 'ITI TF-2 3.42.4.1.2',
  objectTypes: [OBJECT_STABLE],
  lid: 'own',
  associationFindings,
}

const REGISTER_ON_DEMAND: SubmissionRules = {
  ...REGISTER,
  section: 'ITI TF-2 3.61.4.1.2',
  objectTypes: [OBJECT_ON_DEMAND],
}

/**
 * ITI-42. Registers one submission in one transaction with its audit and journal rows, or changes nothing and says all that is
 * wrong. The same message again (same wsa:MessageID and content) has no second effect.
 */
export async function register(request: RegisterRequest, caller: Caller, ports: RegistryPorts): Promise<Outcome<void>> {
  return registerBy(REGISTER, { request, caller, ports })
}

/** ITI-61 Register On-Demand Document Entry: as ITI-42, for entries whose documents are made when they are asked for. */
export async function registerOnDemand(
  request: RegisterRequest,
  caller: Caller,
  ports: RegistryPorts,
): Promise<Outcome<void>> {
  return registerBy(REGISTER_ON_DEMAND, { request, caller, ports })
}

async function registerBy(
  rules: SubmissionRules,
  given: { readonly request: RegisterRequest; readonly caller: Caller; readonly ports: RegistryPorts },
): Promise<Outcome<void>> {
  const { request, caller, ports } = given
  const strictness = strictnessOf(caller, ports)
  const { submission, findings, ...leniency } = assemble(request.submission, { ...rules, strictness })
  if (submission === undefined) return refused(findings, claimedEvidence(request))
  const foreign = [
    ...repositoryFindings(submission, request.repositories),
    ...(await originFindings(submission, caller, ports)),
  ]
  if (foreign.length > 0) return refused(foreign, evidenceOf(submission))
  const attempted = { request, submission, claim: claimOf(request, caller), leniency }
  const independent = await attemptIndependent(attempted, caller, ports)
  if (independent !== 'depends') return independent
  const objections = (await request.objections?.()) ?? []
  if (objections.length > 0) return refused(objections, evidenceOf(submission))
  return allOrNothing(ports, (tx) => attempt({ ...attempted, tx }, caller, ports))
}

interface Registering extends Attempted {
  readonly request: RegisterRequest
}

interface Attempt extends Registering {
  readonly tx: RegistryTransaction
}

/**
 * The common submission refers to nothing registered: it is judged at first sight and written in one go, without a lock between.
 * `depends`: it refers to something, repeats a uniqueId, or was overtaken, so it needs a transaction.
 */
async function attemptIndependent(
  given: Registering,
  caller: Caller,
  ports: RegistryPorts,
): Promise<Outcome<void> | 'depends'> {
  const { submission, claim, leniency } = given
  const { references, ...lookups } = lookupsOf(submission)
  if (references.length > 0) return 'depends'
  const { patientId } = submission.submissionSet.value
  const { replayed, claimable, patient, ...facts } = await ports.store.look({ claim, patientId, caller, ...lookups })
  if (!replayed && facts.usedUniqueIds.length > 0) return 'depends'
  const evidence = evidenceOf(submission, patient?.publish ?? { allowed: false, reason: 'unknown patient' })
  if (replayed) return { ...success(evidence, leniency), recorded: false }
  if (patient === undefined || !patient.publish.allowed) return refused([unknownPatient(submission)], evidence)
  const problems = identifierFindings({ submission, facts, patient, caller })
  if (problems.length > 0) return refused(problems, evidence)
  const outcome = success(evidence, leniency)
  const plan = planOf({ ...given, facts, patient, caller }, ports)
  const written = await ports.store.writeIndependent({ plan, claim: claimable ? claim : undefined, caller, outcome })
  return written === 'written' ? outcome : 'depends'
}

async function attempt(given: Attempt, caller: Caller, ports: RegistryPorts): Promise<Outcome<void>> {
  const { request, submission, claim, tx, leniency } = given
  const { replayed, patient } = await tx.open({ claim, patientId: submission.submissionSet.value.patientId, caller })
  if (replayed) return { ...success(evidenceOf(submission), leniency), recorded: false }
  const evidence = evidenceOf(submission, patient?.publish ?? { allowed: false, reason: 'unknown patient' })
  const viewer = caller.accessMode === 'affinity-domain' ? {} : { viewer: caller.facilityId }
  const facts = await tx.facts({ ...lookupsOf(submission), claim, ...viewer })
  if (facts.replayed) return { ...success(evidence, leniency), recorded: false }
  if (patient === undefined || !patient.publish.allowed)
    return refused(unknownPatientFindings({ submission, facts, patient: undefined, caller }, ports), evidence)
  const situation = { submission, facts, patient, caller }
  const problems = [...identifierFindings(situation), ...referenceFindings(situation, ports)]
  if (problems.length > 0) return refused(problems, evidence)
  const outcome = success(evidence, leniency)
  const plan = planOf({ request, submission, facts, patient, caller }, ports)
  await tx.write({ plan, claim, caller, outcome })
  return outcome
}

/** That a Folder or the target of a relationship is of another patient is said before the patient is found unknown. */
function unknownPatientFindings(situation: Situation, ports: RegistryPorts): readonly IheError[] {
  const mismatches = referenceFindings(situation, ports).filter(({ row }) => row.code === 'PATIENT_MISMATCH')
  return mismatches.length > 0 ? mismatches : [unknownPatient(situation.submission)]
}

/** A repository registers what lies in itself. */
export function repositoryFindings(
  submission: Submission,
  allowed: readonly string[] | undefined,
): readonly IheError[] {
  if (allowed === undefined) return []
  return submission.entries
    .filter(({ value }) => !allowed.includes(value.repositoryUniqueId ?? ''))
    .map(({ value }) =>
      finding('XDS-DE-REPOSITORYUNIQUEID-OWN', {
        at: `DocumentEntry(${value.entryUUID}).repositoryUniqueId`,
        value: value.repositoryUniqueId ?? '',
      }),
    )
}

interface Planned extends Omit<Situation, 'patient'> {
  readonly patient: PatientAccess
  readonly request: RegisterRequest
}

function planOf(given: Planned, ports: RegistryPorts): RegistrationPlan {
  const { submission, patient, caller, facts } = given
  const inherited = inheritedMemberships(submission, facts)
  const associations = [...submission.associations, ...inherited]
  const gone = deprecatedBy(submission, facts)
  const folders = new Set(facts.referenced.filter(({ object }) => object === 'Folder').map(({ id }) => id))
  return {
    personKey: patient.personKey,
    patientId: patient.patientId,
    publisher: caller.facilityId,
    registeredAt: formatDtm(caller.exchange.receivedAt),
    submissionSet: submission.submissionSet.value,
    submissionEbrim: ports.render.object(submission.submissionSet.object),
    entries: submission.entries.map(({ value, object }) => ({
      entry: value,
      ebrim: ports.render.object(object),
      ...firstVersion(value.entryUUID, caller),
      ...(gone.submitted.has(value.entryUUID) ? { status: STATUS_DEPRECATED } : {}),
    })),
    folders: submission.folders.map(({ value, object }) => ({
      folder: value,
      ebrim: ports.render.object(object),
      ...firstVersion(value.entryUUID, caller),
    })),
    associations: associations.map((association) => ({ association, ebrim: ports.render.association(association) })),
    changes: {
      deprecated: gone.registered,
      approved: [],
      superseded: [],
      touched: [
        ...folders,
        ...inherited
          .filter(({ source }) => source !== submission.submissionSet.value.entryUUID)
          .map(({ source }) => source),
      ],
    },
    knownUniqueIds: facts.usedUniqueIds.map(({ uniqueId }) => uniqueId),
    documents: documentsOf(given),
  }
}

function firstVersion(id: string, { facilityId }: Caller) {
  return { logicalId: id, version: 1, status: STATUS_APPROVED, publisher: facilityId }
}

/**
 * Replaced entries with their addenda and transformations, those of this very submission among them: they are registered as Deprecated
 * (ITI TF-3 4.2.2.2.3).
 */
function deprecatedBy(
  { associations }: Submission,
  facts: RegistrationFacts,
): { readonly registered: readonly string[]; readonly submitted: ReadonlySet<string> } {
  const replacing = associations.filter(({ type }) => relationshipRules.get(type)?.replaces === 'yes')
  const replaced = new Set(replacing.map(({ target }) => target))
  const replacements = new Set(replacing.map(({ source }) => source))
  const registered = facts.referenced
    .filter(({ id }) => replaced.has(id))
    .flatMap(({ id, dependents }) => [id, ...dependents])
  const gone = new Set(registered)
  const submitted = new Set<string>()
  // A replacement that is said to be a transformation of the replaced entry as well is what stands from now on.
  const dependents = associations.filter(
    ({ type, source }) => (type === APND || type === XFRM) && !replacements.has(source),
  )
  for (let size = -1; size !== submitted.size; ) {
    size = submitted.size
    for (const { source, target } of dependents) if (gone.has(target) || submitted.has(target)) submitted.add(source)
  }
  return { registered, submitted }
}

/** A replacement becomes a member of the Folders of the replaced entry, where the submission does not say so itself (ITI TF-3 4.2.2.2.3). */
function inheritedMemberships(submission: Submission, facts: RegistrationFacts): readonly Association[] {
  const replaced = new Map(facts.referenced.map((object) => [object.id, object.folders]))
  const said = new Set(
    submission.associations
      .filter(({ type }) => type === HAS_MEMBER)
      .map(({ source, target }) => `${source} ${target}`),
  )
  return submission.associations
    .filter(({ type }) => relationshipRules.get(type)?.replaces === 'yes')
    .flatMap(({ source, target }) =>
      (replaced.get(target) ?? []).flatMap((folder) => {
        const pair = `${folder.id} ${source}`
        if (said.has(pair)) return []
        said.add(pair)
        return folderMembership(submission.submissionSet.value.entryUUID, { folder: folder.id, entry: source })
      }),
    )
}

function documentsOf({ request, submission }: Planned): RegistrationPlan['documents'] {
  const bySubmittedId = new Map(request.documents.map((document) => [document.entryId, document.staged]))
  const submittedIds = request.submission.objects
    .filter((object) => object.kind === 'ExtrinsicObject')
    .map((object) => object.id)
  return submission.entries.flatMap(({ value }, index) => {
    const staged = bySubmittedId.get(submittedIds[index] ?? '')
    return staged === undefined ? [] : [{ uniqueId: value.uniqueId, staged }]
  })
}
