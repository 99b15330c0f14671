// What a replay needs of the rest of the house; app.ts hands it in (docs/adr/0038).

import type { CallingSystem } from '../model/caller.ts'
import type { Result } from '../model/evidence.ts'
import type { JournalError } from './entry.ts'
import type { KeptMessage } from './kept-message.ts'

/** An exchange as the journal has it. */
export interface Exchanged {
  readonly exchangeId: string
  readonly at: Date
  readonly door: string
  readonly endpoint: string
  readonly transaction: string
  readonly systemId?: string
  readonly facilityId?: string
  readonly result: Result
  readonly errors: readonly JournalError[]
  /** In CX form. */
  readonly patients: readonly string[]
  /** documentUniqueIds. */
  readonly documents: readonly string[]
}

/** Why a message cannot be performed again. */
export const OBSTACLES = [
  'no message',
  'unknown sender',
  'not kept',
  'cut',
  'part not kept',
  'system not active',
  'assertion',
  'registry elsewhere',
  'batch',
] as const
export type Obstacle = (typeof OBSTACLES)[number]

/** Rows of a table that a message writes. */
export interface TableChange {
  readonly table: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

/** What becomes of something that has a name. */
export type NamedChange =
  | {
      readonly about: 'document'
      readonly change: 'registered' | 'deprecated' | 'approved' | 'updated' | 'removed' | 'content removed'
      readonly uniqueId: string
    }
  | {
      readonly about: 'number'
      readonly change: 'registered' | 'moved' | 'ended' | 'in use again' | 'described anew'
      readonly domain: string
      readonly value: string
    }

/** What a message did, or would do. */
export interface Attempt {
  readonly exchange: Exchanged
  /** How much a query found, or a retrieval would deliver. */
  readonly found?: number
  readonly tables: readonly TableChange[]
  readonly changes: readonly NamedChange[]
  /** False: of patients with very many documents only the rows are counted. */
  readonly isNamed: boolean
}

/** A message ready to be performed, by its sender as it is registered now. */
export interface Replayable {
  readonly former: Exchanged
  readonly message: KeptMessage
  readonly system: CallingSystem
}

/** What a dry run found, until somebody says that it shall be done, or did. */
export interface Confirmation {
  readonly tokenDigest: Buffer
  readonly exchangeId: string
  /** Who asked for the dry run. */
  readonly by: string
  readonly outcome: Buffer
  readonly expiresAt: Date
  /** The exchange that did it. */
  readonly replayedAs?: string
}

/** Who of the staff, from where. */
export interface Asking {
  readonly by: string
  readonly peer: string
}

/** Inside the transaction of an attempt. */
export interface AttemptTransaction {
  /** Uses the confirmation up, and audits who said so; `used` when it was used before. */
  readonly confirm: (given: {
    readonly tokenDigest: Buffer
    readonly asking: Asking & { readonly reason: string }
    readonly former: Exchanged
    readonly now: Exchanged
  }) => Promise<'confirmed' | 'used'>
}

export interface ReplayPorts {
  readonly now: () => Date
  readonly exchange: (exchangeId: string) => Promise<Exchanged | undefined>
  readonly kept: (exchangeId: string) => Promise<readonly KeptMessage[]>
  /** Bytes of small documents, by their SHA-256: what the journal keeps of no accepted message. */
  readonly stored: (uniqueIds: readonly string[]) => Promise<ReadonlyMap<string, Buffer>>
  /** Undefined when it or its facility is not active. */
  readonly systemOf: (systemId: string) => Promise<CallingSystem | undefined>
  /** What the message or the way it came stands in the way of. */
  readonly obstacle: (replayable: Replayable) => Promise<Obstacle | undefined>
  /**
   * Performs the message through its door and actor in one transaction, and does with it what `judge` says.
   * @throws {IheError} BUSY while another replay is at work, or when it takes too long; OUTCOME_UNKNOWN.
   */
  readonly perform: <T>(
    replayable: Replayable,
    judge: (
      attempt: Attempt,
      transaction: AttemptTransaction,
    ) => Promise<{ readonly result: T; readonly end: 'commit' | 'rollback' }>,
  ) => Promise<T>
  readonly confirmations: {
    readonly keep: (confirmation: Confirmation) => Promise<void>
    readonly find: (tokenDigest: Buffer) => Promise<Confirmation | undefined>
  }
  /** Audits that somebody tried what an exchange would do now. */
  readonly looked: (asking: Asking, former: Exchanged) => Promise<void>
}
