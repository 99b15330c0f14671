// Audit events of what staff do: changes, searches (DICOM PS3.15 A.5.3.11 Security Alert: 110129 Security Configuration, 110137 for persons).

import type { LogUse } from '../audit/records/ports.ts'
import { newJournalId } from '../model/journal-id.ts'
import { notifyAccessChanged } from './access/change-feed.ts'
import { execute, type Queryable, sql } from './sql.ts'

export interface AuditedChange {
  readonly by: string
  readonly peer: string
  /** What was done, in words without personal data. */
  readonly operation: string
  /** Patient ids concerned, in CX form. */
  readonly patients: readonly string[]
  /** What others are told of it (ITI-20), where the operation holds words that somebody typed; absent: the operation. */
  readonly alert?: string
  /** Where it was asked for; absent: the admin API. */
  readonly endpoint?: string
}

/** Written with the connection of the transaction that makes the change; the doors of every process hear of it. */
export async function recordChange(client: Queryable, change: AuditedChange): Promise<void> {
  await record(client, change, { eventCode: '110113', typeCode: '110129' })
  await notifyAccessChanged(client)
}

/**
 * What proves who a system is was issued, renewed, suspended, revoked or fetched (110137 User Security Attributes Changed). Written with the
 * connection of the transaction that does it; the doors of every process hear of it.
 */
export async function recordCredentialChange(client: Queryable, change: AuditedChange): Promise<void> {
  await record(client, change, { eventCode: '110113', typeCode: '110137' })
  await notifyAccessChanged(client)
}

/** Staff looked for patients: nothing was changed (DICOM PS3.15 A.5.3.10 Query). */
export function recordLook(client: Queryable, look: AuditedChange): Promise<void> {
  return record(client, look, { eventCode: '110112', typeCode: 'patient-search' })
}

/** Documents left the network in a file (DICOM PS3.15 A.5.3.5 Export). */
export function recordExport(client: Queryable, exported: AuditedChange): Promise<void> {
  return record(client, exported, { eventCode: '110106', typeCode: 'ssmix-export', action: 'R' })
}

/** What a person may do or how the person logs on was changed (DICOM PS3.15 A.5.3.11, User Security Attributes Changed). */
export function recordPersonSecurity(client: Queryable, change: AuditedChange): Promise<void> {
  return record(client, change, { eventCode: '110113', typeCode: '110137' })
}

export interface AuditedLogin {
  /** `unknown user` when nobody has the name: what was typed may be a password. */
  readonly by: string
  readonly peer: string
  readonly facilityId?: string
  readonly reason: string
  readonly act: 'login' | 'logout'
  /** Logged off without asking for it (UserIsRequestor false). */
  readonly automatic?: boolean
  /** 4: refused (DICOM PS3.15, EventOutcomeIndicator). */
  readonly outcome: 0 | 4
}

/** Somebody logged on or off, or tried to (DICOM PS3.15 A.5.3.12 User Authentication). */
export function recordLogin(client: Queryable, { act, reason, ...login }: AuditedLogin): Promise<void> {
  const typeCode = act === 'login' ? '110122' : '110123'
  return record(client, { ...login, operation: reason, patients: [] }, { eventCode: '110114', typeCode })
}

/** A ledger of consents or links was handed out (DICOM PS3.15 A.5.3.5 Export). */
export function recordLedger(client: Queryable, exported: AuditedChange): Promise<void> {
  return record(client, exported, { eventCode: '110106', typeCode: 'ledger', action: 'R' })
}

/** Emergency access of a facility; in the exchange that began it, where there is one. */
export interface EmergencyEvent extends AuditedChange {
  readonly facilityId: string
  readonly grantId?: string
  readonly exchangeId?: string
}

/** Security Alert types: Emergency Override Started and Stopped, Use of Restricted Function. */
const EMERGENCY_TYPES = { started: '110127', ended: '110138', refused: '110132' } as const

