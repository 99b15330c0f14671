// The journal row of an exchange: what came, from whom, how it ended and why (design §2).

import type { CallingSystem, Exchange } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence, Outcome } from '../model/evidence.ts'
import { timingsOf } from '../model/stations.ts'

export interface JournalEntry {
  readonly exchange: Exchange
  readonly systemId?: string
  readonly facilityId?: string
  readonly patients: readonly string[]
  /** documentUniqueIds that were concerned, delivered or not. */
  readonly documents: readonly string[]
  readonly result: 'success' | 'partial' | 'failure'
  readonly errors: readonly JournalError[]
  /** Ids of metadata rules that were broken and waived. */
  readonly waived: readonly string[]
  readonly durationMs: number
  /** Milliseconds by station, until the entry was written. */
  readonly timings?: ReturnType<typeof timingsOf>
  readonly responseBytes?: number
}

export interface JournalError {
  readonly code: string
  readonly at?: string
  readonly value?: string
  readonly rule?: string
  readonly blame: string
  readonly retry: string
}

type Reported = Pick<Outcome<unknown>, 'result' | 'errors' | 'evidence'>

/** `now` is monotonic (performance.now), in milliseconds, like Exchange.startedMs. */
export function journalEntry(
  exchange: Exchange,
  system: (Pick<CallingSystem, 'facilityId'> & Partial<Pick<CallingSystem, 'systemId'>>) | undefined,
  reported: Reported & { readonly now: number; readonly responseBytes?: number },
): JournalEntry {
  return {
    exchange,
    ...(system === undefined ? {} : { facilityId: system.facilityId }),
    ...(system?.systemId === undefined ? {} : { systemId: system.systemId }),
    patients: reported.evidence.patients,
    documents: documentsOf(reported.evidence),
    result: reported.result,
    errors: reported.errors.map(journalError),
    waived: reported.evidence.waivedRules ?? [],
    durationMs: reported.now - exchange.startedMs,
    ...(exchange.stations === undefined ? {} : { timings: timingsOf(exchange.stations, reported.now) }),
    ...(reported.responseBytes === undefined ? {} : { responseBytes: reported.responseBytes }),
  }
}

function documentsOf({ documents, undelivered = [] }: Evidence): readonly string[] {
  const concerned = undelivered.length === 0 ? documents : [...documents, ...undelivered]
  return concerned.map(({ documentUniqueId }) => documentUniqueId)
}

const MAX_VALUE_LENGTH = 256
/** Places and rules may name what a sender chose: an id, the name of a slot. */
const MAX_WORDS_LENGTH = 2000

function journalError(error: IheError): JournalError {
  return {
    code: error.row.code,
    blame: error.row.blame,
    retry: error.row.retry,
    ...(error.at === undefined ? {} : { at: error.at.slice(0, MAX_WORDS_LENGTH) }),
    ...(error.value === undefined ? {} : { value: error.value.slice(0, MAX_VALUE_LENGTH) }),
    ...(error.rule === undefined ? {} : { rule: error.rule.slice(0, MAX_WORDS_LENGTH) }),
  }
}
