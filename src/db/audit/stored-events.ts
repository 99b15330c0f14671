// Rows of audit.event as stored events.

import type { StoredEvent } from '../../audit/stored-event.ts'
import { named } from '../sql.ts'

/** Columns of an EventRow, of audit.event as `e`. */
export const EVENT_COLUMNS = named(
  'e.event_id, e.event_uuid, e.exchange_id, e.at, e.event_code, e.action, e.type_code, e.outcome, e.system_id, e.facility_id, e.peer, e.endpoint, e.patients, e.objects, e.reason, e.received',
)

export interface EventRow {
  readonly event_id: string
  readonly event_uuid: string
  readonly exchange_id: string
  readonly at: Date
  readonly event_code: string
  readonly action: StoredEvent['action']
  readonly type_code: string
  readonly outcome: StoredEvent['outcome']
  readonly system_id: string | null
  readonly facility_id: string | null
  readonly peer: string
  readonly endpoint: string
  readonly patients: readonly string[]
  readonly objects: StoredEvent['objects']
  readonly reason: string | null
  readonly received: string | null
}

export function toStoredEvent(row: EventRow): StoredEvent {
  return {
    eventId: row.event_id,
    eventUuid: row.event_uuid,
    exchangeId: row.exchange_id,
    at: row.at,
    eventCode: row.event_code,
    action: row.action,
    typeCode: row.type_code,
    outcome: row.outcome,
    peer: row.peer,
    endpoint: row.endpoint,
    patients: row.patients,
    objects: row.objects,
    ...(row.system_id === null ? {} : { systemId: row.system_id }),
    ...(row.facility_id === null ? {} : { facilityId: row.facility_id }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.received === null ? {} : { received: row.received }),
  }
}
