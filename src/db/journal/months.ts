// The months (JST) of the journal's partitions, from the newest back, as a search walks them.

import type { JournalPlace } from '../../journal/search.ts'
import { placeBefore } from '../../journal/search.ts'

/** Entries from `from` on that come before a place in the order of all. */
export interface Window {
  readonly from?: Date
  readonly before: JournalPlace | undefined
  /** Is there nothing older to look at? */
  readonly isLast: 'yes' | 'no'
}

const JST_MS = 9 * 3_600_000

export function monthStart(moment: Date): Date {
  const inJapan = new Date(moment.getTime() + JST_MS)
  return new Date(Date.UTC(inJapan.getUTCFullYear(), inJapan.getUTCMonth(), 1) - JST_MS)
}

export function* monthsBack(given: {
  readonly before: JournalPlace | undefined
  readonly from: Date
  readonly now: Date
}): Generator<Window> {
  const { from, now } = given
  let before = given.before
  for (;;) {
    // What stands exactly at the beginning of a month and was not reached yet belongs to that month.
    const begin = monthStart(before === undefined ? now : new Date(before.at))
    const start = before !== undefined && isFirst(before, begin) ? monthStart(new Date(begin.getTime() - 1)) : begin
    const isLast = start <= from
    yield { from: isLast ? from : start, before, isLast: isLast ? 'yes' : 'no' }
    if (isLast) return
    before = placeBefore(start)
  }
}

function isFirst(place: JournalPlace, begin: Date): boolean {
  const { at, id } = placeBefore(begin)
  return place.id === id && new Date(place.at).getTime() === new Date(at).getTime()
}
