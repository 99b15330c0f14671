// Moments of invented messages: Japan's wall clock as a number, so that neither the machine's zone nor its clock matters (HL7 v2.5 DTM).

/** Milliseconds since 1970 on a clock in Japan. */
export type Moment = number

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** Of a clock in Japan; month and day count from 1. */
export function moment(year: number, month: number, day: number): Moment {
  return Date.UTC(year, month - 1, day)
}

/** YYYYMMDDHHMMSS. */
export function stampOf(at: Moment): string {
  return new Date(at).toISOString().replaceAll(/\D/g, '').slice(0, 14)
}

/** YYYYMMDDHHMM. */
export function minuteOf(at: Moment): string {
  return stampOf(at).slice(0, 12)
}

/** YYYYMMDD. */
export function dateOf(at: Moment): string {
  return stampOf(at).slice(0, 8)
}

/** YYYYMMDDHHMMSSsss, as SS-MIX2 writes the time of a transaction. */
export function transactionTimeOf(at: Moment): string {
  return new Date(at).toISOString().replaceAll(/\D/g, '')
}

/** The same day at an hour and minute. */
export function atClock(day: Moment, hour: number, minute = 0): Moment {
  return Math.floor(day / DAY) * DAY + hour * HOUR + minute * MINUTE
}
