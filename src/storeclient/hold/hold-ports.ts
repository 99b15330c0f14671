// Messages that are kept sealed without being filed: held for an unlinked number, or in quarantine (要確認) for an identity conflict.

import type { Caller, CallingSystem, Exchange } from '../../model/caller.ts'
import type { IheError } from '../../model/error.ts'
import type { Outcome } from '../../model/evidence.ts'
import type { DetectedCharset } from '../../model/hl7v2.ts'
import type { StoreClientAnswer } from '../answer.ts'

export type WithheldReason = 'unlinked' | 'identity'
/** `stuck`: it was tried and refused for what it says. The last three are ends, and nothing of the message is left then. */
export type WithheldState = 'waiting' | 'stuck' | 'released' | 'dropped' | 'expired'

/** What is known of a message and does not stand in it. */
export interface WithheldContext {
  /** Set that its bytes were read as: they might be read as another one later. */
  readonly charset: DetectedCharset
  /** Origin of the request, where it had one. */
  readonly origin?: unknown
}

/** A refused message to be kept. */
export interface NewWithheld {
  readonly reason: WithheldReason
  readonly caller: Caller
  /** The patient number in canonical form. */
  readonly number: string
  readonly kind: string
  readonly controlId: string
  /** MSH-7 as 17 digits. */
  readonly sentAt: string
  readonly claim: { readonly scope: string; readonly key: string }
  readonly sha256: string
  readonly bytes: Buffer
  readonly context: WithheldContext
}

export interface Kept {
  readonly withheldId: string
  readonly until: Date
}

type Recorded = Pick<Outcome<unknown>, 'result' | 'errors' | 'evidence'>

/** `recorded`: its audit event and journal row are written already. */
type Attempted = Recorded & Pick<Outcome<unknown>, 'recorded'>

/**
 * Keeps a message, with its audit event and journal row in one commit; the same message kept before stays as it is. `full`: nothing was
 * written, because the facility's room for such messages is used up, or the facility is not active any more.
 */
export type Withhold = (message: NewWithheld, recorded: (kept: Kept) => Recorded) => Promise<Kept | 'full'>

/** What is known of a withheld message without opening it. */
export interface WithheldMessage {
  readonly withheldId: string
  readonly reason: WithheldReason
  readonly state: WithheldState
  readonly facilityId: string
  readonly systemId: string
  readonly number: string
  readonly kind: string
  readonly controlId: string
  readonly sentAt: string
  readonly sizeBytes: number
  readonly sha256: string
  /** Journal id of the exchange that brought it. */
  readonly exchangeId: string
  readonly receivedAt: string
  readonly expiresAt: string
  readonly attempts: number
  /** Error of the last attempt to file it. */
  readonly lastCode?: string
  readonly endedAt?: string
  readonly endedBy?: string
  readonly endedReason?: string
}

export interface OpenedMessage extends WithheldMessage {
  readonly bytes: Buffer
  readonly context: WithheldContext
  /** File that the sealed message lies in, when it is too large for a row. */
  readonly fileKey: string | undefined
}

export interface Decision {
  readonly by: string
  readonly peer: string
  readonly reason: string
}

/** How an attempt to file a withheld message ended, where the filing itself did not end the row. */
export type Settlement =
  | { readonly state: 'released'; readonly by: string; readonly reason: string }
  | { readonly state: 'dropped'; readonly by: string; readonly reason: string }
  | { readonly state: 'stuck'; readonly code: string }
  /** The person turned out to be another one: from held to quarantine. */
  | { readonly state: 'quarantine'; readonly code: string }
  | { readonly state: 'later'; readonly code: string }

/** A number with messages that may be filed now. */
export interface DueNumber {
  readonly facilityId: string
  readonly number: string
}

export interface WithheldFilter {
  readonly reason: WithheldReason
  readonly state?: WithheldState | 'open'
  readonly facilityId?: string
  readonly after?: string
  readonly limit: number
}

export interface WithheldStore {
  readonly list: (filter: WithheldFilter) => Promise<readonly WithheldMessage[]>
  readonly find: (withheldId: string) => Promise<WithheldMessage | undefined>
  /** The next message of a number, by MSH-7, then arrival. */
  readonly next: (due: DueNumber) => Promise<WithheldMessage | undefined>
  /** Undefined when it has ended. @throws {Error} when the seal is broken or its key is unknown. */
  readonly open: (withheldId: string) => Promise<OpenedMessage | undefined>
  /** Erases the message; `missing` when it is not there or has ended. */
  readonly drop: (withheldId: string, decision: Decision) => Promise<'changed' | 'missing'>
  /** Records that somebody wants it filed; it may be tried at once. */
  readonly decide: (withheldId: string, decision: Decision) => Promise<'changed' | 'missing'>
  /** With audit and journal of the attempt, where it was not recorded. A row that has ended stays as it is. */
  readonly settle: (
    withheldId: string,
    settlement: Settlement,
    attempt: { readonly caller: Caller; readonly outcome: Attempted } | undefined,
  ) => Promise<void>
  /** Erases the file of a message that has ended. */
  readonly discardFile: (key: string) => Promise<void>
}

/** How a withheld message is given back to the pipeline. */
export interface Release {
  readonly withheldId: string
  /** `confirmed`: staff say that the number's person is meant, whatever name and birth date the message has. */
  readonly identity: 'checked' | 'confirmed'
}

export interface ReleasePorts {
  readonly withheld: WithheldStore
  /** Undefined when the system or its facility is suspended or has ended. */
  readonly systemOf: (systemId: string) => Promise<CallingSystem | undefined>
  readonly exchangeOf: (message: OpenedMessage) => Exchange
  /** The pipeline that every message walks. */
  readonly file: (message: OpenedMessage, caller: Caller, release: Release) => Promise<Outcome<StoreClientAnswer>>
  readonly alarm: (withheldId: string, error: unknown) => void
}

export type Released =
  | { readonly kind: 'filed'; readonly journalId: string; readonly documentUniqueId?: string }
  | {
      readonly kind: 'refused'
      readonly journalId: string
      readonly error: IheError
      readonly state: Settlement['state']
    }
  | { readonly kind: 'suspended' }
  /** It has ended meanwhile. */
  | { readonly kind: 'gone' }

/** What a filing finds whose message has ended meanwhile: somebody dropped it, or another server was faster. */
export class WithheldEnded extends Error {
  constructor() {
    super('the withheld message has ended')
    this.name = 'WithheldEnded'
  }
}
