// The id of an exchange, which every refusal names: a UUID that begins with the time, so that the journal is written and found by month (RFC 9562, 5.7).

import { randomUUID } from 'node:crypto'

const TIME_DIGITS = 12
/** Of a version 4 UUID: what stands behind its version. */
const AFTER_VERSION = 15
const JOURNAL_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export function newJournalId(now: number = Date.now()): string {
  const time = now.toString(16).padStart(TIME_DIGITS, '0')
  // The variant and what is random are those of a version 4, which Node makes of entropy that it has in store.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(AFTER_VERSION)}`
}

/** Lower case; undefined for what is no UUID. */
export function parseJournalId(text: string): string | undefined {
  const id = text.trim().toLowerCase()
  return JOURNAL_ID.test(id) ? id : undefined
}

/** When the exchange began, as its id says; undefined for an id that says nothing of time. */
export function journalIdTime(id: string): Date | undefined {
  if (id[14] !== '7') return undefined
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}
