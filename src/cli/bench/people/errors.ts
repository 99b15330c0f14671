// What goes wrong between a person and the record of one: classes of errors, and how many of all records have each.

import { type CalendarDate, dateOf, dayOf, digitsOf, LAST_DAY } from './calendar.ts'
import type { Random } from './random.ts'
import { canBeConfused, hasLongVowel, hasOldForm, hasSmallKana } from './spelling.ts'

/** Wrong in one record. */
export const recordErrors = [
  'oldKanji',
  'confusedKanji',
  'unknownKanji',
  'missingKana',
  'smallKana',
  'longVowel',
  'halfWidth',
  'eraSlip',
  'dateDigit',
  'swappedNames',
  'missingPhone',
  'addressStyle',
  'unnamed',
] as const
/** True of a record and no longer of a later one. */
export const lifeEvents = ['formerName', 'formerAddress'] as const

export type RecordError = (typeof recordErrors)[number]
export type LifeEvent = (typeof lifeEvents)[number]
export type ErrorClass = RecordError | LifeEvent

interface Rate {
  /** Share of all records. */
  readonly of: number
  /** Share of the records in which it can happen; where it can, it happens so much oftener. */
  readonly possible: number
}

/**
 * Old and confused kanji are 4 % together. Small kana are the exception: few names have any, so theirs is the share of the
 * systems that know none.
 */
export const errorRates: Readonly<Record<RecordError, Rate>> = {
  oldKanji: { of: 0.032, possible: 0.355 },
  confusedKanji: { of: 0.008, possible: 0.356 },
  unknownKanji: { of: 0.005, possible: 1 },
  missingKana: { of: 0.03, possible: 1 },
  smallKana: { of: 0.05, possible: 1 },
  longVowel: { of: 0.02, possible: 0.249 },
  halfWidth: { of: 0.2, possible: 1 },
  eraSlip: { of: 0.002, possible: 0.52 },
  dateDigit: { of: 0.005, possible: 1 },
  swappedNames: { of: 0.003, possible: 1 },
  missingPhone: { of: 0.15, possible: 1 },
  addressStyle: { of: 0.6, possible: 1 },
  // Most are named by a later message before another hospital sees the child.
  unnamed: { of: 0.0005, possible: 0.058 },
}

/** What a record's errors depend on. */
export interface Erring {
  readonly kanji: string
  readonly kana: string
  readonly birth: CalendarDate
  /** The hospital may have seen the birth. */
  readonly isNewborn: boolean
}

const CONDITIONS: Readonly<Partial<Record<RecordError, (given: Erring) => boolean>>> = {
  oldKanji: ({ kanji }) => hasOldForm(kanji),
  confusedKanji: ({ kanji }) => canBeConfused(kanji),
  smallKana: ({ kana }) => hasSmallKana(kana),
  longVowel: ({ kana }) => hasLongVowel(kana),
  eraSlip: ({ birth }) => otherEras(birth).length > 0,
  unnamed: ({ isNewborn }) => isNewborn,
}

/** Which errors one record has. */
export function errorsOf(given: Erring, random: Random): ReadonlySet<RecordError> {
  const errors = new Set<RecordError>()
  for (const error of recordErrors) {
    const { of, possible } = errorRates[error]
    if (random.chance(of / possible) && (CONDITIONS[error]?.(given) ?? true)) errors.add(error)
  }
  // Nothing can be wrong with kana that are not there.
  if (errors.has('missingKana'))
    for (const error of ['smallKana', 'longVowel', 'halfWidth'] as const) errors.delete(error)
  return errors
}

interface Era {
  readonly first: CalendarDate
  readonly lastYear: number
}

const ERAS: readonly Era[] = [
  { first: { year: 1912, month: 7, day: 30 }, lastYear: 1926 },
  { first: { year: 1926, month: 12, day: 25 }, lastYear: 1989 },
  { first: { year: 1989, month: 1, day: 8 }, lastYear: 2019 },
  { first: { year: 2019, month: 5, day: 1 }, lastYear: 2025 },
]

/** The same year number of another era, where it had as many years: 平成5年 for 昭和5年. */
function otherEras(birth: CalendarDate): readonly CalendarDate[] {
  const born = dayOf(birth)
  const own = ERAS.findLast(({ first }) => dayOf(first) <= born)
  if (own === undefined) return []
  const number = birth.year - own.first.year
  return ERAS.filter((era) => era !== own && era.first.year + number <= era.lastYear)
    .map((era) => ({ ...birth, year: era.first.year + number }))
    .filter((date) => isDate(date) && dayOf(date) <= LAST_DAY)
}

export function withEraSlip(birth: CalendarDate, random: Random): CalendarDate {
  return random.pick(otherEras(birth))
}

/** How clerks mistype: another digit; two changed about; now and then day for month. */
export function withWrongDigit(birth: CalendarDate, random: Random): CalendarDate {
  for (;;) {
    const kind = random.next()
    const written = digitsOf(birth)
    const place = 2 + random.below(6)
    const mistyped =
      kind < 0.7
        ? replaceAt(written, place, String(random.below(10)))
        : kind < 0.9
          ? exchanged(written, Math.min(place, 6))
          : `${written.slice(0, 4)}${written.slice(6)}${written.slice(4, 6)}`
    const date = dateFrom(mistyped)
    if (mistyped !== written && isDate(date) && date.year >= EARLIEST_YEAR && dayOf(date) <= LAST_DAY) return date
  }
}

/** Entry screens refuse births before this. */
const EARLIEST_YEAR = 1900

function replaceAt(text: string, place: number, char: string): string {
  return text.slice(0, place) + char + text.slice(place + 1)
}

function exchanged(text: string, place: number): string {
  return text.slice(0, place) + text.charAt(place + 1) + text.charAt(place) + text.slice(place + 2)
}

function isDate(date: CalendarDate): boolean {
  return digitsOf(dateOf(dayOf(date))) === digitsOf(date)
}

function dateFrom(digits: string): CalendarDate {
  return { year: Number(digits.slice(0, 4)), month: Number(digits.slice(4, 6)), day: Number(digits.slice(6)) }
}
