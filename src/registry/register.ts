// ITI-42 Register Document Set-b: all or nothing (ITI TF-2 3.42.4.1.3); also the registration inside an integrated ITI-41.

import { iheError } from '../../profiles/errors/index.ts'
import type { Decision, PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { Submission } from '../model/document-entry.ts'
import type { Association } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence, Outcome } from '../model/evidence.ts'
import { formatCx } from '../model/identifiers.ts'
import { HAS_MEMBER, STATUS_APPROVED } from '../model/xds.ts'
import { assemble } from './assemble.ts'
import { relationshipRules } from './associations.ts'
import type {
  Claim,
  ReferencedEntry,
  RegisterRequest,
  RegistrationFacts,
  RegistrationPlan,
  RegistryPorts,
  RegistryTransaction,
} from './ports.ts'

/**
 * Registers one submission in one transaction with its audit and journal rows, or changes nothing and says all that is
 * wrong. The same message again (same wsa:MessageID and content) has no second effect.
 */
export async function register(request: RegisterRequest, caller: Caller, ports: RegistryPorts): Promise<Outcome<void>> {
  const { submission, findings } = assemble(request.submission)
  if (submission === undefined) return refused(findings, claimedEvidence(request))
  const foreign = repositoryFindings(submission, request.repositories)
  if (foreign.length > 0) return refused(foreign, evidenceOf(submission))
  const claim = claimOf(request, caller)
  return ports.store.inTransaction(async (tx) => {
    const result = await attempt({ request, submission, claim, tx }, caller, ports)
    return { result, end: result.recorded ? 'commit' : 'rollback' }
  })
}

interface Attempt {
  readonly request: RegisterRequest
  readonly submission: Submission
  readonly claim: Claim | undefined
  readonly tx: RegistryTransaction
}

async function attempt(given: Attempt, caller: Caller, ports: RegistryPorts): Promise<Outcome<void>> {
  const { request, submission, claim, tx } = given
  const { replayed, patient } = await tx.open({ claim, patientId: submission.submissionSet.value.patientId, caller })
  if (replayed) return { ...success(evidenceOf(submission)), recorded: false }
  const evidence = evidenceOf(submission, patient?.publish ?? { allowed: false, reason: 'unknown patient' })
  if (patient === undefined || !patient.publish.allowed) return refused([unknownPatient(submission)], evidence)
  const facts = await tx.facts({ ...lookups(submission), claim })
  if (facts.replayed) return { ...success(evidence), recorded: false }
  const problems = registryFindings({ submission, facts, patient, caller }, ports)
  if (problems.length > 0) return refused(problems, evidence)
  const outcome = success(evidence)
  const plan = planOf({ request, submission, facts, patient, caller }, ports)
  await tx.write({ plan, claim, caller, outcome })
  return outcome
}

function success(evidence: Evidence): Outcome<void> {
  return { answer: undefined, result: 'success', errors: [], evidence, recorded: true }
}

/** A message may break a rule tens of thousands of times; answer and journal keep what a person can read. */
const MAX_FINDINGS = 100

function refused(errors: readonly IheError[], evidence: Evidence): Outcome<void> {
  return { answer: undefined, result: 'failure', errors: errors.slice(0, MAX_FINDINGS), evidence, recorded: false }
}

/** A submission that was resent after a lost answer is known by its wsa:MessageID and its content. */
function claimOf(request: RegisterRequest, caller: Caller): Claim | undefined {
  const key = caller.exchange.messageId
  return key === undefined
    ? undefined
    : { scope: `${caller.exchange.transaction} ${caller.systemId}`, key, digest: request.digest }
}

function unknownPatient(submission: Submission): IheError {
  const { patientId } = submission.submissionSet.value
  return iheError('UNKNOWN_PATIENT', {
    at: 'SubmissionSet.patientId',
    value: formatCx(patientId),
    rule: 'ITI TF-2 3.42.4.1.3',
  })
}

function repositoryFindings(submission: Submission, allowed: readonly string[] | undefined): IheError[] {
  if (allowed === undefined) return []
  return submission.entries
    .filter(({ value }) => !allowed.includes(value.repositoryUniqueId ?? ''))
    .map(({ value }) =>
      iheError('METADATA_INVALID', {
        at: `DocumentEntry(${value.entryUUID}).repositoryUniqueId`,
        value: value.repositoryUniqueId ?? '',
        rule: 'the repositoryUniqueId belongs to the calling repository',
      }),
    )
}

function lookups(submission: Submission): { uniqueIds: string[]; ids: string[]; references: string[] } {
  const own = new Set(submission.entries.map(({ value }) => value.entryUUID))
  return {
    uniqueIds: [submission.submissionSet.value.uniqueId, ...submission.entries.map(({ value }) => value.uniqueId)],
    ids: [
      submission.submissionSet.value.entryUUID,
      ...own,
      ...submission.associations.map((association) => association.id),
    ],
    references: submission.associations.map((association) => association.target).filter((target) => !own.has(target)),
  }
}

interface Situation {
  readonly submission: Submission
  readonly facts: RegistrationFacts
  readonly patient: PatientAccess
  readonly caller: Caller
}

function registryFindings(situation: Situation, ports: RegistryPorts): readonly IheError[] {
  return [...identifierFindings(situation), ...referenceFindings(situation, ports)]
}

