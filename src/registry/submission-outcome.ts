// What the transactions that submit objects have in common: how they end, whom they concern, how a resend is known.

import { iheError } from '../../profiles/errors/index.ts'
import {
  type Attribute,
  documentEntryAttributes,
  folderAttributes,
  identifierScheme,
  submissionSetAttributes,
} from '../../profiles/metadata/attributes.ts'
import type { Decision } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { Submission } from '../model/document-entry.ts'
import type { SubmitObjects } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence, Outcome } from '../model/evidence.ts'
import { formatCx } from '../model/identifiers.ts'
import type { Assembled, Strictness } from './assemble.ts'
import type { Claim, RegistryPorts, RegistryTransaction } from './ports.ts'

/** What an accepted submission was let off: warnings for the sender, ids of rules for journal and audit. */
export type Leniency = Pick<Assembled, 'warnings' | 'waived'>

/** Warnings alone leave the status Success (ITI TF-3 4.2.4.2). */
export function success(evidence: Evidence, { warnings, waived }: Leniency): Outcome<void> {
  return {
    answer: undefined,
    result: 'success',
    errors: warnings.slice(0, MAX_FINDINGS),
    evidence: waived.length === 0 ? evidence : { ...evidence, waivedRules: waived },
    recorded: true,
  }
}

/** A submission that was read and may be attempted. */
export interface Attempted {
  readonly submission: Submission
  readonly claim: Claim | undefined
  readonly leniency: Leniency
}

/** All that an attempt writes or nothing: what it did not record is rolled back. */
export function allOrNothing(
  { store }: Pick<RegistryPorts, 'store'>,
  attempt: (tx: RegistryTransaction) => Promise<Outcome<void>>,
): Promise<Outcome<void>> {
  return store.inTransaction(async (tx) => {
    const result = await attempt(tx)
    return { result, end: result.recorded ? 'commit' : 'rollback' }
  })
}

/** A message may break a rule tens of thousands of times; answer and journal keep what a person can read. */
const MAX_FINDINGS = 100

export function refused(errors: readonly IheError[], evidence: Evidence): Outcome<void> {
  return { answer: undefined, result: 'failure', errors: errors.slice(0, MAX_FINDINGS), evidence, recorded: false }
}

/** What site and calling system do not insist on; the system's switches come first. */
export function strictnessOf(caller: Caller, { affinityDomain }: Pick<RegistryPorts, 'affinityDomain'>): Strictness {
  return { domain: affinityDomain, switches: [caller.ruleSwitches ?? {}, affinityDomain.rules] }
}

/** A submission that was resent after a lost answer is known by its wsa:MessageID and its content. */
export function claimOf(request: { readonly digest: string }, caller: Caller): Claim | undefined {
  const key = caller.exchange.messageId
  return key === undefined
    ? undefined
    : { scope: `${caller.exchange.transaction} ${caller.systemId}`, key, digest: request.digest }
}

export function unknownPatient(submission: Submission): IheError {
  const { patientId } = submission.submissionSet.value
  return iheError('UNKNOWN_PATIENT', {
    at: 'SubmissionSet.patientId',
    value: formatCx(patientId),
    rule: 'ITI TF-2 3.42.4.1.3',
  })
}

export function evidenceOf(submission: Submission, decision?: Decision): Evidence {
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
export function claimedEvidence(request: { readonly submission: SubmitObjects }): Evidence {
  const identifiers = request.submission.objects.flatMap((object) => object.externalIdentifiers)
  // By scheme: the Name is a label that a sender may get wrong (ITI TF-3 4.2.3.1.3).
  const named = (attribute: string, ...tables: readonly (readonly Attribute[])[]): readonly string[] => {
    const schemes = tables.map((table) => identifierScheme(table, attribute))
    return identifiers.filter(({ scheme }) => schemes.includes(scheme)).map(({ value }) => value)
  }
  const [submissionSetUniqueId] = named('uniqueId', submissionSetAttributes)
  return {
    patients: named('patientId', submissionSetAttributes, documentEntryAttributes, folderAttributes).slice(0, 1),
    documents: [],
    ...(submissionSetUniqueId === undefined ? {} : { submissionSetUniqueId }),
  }
}
