// 支援中止 (idlink C-7): at the patient's wish nobody sees anything any more and nothing new is taken, until an operator lifts it.

import type { Change, Changed } from '../change.ts'

export interface SupportStop {
  readonly stopId: string
  readonly stoppedAt: string
  readonly stoppedBy: string
  readonly reason: string
  readonly liftedAt?: string
  readonly liftedBy?: string
  readonly liftReason?: string
}

export interface SupportStore {
  /** The newest first; one that is not lifted is in force. */
  readonly supportStops: (personKey: string) => Promise<readonly SupportStop[]>
  /** `unchanged` when support is stopped already. */
  readonly stopSupport: (personKey: string, change: ReasonedChange) => Promise<Changed>
  /** `unchanged` when support is not stopped. */
  readonly resumeSupport: (personKey: string, change: ReasonedChange) => Promise<Changed>
}

export interface ReasonedChange extends Change {
  readonly reason: string
}
