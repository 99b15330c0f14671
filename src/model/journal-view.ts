// A journal entry as somebody sees it: explained, with its messages taken apart, masked as far as it is none of theirs (docs/adr/0039).

import type { Inspection, Sight } from './inspection.ts'

/** What a list shows. */
export interface JournalLine {
  readonly journalId: string
  readonly at: string
  readonly door: string
  readonly endpoint: string
  readonly transaction: string
  readonly result: string
  readonly codes: readonly string[]
  readonly messageId?: string
  readonly systemId?: string
  readonly facilityId?: string
  readonly patients: readonly string[]
  readonly documents: readonly string[]
  readonly durationMs: number
  readonly requestBytes: number
  readonly responseBytes?: number
}

/** A refusal or warning with what the error table says of it. */
export interface ExplainedError {
  readonly code: string
  readonly at?: string
  readonly value?: string
  readonly rule?: string
  readonly blame: string
  readonly retry: string
  readonly message?: string
  readonly hint?: string
  readonly ja?: string
}

export interface PartView {
  readonly contentId: string
  readonly contentType: string
  readonly sizeBytes: number
  readonly sha256: string
  readonly kept: 'yes' | 'no'
}

export interface MessageView extends Inspection {
  readonly direction: 'request' | 'answer'
  readonly sentBy: 'the other system' | 'this server'
  readonly sight: Sight
  readonly contentType?: string
  readonly sizeBytes: number
  readonly isWhole: boolean
  readonly parts: readonly PartView[]
  /** The message, or the root of its package, as Base64; only for who sees all of it. */
  readonly raw?: string
}

export interface JournalView extends JournalLine {
  readonly peer?: string
  readonly errors: readonly ExplainedError[]
  readonly waivedRules: readonly string[]
  /** Milliseconds by station. */
  readonly timings?: Readonly<Record<string, number>>
  /** `sealed`: with a key that this server does not have. */
  readonly messagesAre: 'kept' | 'not kept' | 'sealed'
  readonly messages: readonly MessageView[]
}
