// ATNA audit events of an exchange, from who the door knows and what the actor reports (ITI TF-2 3.20; DICOM PS3.15 A.5).

import { auditRows } from '../../profiles/transactions/index.ts'
import { NODE_AUTHENTICATION } from '../../profiles/transactions/storeclient.ts'
import type { ClaimedUser } from '../model/assertion.ts'
import type { Caller, Exchange } from '../model/caller.ts'
import type { DocumentReference, Evidence, Outcome } from '../model/evidence.ts'
import { type AuditedUser, auditedUser } from './user.ts'

/** Outcome indicator of DICOM PS3.15: 0 success, 4 minor, 8 serious, 12 major failure. */
export type OutcomeIndicator = 0 | 4 | 8 | 12

/** A process of this product on its host. */
export interface AuditedApplication {
  readonly product: string
  readonly pid: number
  /** User of the operating system. */
  readonly startedBy: string
}

/** One row of audit.event; its objects hold what the ATNA message needs, its rendering is the sender's. */
export interface AuditEvent {
  readonly exchangeId: string
  readonly eventCode: string
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E'
  readonly typeCode: string
  readonly outcome: OutcomeIndicator
  readonly systemId?: string
  readonly facilityId?: string
  readonly peer: string
  readonly endpoint: string
  readonly patients: readonly string[]
  readonly objects: {
    readonly documents?: readonly DocumentReference[]
    readonly submissionSetUniqueId?: string
    readonly query?: Evidence['query']
    readonly messageId?: string
    /** Code of the first error; the only thing that is said of it outside. */
    readonly error?: string
    /** wsa:ReplyTo of a message that is answered at an address of its own. */
    readonly replyTo?: string
    /** Who sent an HL7 v2 message to whom, each as `facility|application` (ITI TF-2 3.8.5). */
    readonly hl7v2?: { readonly sender: string; readonly receiver: string }
    /** MSH-9 of a push. */
    readonly messageType?: string
    readonly objectRefs?: Evidence['objectRefs']
    /** What a Security Alert says of itself to others: never anything of a message or of a patient. */
    readonly alert?: string
    /** Of which process a start or a stop is told. */
    readonly application?: AuditedApplication
    /** Grants of emergency access under which it was done. */
    readonly emergency?: readonly string[]
    /** Who of the staff read it on behalf of the facility. */
    readonly by?: string
    /** The person behind the call (ITI TF-2 3.40.4.2). */
    readonly user?: AuditedUser
    /** Who a refused assertion said it was. */
    readonly claimed?: ClaimedUser
    /** Metadata rules that were broken and waived. */
    readonly waivedRules?: readonly string[]
  }
  /** Decision and rule; stays inside. */
  readonly reason?: string
}

/** Staff read for a facility without a system of it. */
type Recorded = Pick<Caller, 'exchange' | 'facilityId'> & Partial<Pick<Caller, 'systemId' | 'user'>>
type Reported = Pick<Outcome<unknown>, 'result' | 'errors' | 'evidence'>

/**
 * One event; two for a PartialSuccess (ITI TF-2 3.18.6, 3.43.6): what was delivered and what was not; two for a merge: the subsumed
 * id is deleted, the surviving one updated (3.8.5, 3.44.5).
 */
export function auditEvents(caller: Recorded, reported: Reported): readonly AuditEvent[] {
  const { evidence } = reported
  const { subsumed } = evidence
  if (subsumed !== undefined) {
    const event = eventOf(caller, { reported, documents: [] })
    const survivors = event.patients.filter((patient) => patient !== subsumed)
    return [
      { ...event, action: 'D', patients: [subsumed] },
      { ...event, patients: survivors },
    ]
  }
  if (reported.result !== 'partial')
    return [eventOf(caller, { reported, documents: [...evidence.documents, ...(evidence.undelivered ?? [])] })]
  return [
    eventOf(caller, { reported: { ...reported, result: 'success', errors: [] }, documents: evidence.documents }),
    eventOf(caller, { reported: { ...reported, result: 'failure' }, documents: evidence.undelivered ?? [] }),
  ]
}

function eventOf(caller: Recorded, given: { reported: Reported; documents: readonly DocumentReference[] }): AuditEvent {
  const { exchange } = caller
  const { evidence } = given.reported
  const row = auditRows.get(exchange.transaction)
  return {
    ...placeOf(exchange),
    eventCode: row?.eventId ?? NODE_AUTHENTICATION.eventId,
    action: row?.action ?? 'E',
    typeCode: row?.typeCode ?? exchange.transaction,
    outcome: outcomeOf(given.reported),
    ...(caller.systemId === undefined ? {} : { systemId: caller.systemId }),
    facilityId: caller.facilityId,
    patients: evidence.patients,
    objects: {
      ...(given.documents.length === 0 ? {} : { documents: given.documents }),
      ...(evidence.submissionSetUniqueId === undefined
        ? {}
        : { submissionSetUniqueId: evidence.submissionSetUniqueId }),
      ...(evidence.query === undefined ? {} : { query: evidence.query }),
      ...(exchange.messageId === undefined ? {} : { messageId: exchange.messageId }),
      ...(evidence.emergency === undefined ? {} : { emergency: evidence.emergency }),
      ...(evidence.staff === undefined ? {} : { by: evidence.staff }),
      ...(caller.user === undefined ? {} : { user: auditedUser(caller.user) }),
      ...(evidence.waivedRules === undefined ? {} : { waivedRules: evidence.waivedRules }),
    },
    ...(evidence.decision === undefined
      ? {}
      : { reason: `${evidence.decision.allowed ? 'permit' : 'deny'}: ${evidence.decision.reason}` }),
  }
}

/** A peer whose certificate was refused (ITI TF-2 3.19.6): nobody is known, only where from and why. */
export function nodeAuthenticationFailure(exchange: Exchange, reason: string): AuditEvent {
  return {
    ...placeOf(exchange),
    eventCode: NODE_AUTHENTICATION.eventId,
    action: NODE_AUTHENTICATION.action,
    typeCode: NODE_AUTHENTICATION.typeCode,
    outcome: 8,
    patients: [],
    objects: {},
    reason,
  }
}

export function placeOf(exchange: Exchange): Pick<AuditEvent, 'exchangeId' | 'peer' | 'endpoint'> {
  return { exchangeId: exchange.id, peer: exchange.peer, endpoint: exchange.endpoint }
}

function outcomeOf(reported: Reported): OutcomeIndicator {
  if (reported.result === 'failure') return 8
  return reported.errors.length > 0 ? 4 : 0
}
