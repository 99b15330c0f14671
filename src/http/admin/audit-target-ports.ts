// What the admin routes of audit repositories need from the house.

import type { Change, Changed, Stored } from '../../access/change.ts'
import type { NewTarget, TargetView } from '../../audit/targets.ts'

/** The part of administration that is about targets. */
export interface AuditTargetStore {
  readonly targets: () => Promise<readonly TargetView[]>
  readonly add: (target: NewTarget, change: Change) => Promise<Stored>
  readonly pause: (name: string, reason: string | undefined, change: Change) => Promise<Changed>
  readonly resume: (name: string, change: Change) => Promise<Changed>
  readonly remove: (name: string, change: Change) => Promise<Changed>
  /** Everything sealed after the position is sent, whether it was or not. */
  readonly resend: (name: string, after: number, change: Change) => Promise<Changed>
}

export interface AuditTargetPorts {
  readonly store: AuditTargetStore
  /** @throws {Error} with the reason when the PEM holds no authority that is good. */
  readonly checkAuthorities: (pem: string) => void
}