/** Emergency access began, ended, or was tried in vain (DICOM PS3.15 A.5.3.11). */
export function recordEmergency(
  client: Queryable,
  what: keyof typeof EMERGENCY_TYPES,
  event: EmergencyEvent,
): Promise<void> {
  const typeCode = EMERGENCY_TYPES[what]
  return record(client, { ...event, outcome: what === 'refused' ? 4 : 0 }, { eventCode: '110113', typeCode })
}

/** A report about who looked at what was read (DICOM PS3.15 A.5.3.2 Audit Log Used). */
export function recordReport(client: Queryable, read: AuditedChange): Promise<void> {
  return record(client, read, { eventCode: '110101', typeCode: 'emergency-report', action: 'R' })
}

/** The audit log, or a record made of it, was read or handed out (DICOM PS3.15 A.5.3.2 Audit Log Used). */
export function recordLogUse(client: Queryable, { typeCode, ...use }: LogUse): Promise<void> {
  return record(client, use, { eventCode: '110101', typeCode, action: 'R' })
}

/** Somebody asked why a patient's documents are seen or not (DICOM PS3.15 A.5.3.10 Query). */
export function recordExplanation(client: Queryable, asked: AuditedChange): Promise<void> {
  return record(client, asked, { eventCode: '110112', typeCode: 'access-explain' })
}

/** The journal of a day was read to try a change of policy (DICOM PS3.15 A.5.3.2 Audit Log Used). */
export function recordSimulation(client: Queryable, tried: AuditedChange): Promise<void> {
  return record(client, tried, { eventCode: '110101', typeCode: 'access-simulation', action: 'R' })
}

const SECURITY_ALERT = '110113'

/** A replay, in the exchange that it is about. */
export interface ReplayEvent extends AuditedChange {
  readonly exchangeId: string
  readonly facilityId?: string
}

const REPLAY_KINDS = {
  tried: { eventCode: '110101', typeCode: 'journal-replay', action: 'R' },
  done: { eventCode: '110113', typeCode: '110132' },
} as const

/**
 * A message of the journal was performed again, on behalf of whoever had sent it: as a trial, which reads the journal (DICOM PS3.15
 * A.5.3.2 Audit Log Used), or with effect (A.5.3.11 Security Alert, Use of Restricted Function).
 */
export function recordReplay(client: Queryable, what: keyof typeof REPLAY_KINDS, event: ReplayEvent): Promise<void> {
  return record(client, event, REPLAY_KINDS[what])
}

/** The connection to a neighbouring community was tried (DICOM PS3.15 A.5.3.11, Use of Restricted Function). */
export function recordPartnerTest(client: Queryable, test: AuditedChange & { exchangeId: string }): Promise<void> {
  return record(client, test, { eventCode: SECURITY_ALERT, typeCode: '110132' })
}

type Recorded = AuditedChange & Partial<EmergencyEvent> & { readonly outcome?: number; readonly automatic?: boolean }

interface EventKind {
  readonly eventCode: string
  readonly typeCode: string
  readonly action?: 'E' | 'R'
}

async function record(client: Queryable, event: Recorded, kind: EventKind): Promise<void> {
  const { by, peer, operation, patients, facilityId = null, outcome = 0, grantId } = event
  const emergency = grantId === undefined ? undefined : [grantId]
  const alert = kind.eventCode === SECURITY_ALERT ? (event.alert ?? operation) : undefined
  const { exchangeId = newJournalId(), endpoint = '/admin/v1' } = event
  const { eventCode, typeCode, action = 'E' } = kind
  await execute(
    client,
    // What staff of a facility do is in the access log of that facility (idlink L-3).
    sql`/* audit of what staff do */
      insert into audit.event (exchange_id, event_code, action, type_code, outcome, facility_id, peer, endpoint, patients, objects, reason)
      values (${exchangeId}, ${eventCode}, ${action}, ${typeCode}, ${outcome},
              coalesce(${facilityId}, (select facility_id from access.staff where staff_id = substring(${by} from '^staff:(.*)$'))),
              ${peer}, ${endpoint}, ${patients}, ${JSON.stringify({ by, automatic: event.automatic, emergency, alert })}, ${operation})`,
  )
}
