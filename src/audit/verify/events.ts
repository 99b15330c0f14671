// Events in an export: each follows the one before, by number and by hash, and none is missing (docs/audit.md).

import { jstDay } from '../../model/jst.ts'
import type { EventRecord, MissingRecord, UnsealedRecord } from '../export.ts'
import { canonicalJson, sealHash } from '../seal.ts'
import { compare, find, type Reading, type State } from './state.ts'

export function takeEvent(state: State, reading: Reading, record: EventRecord): void {
  const { seq, hash, position, event } = record
  const at = { seq, position, eventId: event.eventId }
  reading.events += 1
  if (!isNext(state, reading, record)) return
  const expected = sealHash(Buffer.from(reading.last.hash, 'hex'), canonicalJson(event)).toString('hex')
  if (reading.isLinked && expected !== hash)
    find(state, {
      kind: 'changed',
      ...at,
      words: `the event ${event.eventUuid} of ${event.at} or its seal is not what was sealed`,
    })
  if (monthOf(event.at) !== reading.header.chain)
    find(state, { kind: 'moved', ...at, words: `the event of ${event.at} does not belong into this month` })
  reach(state, reading, record)
}

export function takeMissing(state: State, reading: Reading, record: MissingRecord): void {
  const { seq, position, eventId } = record
  find(state, { kind: 'removed', seq, position, eventId, words: `event ${eventId} was sealed and is gone` })
  if (isNext(state, reading, record)) reach(state, reading, record)
}

export function takeUnsealed(state: State, { event }: UnsealedRecord): void {
  find(state, {
    kind: 'unsealed',
    eventId: event.eventId,
    words: `event ${event.eventId} of ${event.at} is in no chain: it was put in by hand, or sealing has stopped`,
  })
}

/** Is it the number that comes next, or one after a gap? What comes again or too late is told and left out. */
function isNext(state: State, reading: Reading, record: EventRecord | MissingRecord): boolean {
  const { seq, position } = record
  const expected = reading.last.seq + 1
  reading.isLinked = true
  if (seq < expected) {
    find(state, { kind: 'moved', seq, position, words: `number ${seq} comes after ${reading.last.seq}` })
    return false
  }
  if (seq > expected) {
    const gap = seq === expected + 1 ? `number ${expected} is` : `numbers ${expected} to ${seq - 1} are`
    find(state, { kind: 'removed', seq: expected, words: `${gap} missing` })
    reading.isLinked = false
    for (const marked of [...reading.marks.keys()]) if (marked < seq) reading.marks.delete(marked)
  }
  if (BigInt(position) <= reading.position)
    find(state, { kind: 'moved', seq, position, words: `position ${position} comes after ${reading.position}` })
  reading.position = BigInt(position)
  return true
}

function reach(state: State, reading: Reading, { seq, hash }: EventRecord | MissingRecord): void {
  reading.last = { seq, hash }
  for (const said of reading.marks.get(seq) ?? []) compare(state, said, reading.last)
  reading.marks.delete(seq)
}

function monthOf(at: string): string {
  const ms = Date.parse(at)
  return Number.isNaN(ms) ? '' : jstDay(ms).slice(0, 7)
}
