// Audit event of a look into the journal (DICOM PS3.15 A.5.3.2 Audit Log Used; ITI TF-2 3.20).

import { newJournalId } from '../model/journal-id.ts'
import type { AuditEvent } from './event.ts'

export interface JournalLook {
  readonly peer: string
  /** Where it was asked for. */
  readonly endpoint: string
  /** Who of the staff; absent: a system by its certificate. */
  readonly by?: string
  readonly systemId?: string
  readonly facilityId?: string
  /** Patient ids that were asked for or shown, in CX form. */
  readonly patients: readonly string[]
  /** What was looked at, in words without personal data. */
  readonly what: string
}

export function journalLook({ peer, endpoint, by, systemId, facilityId, patients, what }: JournalLook): AuditEvent {
  return {
    exchangeId: newJournalId(),
    eventCode: '110101',
    action: 'R',
    typeCode: 'journal',
    outcome: 0,
    peer,
    endpoint,
    patients,
    objects: by === undefined ? {} : { by },
    reason: what,
    ...(systemId === undefined ? {} : { systemId }),
    ...(facilityId === undefined ? {} : { facilityId }),
  }
}
