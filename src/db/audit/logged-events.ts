// Rows of the access log: an event with the names that belong to it.

import type { LoggedEvent, LogPlace } from '../../audit/records/ports.ts'
import { type EventRow, toStoredEvent } from './stored-events.ts'

export interface LoggedRow extends EventRow {
  readonly place_at: string
  readonly person_name: string | null
  readonly job: string | null
  readonly facility_name: string | null
  readonly publishers: Readonly<Record<string, string>> | null
  readonly reason_code: string | null
  readonly consent_kind: string | null
}

export function placeOf(row: LoggedRow): LogPlace {
  return { at: row.place_at, eventId: row.event_id }
}

export function toLoggedEvent(row: LoggedRow): LoggedEvent {
  const job = row.objects.user?.job ?? row.job ?? undefined
  return {
    event: toStoredEvent(row),
    place: placeOf(row),
    publishers: row.publishers ?? {},
    ...(row.person_name === null ? {} : { personName: row.person_name }),
    ...(job === undefined ? {} : { job }),
    ...(row.facility_name === null ? {} : { facilityName: row.facility_name }),
    ...(row.reason_code === null || row.consent_kind === null
      ? {}
      : { emergency: { reasonCode: row.reason_code, consentKind: row.consent_kind } }),
  }
}
