// ATNA audit events of an exchange, from who the door knows and what the actor reports (ITI TF-2 3.20; DICOM PS3.15 A.5).

import {
  type AuditRow,
  auditRows,
  clientAuditRows,
  storeClientDemographics,
} from '../../profiles/transactions/index.ts'
import { ADT_REMOVALS, NODE_AUTHENTICATION } from '../../profiles/transactions/storeclient.ts'
import type { ClaimedUser } from '../model/assertion.ts'
import type { Caller, Exchange, Hl7v2Parties } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import {
  type DocumentReference,
  type Evidence,
  NO_EVIDENCE,
  type Outcome,
  type OutgoingCall,
} from '../model/evidence.ts'
import { type AuditedUser, auditedUser } from './user.ts'

/** Outcome indicator of DICOM PS3.15: 0 success, 4 minor, 8 serious, 12 major failure. */
export type OutcomeIndicator = 0 | 4 | 8 | 12

/** A process of this product on its host. */
export interface AuditedApplication {
  /** Product and instance. */
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
    readonly hl7v2?: Hl7v2Parties
    readonly objectRefs?: Evidence['objectRefs']
    /** What a Security Alert says of itself to others: never anything of a message or of a patient. */
    readonly alert?: string
    /** Of which process a start or a stop is told. */
    readonly application?: AuditedApplication
    /** Grants of emergency access under which it was done. */
    readonly emergency?: readonly string[]
    /** Who of the staff read it on behalf of the facility. */
    readonly by?: string
    /** It happened to the person: a session ran out, or was ended by what somebody else did. */
    readonly automatic?: boolean
    /** The person behind the call (ITI TF-2 3.40.4.2). */
    readonly user?: AuditedUser
    /** Who a refused assertion said it was. */
    readonly claimed?: ClaimedUser
    /** Metadata rules that were broken and waived. */
    readonly waivedRules?: readonly string[]
    /** Syslog header of a record that another system sent, as whoever sent it last wrote it. */
    readonly origin?: RecordOrigin
  }
  /** Decision and rule; stays inside. */
  readonly reason?: string
}

/** What the syslog header says: written by whoever sent it last. */
export interface RecordOrigin {
  readonly hostName?: string
  readonly appName?: string
  readonly processId?: string
  readonly at?: string
}

/** Staff read for a facility without a system of it. */
type Recorded = Pick<Caller, 'exchange' | 'facilityId'> & Partial<Pick<Caller, 'systemId' | 'user'>>
type Reported = Pick<Outcome<unknown>, 'result' | 'errors' | 'evidence'>

/**
 * One event; two for a PartialSuccess (ITI TF-2 3.18.6, 3.43.6): what was delivered and what was not; two for a merge: the subsumed
 * id is deleted, the surviving one updated (3.8.5, 3.44.5). Each transaction in which another system was asked is one more (3.42.5).
 */
export function auditEvents(caller: Recorded, reported: Reported): readonly AuditEvent[] {
  const { calls } = reported.evidence
  const own = ownEvents(caller, reported)
  return calls === undefined ? own : [...own, ...calls.flatMap((call) => callEvents(caller, reported.evidence, call))]
}

/** Of calls that were made for no exchange: staff tried a connection, or asked a community for a patient. */
export function clientEvents(caller: Recorded, calls: readonly OutgoingCall[]): readonly AuditEvent[] {
  return calls.flatMap((call) => callEvents(caller, NO_EVIDENCE, call))
}

function ownEvents(caller: Recorded, reported: Reported): readonly AuditEvent[] {
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
  const { refusal, undelivered = [] } = evidence
  const refused = refusal === undefined ? {} : { decision: { allowed: false, reason: refusal } }
  return [
    eventOf(caller, { reported: { ...reported, result: 'success', errors: [] }, documents: evidence.documents }),
    eventOf(caller, {
      reported: { ...reported, result: 'failure', evidence: { ...evidence, ...refused } },
      documents: undelivered,
    }),
  ]
}

function eventOf(caller: Recorded, given: { reported: Reported; documents: readonly DocumentReference[] }): AuditEvent {
  const { exchange } = caller
  const { evidence } = given.reported
  const row = auditRows.get(exchange.transaction)
  return {
    ...placeOf(exchange),
    eventCode: row?.eventId ?? NODE_AUTHENTICATION.eventId,
    action: actionOf(exchange, row),
    typeCode: row?.typeCode ?? exchange.transaction,
    outcome: outcomeOf(given.reported),
    ...(caller.systemId === undefined ? {} : { systemId: caller.systemId }),
    facilityId: caller.facilityId,
    patients: evidence.patients,
    objects: {
      ...(given.documents.length === 0 ? {} : { documents: given.documents }),
      ...objectsOfEvidence(evidence),
      ...objectsOfExchange(exchange),
      ...errorOf(given.reported),
      ...(caller.user === undefined ? {} : { user: auditedUser(caller.user) }),
    },
    ...(evidence.decision === undefined
      ? {}
      : { reason: `${evidence.decision.allowed ? 'permit' : 'deny'}: ${evidence.decision.reason}` }),
  }
}

