// TQ1 as it is read aloud: usage (用法), days, first and last day (HL7 v2.5 4.5.4; JAMI standard usage codes).

import type { Hl7Time } from '../../model/hl7-time.ts'
import { component, type Er7Message, repetitions, type Segment } from '../../model/hl7v2.ts'
import { readWrittenTime } from '../written-time.ts'
import { quantity, text, texts, time } from './fields.ts'

const DAY_MS = 86_400_000
const WEEK_DAYS = 7
const DAYS = /^(d|day|days|日|日分|日間)$/i
const WEEKS = /^(w|week|weeks|wk|週|週間)$/i
/** Longer than any prescription: what claims more is a mistake in the number. */
const MAX_DAYS = 3660

/** TQ1-3: the texts of all repetitions; vendors without a code write the text into the second component. */
export function repeatPattern(message: Er7Message, tq1: Segment | undefined): string {
  return repetitions(message, tq1, 3)
    .map((raw) => component(message, raw, 1, 2) || component(message, raw, 1, 1) || component(message, raw, 2))
    .filter((pattern) => pattern !== '' && pattern !== '""')
    .join('、')
}

/** TQ1-6 in days; undefined when it is no number of days or weeks, as a range (5~7) is none. */
export function daysOf(message: Er7Message, tq1: Segment | undefined): number | undefined {
  const [raw, ...others] = repetitions(message, tq1, 6)
  if (others.length > 0) return undefined
  const number = Number(component(message, raw, 1).normalize('NFKC'))
  const units = [component(message, raw, 2, 1), component(message, raw, 2, 2)]
  const days = units.some((unit) => WEEKS.test(unit)) ? number * WEEK_DAYS : number
  const known = units.some((unit) => DAYS.test(unit) || WEEKS.test(unit))
  return known && Number.isInteger(days) && days > 0 && days <= MAX_DAYS ? days : undefined
}

/** TQ1-6 as it is shown: a number of days, or the number with its unit. */
export function durationOf(message: Er7Message, tq1: Segment | undefined): string {
  const days = daysOf(message, tq1)
  if (days !== undefined) return String(days)
  const { value, unit } = quantity(message, tq1, 6)
  return `${value}${unit}`
}

/** TQ1-8, else the last of the days counted from the start (TQ1-7, or `start`): seven days from the first end on the seventh. */
export function endOf(message: Er7Message, tq1: Segment | undefined, start?: Hl7Time): Hl7Time | undefined {
  const stated = time(message, tq1, 8)
  if (stated !== undefined) return stated
  const first = time(message, tq1, 7) ?? start
  const days = daysOf(message, tq1)
  if (first === undefined || days === undefined) return undefined
  return daysOn(first.jstDate, days - 1)
}

/** The last of some ends, in whatever order they stand. */
export function latest(ends: readonly Hl7Time[]): Hl7Time | undefined {
  return ends.reduce<Hl7Time | undefined>(
    (last, end) => (last === undefined || end.stopMs > last.stopMs ? end : last),
    undefined,
  )
}

/** HL7 table 0472: what is specified next follows this one; the others go on beside it. */
const FOLLOWS = 'S'

/** The ends of the steps of a dose, as far as known: a step that names no start begins when the one before it, which it follows, is done. */
export function endsOf(message: Er7Message, timing: readonly Segment[], start?: Hl7Time): readonly Hl7Time[] {
  const ends: Hl7Time[] = []
  let first = start
  for (const tq1 of timing) {
    const end = endOf(message, tq1, first)
    if (end !== undefined) ends.push(end)
    first = end !== undefined && text(message, tq1, 12) === FOLLOWS ? dayAfter(end) : start
  }
  return ends
}

function dayAfter({ jstDate }: Hl7Time): Hl7Time | undefined {
  return daysOn(jstDate, 1)
}

/** The day so many days after one. */
function daysOn(jstDate: string, days: number): Hl7Time | undefined {
  const noon = Date.UTC(Number(jstDate.slice(0, 4)), Number(jstDate.slice(4, 6)) - 1, Number(jstDate.slice(6, 8)), 12)
  return readWrittenTime(new Date(noon + days * DAY_MS).toISOString().slice(0, 10).replaceAll('-', ''))
}

/** TQ1-4, clock times of a day. */
export function explicitTimes(message: Er7Message, tq1: Segment | undefined): string {
  return texts(message, tq1, 4)
    .map((clock) => clock.replace(/^(\d{2})(\d{2})(?:00)?$/, '$1:$2'))
    .join('、')
}
