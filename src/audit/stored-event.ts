// An audit event as it was kept: what readers, the chain and the sender work on.

import type { AuditEvent } from './event.ts'

export interface StoredEvent extends AuditEvent {
  /** Number in the database; orders what one transaction wrote. */
  readonly eventId: string
  /** Of the record, wherever it goes. */
  readonly eventUuid: string
  readonly at: Date
  /** XML of another system's record, as it came (ITI-20). */
  readonly received?: string
}