/** A push that takes something back deletes (HL7 v2.5 3.3). */
function actionOf({ transaction, hl7v2 }: Exchange, row: AuditRow | undefined): AuditEvent['action'] {
  if (transaction === storeClientDemographics.id && ADT_REMOVALS.has(hl7v2?.type ?? '')) return 'D'
  return row?.action ?? 'E'
}

function objectsOfEvidence(evidence: Evidence): AuditEvent['objects'] {
  const { submissionSetUniqueId, query, objectRefs, emergency, staff, waivedRules } = evidence
  return {
    ...(submissionSetUniqueId === undefined ? {} : { submissionSetUniqueId }),
    ...(query === undefined ? {} : { query }),
    ...(objectRefs === undefined ? {} : { objectRefs }),
    ...(emergency === undefined ? {} : { emergency }),
    ...(staff === undefined ? {} : { by: staff }),
    ...(waivedRules === undefined ? {} : { waivedRules }),
  }
}

function objectsOfExchange({ messageId, replyTo, hl7v2 }: Exchange): AuditEvent['objects'] {
  return {
    ...(messageId === undefined ? {} : { messageId }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(hl7v2 === undefined ? {} : { hl7v2 }),
  }
}

function errorOf({ errors }: Reported): Pick<AuditEvent['objects'], 'error'> {
  const [first] = errors
  return first === undefined ? {} : { error: first.row.code }
}

/** The event of a known transaction that was refused by a SOAP fault, before anything was known of what it is about. */
export function faultEvents(caller: Recorded, error: IheError): readonly AuditEvent[] {
  if (!auditRows.has(caller.exchange.transaction)) return []
  return auditEvents(caller, { result: 'failure', errors: [error], evidence: NO_EVIDENCE })
}

/** This server was the client: what was done for the exchange, at another address; that the other side could not prove who it is besides. */
function callEvents(caller: Recorded, evidence: Evidence, call: OutgoingCall): readonly AuditEvent[] {
  const { endpoint, result, reason } = call
  const row = clientAuditRows.get(call.transaction)
  if (row === undefined) throw new Error(`no audit row of a client of ${call.transaction}`)
  const place = { exchangeId: caller.exchange.id, peer: new URL(endpoint).host, endpoint }
  const { submissionSetUniqueId } = evidence
  const query = row.eventName === 'Query' ? (call.query ?? evidence.query) : undefined
  const event: AuditEvent = {
    ...place,
    eventCode: row.eventId,
    action: row.action,
    typeCode: row.typeCode,
    outcome: result === 'success' ? 0 : 8,
    ...(caller.systemId === undefined ? {} : { systemId: caller.systemId }),
    facilityId: caller.facilityId,
    patients: call.patients ?? evidence.patients,
    objects: {
      ...(call.documents === undefined ? {} : { documents: call.documents }),
      ...(submissionSetUniqueId === undefined ? {} : { submissionSetUniqueId }),
      ...(query === undefined ? {} : { query }),
      ...(result === 'success' || reason === undefined ? {} : { error: reason }),
      ...(caller.user === undefined ? {} : { user: auditedUser(caller.user) }),
    },
  }
  if (!isCertificateFault(reason)) return [event]
  return [event, alertOf(place, reason)]
}

/** The other side's certificate is not one that is trusted for it, or not its own (ITI TF-2 3.19.6). */
const CERTIFICATE_FAULT = /\b(CERT_|CRL_HAS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/

export function isCertificateFault(reason: string | undefined): reason is string {
  return reason !== undefined && CERTIFICATE_FAULT.test(reason)
}

/** A peer whose certificate was refused (ITI TF-2 3.19.6): nobody is known, only where and why; what we ask of others has its URL as endpoint. */
export function nodeAuthenticationFailure(
  exchange: Pick<Exchange, 'id' | 'peer' | 'endpoint'>,
  reason: string,
  issuer?: string,
): AuditEvent {
  const alert = issuer === undefined ? reason : `${reason}, issuer ${issuer}`
  return { ...alertOf(placeOf(exchange), alert), reason }
}

function alertOf(place: Pick<AuditEvent, 'exchangeId' | 'peer' | 'endpoint'>, alert: string): AuditEvent {
  return {
    ...place,
    eventCode: NODE_AUTHENTICATION.eventId,
    action: NODE_AUTHENTICATION.action,
    typeCode: NODE_AUTHENTICATION.typeCode,
    outcome: 8,
    patients: [],
    objects: { alert },
    reason: alert,
  }
}

export function placeOf(
  exchange: Pick<Exchange, 'id' | 'peer' | 'endpoint'>,
): Pick<AuditEvent, 'exchangeId' | 'peer' | 'endpoint'> {
  return { exchangeId: exchange.id, peer: exchange.peer, endpoint: exchange.endpoint }
}

function outcomeOf(reported: Reported): OutcomeIndicator {
  if (reported.result === 'failure') return 8
  return reported.errors.length > 0 ? 4 : 0
}
