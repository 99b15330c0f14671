// What doors and outgoing calls need of the journal besides its entries: a place for the messages themselves (docs/adr/0035).

import type { KeptMessage } from './kept-message.ts'

/** `refused`: of exchanges that did not end in success. */
export type Keeping = 'all' | 'refused' | 'none'

export interface KeptLimits {
  /** Of a message, or the root of its package; what is longer is cut. */
  readonly messageBytes: number
  /** A part that is larger is not kept. */
  readonly partBytes: number
}

export interface KeeperState {
  readonly waitingBytes: number
  /** Since the start. */
  readonly kept: number
  /** There was no room, or the database did not take them. */
  readonly notKept: number
}

export interface Keeper {
  readonly keeping: Keeping
  /** Copies what it keeps; never waits, never throws. */
  readonly keep: (message: KeptMessage) => void
  /** Resolves when what was kept so far is written, or given up. */
  readonly flush: () => Promise<void>
  readonly state: () => KeeperState
}
