// What an actor reports of one call, for audit and journal: who is known to the door, this is about whom and what.

import type { IheError } from './error.ts'

export interface DocumentReference {
  readonly documentUniqueId: string
  readonly repositoryUniqueId: string
  /** As it was asked for. */
  readonly homeCommunityId?: string
  /** Whose it is, in CX form, where an exchange is about several patients: a message of ITI-20 is about one. */
  readonly patient?: string
  /** Facility that published what was handed out or listed: told in its records when the document is long gone (idlink L-1). */
  readonly publisher?: string
  /** classCode without scheme, of the same. */
  readonly kind?: string
}

/** An object of the registry, by its entryUUID. */
export interface ObjectReference {
  readonly id: string
  /** As of a document. */
  readonly patient?: string
}

/** A query as the audit keeps it. */
export interface AuditedQuery {
  readonly id: string
  readonly text: string
  /** The community that was asked for (AdhocQuery/@home). */
  readonly home?: string
}

export interface Evidence {
  /** Patient ids concerned, in CX form. */
  readonly patients: readonly string[]
  /** The patient id that a merge takes away, in CX form; it is among `patients` too (ITI TF-2 3.44.5: an event of its own). */
  readonly subsumed?: string
  readonly documents: readonly DocumentReference[]
  /** Documents asked for and not delivered: a PartialSuccess is audited as two events (ITI TF-2 3.43.6). */
  readonly undelivered?: readonly DocumentReference[]
  readonly submissionSetUniqueId?: string
  /** Stored query id or HL7 v3 message id, with the query as it came (ATNA ParticipantObjectQuery). */
  readonly query?: AuditedQuery
  /** Objects of the registry that were to be removed (ITI-62). */
  readonly objectRefs?: readonly ObjectReference[]
  /** The access decision and the rule that made it, in words of access/decide. */
  readonly decision?: { readonly allowed: boolean; readonly reason: string }
  /** Of a PartialSuccess: why the rest was refused. */
  readonly refusal?: string
  /** Grants of emergency access under which it was done (docs/emergency.md). */
  readonly emergency?: readonly string[]
  /** Who of the staff read it on behalf of the facility. */
  readonly staff?: string
  /** What was asked of other systems for it: the client's side of a transaction is audited too. */
  readonly calls?: readonly OutgoingCall[]
  /** Metadata rules that were broken and waived, for the system or its affinity domain. */
  readonly waivedRules?: readonly string[]
}

/** A transaction in which this server was the client, and how it ended. */
export interface OutgoingCall {
  readonly transaction: string
  /** URL of the other system. */
  readonly endpoint: string
  readonly result: 'success' | 'failure'
  /** Code of an error or a status, nothing that quotes a message. */
  readonly reason?: string
  /** What was asked there, where it is not what was asked here. */
  readonly query?: AuditedQuery
  /** By their ids there; absent: those of the exchange. */
  readonly patients?: readonly string[]
  /** Asked for and delivered, or not. */
  readonly documents?: readonly DocumentReference[]
}

export const NO_EVIDENCE: Evidence = { patients: [], documents: [] }

export type Result = 'success' | 'partial' | 'failure'

/**
 * What an actor hands back to the pipeline: the answer as a value, how it ended and the evidence.
 * `recorded` is true when audit and journal rows were committed together with the data; else the pipeline records them
 * before the answer leaves.
 */
export interface Outcome<Answer> {
  readonly answer: Answer
  readonly result: Result
  readonly errors: readonly IheError[]
  readonly evidence: Evidence
  readonly recorded: boolean
}