function identifierFindings({ submission, facts }: Situation): IheError[] {
  const findings: IheError[] = facts.usedIds.map((id) =>
    iheError('METADATA_INVALID', {
      at: 'id',
      value: id,
      rule: 'ITI TF-3 4.2.3.1.5 the id is already used in the registry',
    }),
  )
  const used = new Map(facts.usedUniqueIds.map((entry) => [entry.uniqueId, entry]))
  const set = submission.submissionSet.value
  if (used.has(set.uniqueId))
    findings.push(
      iheError('DUPLICATE_IN_REGISTRY', {
        at: 'SubmissionSet.uniqueId',
        value: set.uniqueId,
        rule: 'ITI TF-2 3.42.4.1.3',
      }),
    )
  for (const { value } of submission.entries) {
    const former = used.get(value.uniqueId)
    if (former === undefined) continue
    const at = `DocumentEntry(${value.entryUUID}).uniqueId`
    if (former.object !== 'DocumentEntry')
      findings.push(iheError('DUPLICATE_IN_REGISTRY', { at, value: value.uniqueId }))
    else if (former.hash !== value.hash?.toLowerCase())
      findings.push(iheError('NON_IDENTICAL_HASH', { at, value: value.uniqueId, rule: 'ITI TF-2 3.42.4.1.3' }))
    else if (Number(former.size) !== Number(value.size))
      findings.push(iheError('NON_IDENTICAL_SIZE', { at, value: value.uniqueId, rule: 'ITI TF-2 3.42.4.1.3' }))
  }
  return findings
}

/** Checks of ITI TF-3 4.2.2.2 in the standard's order: resolvable, Approved, same patient. */
function referenceFindings(situation: Situation, ports: RegistryPorts): IheError[] {
  const { submission, facts, patient } = situation
  const own = new Set(submission.entries.map(({ value }) => value.entryUUID))
  const referenced = new Map(facts.referenced.map((entry) => [entry.entryUUID, entry]))
  return submission.associations
    .filter((association) => !own.has(association.target))
    .flatMap((association) => {
      const at = `Association(${association.id})/@targetObject`
      const target = referenced.get(association.target)
      // A target the caller may not see is answered like one that is not there.
      if (target === undefined || !mayRefer(situation, { association, target, ports }))
        return [iheError('UNRESOLVED_REFERENCE', { at, value: association.target, rule: 'ITI TF-3 4.2.2.2' })]
      if (association.type === HAS_MEMBER) return []
      if (target.status !== STATUS_APPROVED)
        return [iheError('DEPRECATED_DOCUMENT', { at, value: association.target, rule: 'ITI TF-3 4.2.2.2' })]
      if (target.personKey !== patient.personKey)
        return [iheError('PATIENT_MISMATCH', { at, value: association.target, rule: 'ITI TF-3 4.2.2.2' })]
      return []
    })
}

/** Documents are replaced by their publisher only; other relationships need the right to see the target. */
function mayRefer(
  situation: Situation,
  given: { association: Association; target: ReferencedEntry; ports: RegistryPorts },
): boolean {
  const { caller, patient } = situation
  if (caller.accessMode === 'affinity-domain' || given.target.publisher === caller.facilityId) return true
  if (relationshipRules.get(given.association.type)?.replaces === 'yes') return false
  return given.target.personKey === patient.personKey && given.ports.access.admits(patient, given.target).allowed
}

function planOf(given: Situation & { request: RegisterRequest }, ports: RegistryPorts): RegistrationPlan {
  const { submission, patient, caller, request, facts } = given
  const bySubmittedId = new Map(request.documents.map((document) => [document.entryId, document.staged]))
  const submittedIds = request.submission.objects
    .filter((object) => object.kind === 'ExtrinsicObject')
    .map((object) => object.id)
  const replaced = new Set(
    submission.associations
      .filter(({ type }) => relationshipRules.get(type)?.replaces === 'yes')
      .map(({ target }) => target),
  )
  return {
    personKey: patient.personKey,
    patientId: patient.patientId,
    publisher: caller.facilityId,
    submissionSet: submission.submissionSet.value,
    submissionEbrim: ports.render.object(submission.submissionSet.object),
    entries: submission.entries.map(({ value, object }) => ({ entry: value, ebrim: ports.render.object(object) })),
    associations: submission.associations.map((association) => ({
      association,
      ebrim: ports.render.association(association),
    })),
    deprecated: facts.referenced
      .filter((entry) => replaced.has(entry.entryUUID))
      .flatMap((entry) => [entry.entryUUID, ...entry.dependents]),
    knownUniqueIds: facts.usedUniqueIds.map(({ uniqueId }) => uniqueId),
    documents: submission.entries.flatMap(({ value }, index) => {
      const staged = bySubmittedId.get(submittedIds[index] ?? '')
      return staged === undefined ? [] : [{ uniqueId: value.uniqueId, staged }]
    }),
  }
}

function evidenceOf(submission: Submission, decision?: Decision): Evidence {
  const { value } = submission.submissionSet
  return {
    patients: [formatCx(value.patientId)],
    submissionSetUniqueId: value.uniqueId,
    documents: submission.entries.map((entry) => ({
      documentUniqueId: entry.value.uniqueId,
      repositoryUniqueId: entry.value.repositoryUniqueId ?? '',
    })),
    ...(decision === undefined ? {} : { decision }),
  }
}

/** Evidence of a submission that could not be read whole: what it claims, as far as it can be told. */
function claimedEvidence(request: RegisterRequest): Evidence {
  const identifiers = request.submission.objects.flatMap((object) => object.externalIdentifiers)
  const named = (suffix: string): string[] =>
    identifiers.filter(({ name }) => name?.endsWith(suffix)).map(({ value }) => value)
  const [submissionSetUniqueId] = named('SubmissionSet.uniqueId')
  return {
    patients: [...new Set(named('.patientId'))].slice(0, 1),
    documents: [],
    ...(submissionSetUniqueId === undefined ? {} : { submissionSetUniqueId }),
  }
}
