// The id of an exchange, which every refusal names: a UUID that begins with the time, so that the journal is written and found by month (RFC 9562, 5.7).

import { randomBytes } from 'node:crypto'

const TIME_BYTES = 6
const VERSION_7 = 0x70
const VARIANT = 0x80
const JOURNAL_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export function newJournalId(now: number = Date.now()): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(now, 0, TIME_BYTES)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | VERSION_7
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | VARIANT
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
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
