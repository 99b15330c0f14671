// What is asked of the journal, and its entries as they were kept (docs/journal.md).

import type { Result } from '../model/evidence.ts'
import type { JournalError } from './entry.ts'

/** All of them hold; times are half open. */
export interface JournalCriteria {
  readonly from?: Date
  readonly to?: Date
  readonly systemId?: string
  readonly facilityId?: string
  readonly transaction?: string
  readonly result?: Result
  /** CX, or a number that is looked for in every domain of the network. */
  readonly patient?: string
  readonly documentUniqueId?: string
  /** Of the error table. */
  readonly code?: string
  readonly messageId?: string
}

export interface JournalQuery {
  readonly criteria: JournalCriteria
  readonly limit: number
  /** Where the page before ended, as it said. */
  readonly after?: string
}

/** An exchange as the journal has it. */
export interface JournalRecord {
  readonly exchangeId: string
  readonly at: Date
  readonly door: string
  readonly endpoint: string
  readonly transaction: string
  readonly messageId?: string
  readonly systemId?: string
  readonly facilityId?: string
  readonly peer: string
  readonly patients: readonly string[]
  readonly documents: readonly string[]
  readonly result: Result
  readonly errors: readonly JournalError[]
  /** Ids of metadata rules that were broken and waived. */
  readonly waived: readonly string[]
  readonly durationMs: number
  /** Milliseconds by station. */
  readonly timings?: Readonly<Record<string, number>>
  readonly requestBytes: number
  readonly responseBytes?: number
}

/** The newest first. */
export interface JournalPage {
  readonly entries: readonly JournalRecord[]
  /** There may be more: given as `after`. */
  readonly next?: string
  /** The search ended for its length; nothing before this was looked at yet. */
  readonly searchedBackTo?: Date
}

export interface JournalReader {
  readonly search: (query: JournalQuery) => Promise<JournalPage>
  readonly find: (exchangeId: string) => Promise<JournalRecord | undefined>
}

/** `<microseconds since 1970>.<journal id>`: the place of an entry in the order of all. */
const CURSOR = /^(\d{1,17})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

export interface JournalPlace {
  /** Timestamp with microseconds, ISO 8601. */
  readonly at: string
  readonly id: string
}

/** Comes before every id: nothing of the moment itself. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000'

/** Undefined for what is no cursor. */
export function placeOfCursor(cursor: string): JournalPlace | undefined {
  const [, micros, id] = CURSOR.exec(cursor) ?? []
  if (micros === undefined || id === undefined) return undefined
  const whole = BigInt(micros)
  const rest = String(whole % 1000n).padStart(3, '0')
  return { at: new Date(Number(whole / 1000n)).toISOString().replace('Z', `${rest}Z`), id }
}

/** Everything before a moment. */
export function placeBefore(moment: Date): JournalPlace {
  return { at: moment.toISOString(), id: FIRST_ID }
}

export function cursorBefore(moment: Date): string {
  return `${BigInt(moment.getTime()) * 1000n}.${FIRST_ID}`
}
