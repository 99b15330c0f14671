// Application Start and Stop of a server process (DICOM PS3.15 A.5.3.1 Application Activity).

import type { AuditEvent, AuditedApplication, OutcomeIndicator } from './event.ts'

const APPLICATION_ACTIVITY = '110100'
const TYPES = { start: '110120', stop: '110121' } as const

/** @param given.exchangeId the same for the start and the stop of a process. */
export function applicationEvent(
  what: keyof typeof TYPES,
  given: {
    readonly exchangeId: string
    readonly host: string
    readonly application: AuditedApplication
    /** 8 for a stop that nobody saw. */
    readonly outcome: OutcomeIndicator
  },
): AuditEvent {
  const { exchangeId, host, application, outcome } = given
  return {
    exchangeId,
    eventCode: APPLICATION_ACTIVITY,
    action: 'E',
    typeCode: TYPES[what],
    outcome,
    peer: host,
    endpoint: 'process',
    patients: [],
    objects: { application },
  }
}
