// Days as numbers, so that what happened first needs neither clock nor time zone.

/** Days since 1 January 1900. */
export type Day = number

export interface CalendarDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

export const DAYS_A_YEAR = 365.2425
const FIRST = Date.UTC(1900, 0, 1)
const DAY_MS = 86_400_000

export function dayOf({ year, month, day }: CalendarDate): Day {
  return Math.round((Date.UTC(year, month - 1, day) - FIRST) / DAY_MS)
}

export function dateOf(day: Day): CalendarDate {
  const date = new Date(FIRST + day * DAY_MS)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

/** YYYYMMDD. */
export function digitsOf({ year, month, day }: CalendarDate): string {
  return String(year * 10_000 + month * 100 + day)
}

/** The network has taken in records from 2016 to the end of 2025. */
export const FIRST_DAY: Day = dayOf({ year: 2016, month: 1, day: 1 })
export const LAST_DAY: Day = dayOf({ year: 2025, month: 12, day: 31 })
