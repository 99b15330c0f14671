// Moments as people in Japan read them: days and times of Japan Standard Time, which knows no summer time.

import { type Hl7Time, parseHl7Time } from './hl7-time.ts'

const JST_MS = 9 * 3_600_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** What lasts until 99991231 has no end: nine hours on, ISO 8601 would write a sign and six digits for the year. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59)

/** Wall clock in Japan as ISO 8601 without zone. */
function wallClock(ms: number): string {
  return new Date(Math.min(ms + JST_MS, LAST_MS)).toISOString()
}

/** YYYY-MM-DD. */
export function jstDay(ms: number): string {
  return wallClock(ms).slice(0, 10)
}

/** ISO 8601 with +09:00, to the second. */
export function jstIso(ms: number): string {
  return `${wallClock(ms).slice(0, 19)}+09:00`
}

/** First and last moment of a time of XDS metadata, which is UTC in any precision (ITI TF-3 Table 4.2.3.1.7-2 DTM). */
export function xdsMoments(text: string): Pick<Hl7Time, 'startMs' | 'stopMs'> | undefined {
  return parseHl7Time(`${text}+0000`)
}

/** ISO 8601 in the precision of the message: a day stays a day, times carry +09:00. */
export function isoOf(time: Pick<Hl7Time, 'startMs' | 'stopMs'>): string {
  const written = wallClock(time.startMs)
  const length = time.stopMs - time.startMs
  if (length < MINUTE_MS - 1000) return `${written.slice(0, 19)}+09:00`
  if (length < HOUR_MS - 1000) return `${written.slice(0, 16)}+09:00`
  if (length < DAY_MS - 1000) return `${written.slice(0, 13)}+09:00`
  return written.slice(0, length < DAY_MS ? 10 : length < 32 * DAY_MS ? 7 : 4)
}

/** For people: 2026-04-01 08:30, without seconds that are none. */
export function readable(time: Pick<Hl7Time, 'startMs' | 'stopMs'>): string {
  return isoOf(time)
    .replace('+09:00', '')
    .replace('T', ' ')
    .replace(/^(\d{4}-\d{2}-\d{2} \d{2})$/, '$1:00')
    .replace(/:00$/, (end, place: number) => (place > 13 ? '' : end))
}
