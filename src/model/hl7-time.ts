// HL7 times and the UTC times of XDS metadata (HL7 v2.5 2.A.21 DTM; ITI TF-3 Table 4.2.3.1.7-2 DTM): no zone means JST.

export interface Hl7Time {
  /** First and last moment that the text covers, milliseconds since 1970 UTC. */
  readonly startMs: number
  readonly stopMs: number
  /** YYYYMMDD in JST; the calendar's day, which the UTC string is not. */
  readonly jstDate: string
  /** As received. */
  readonly text: string
  /** The form is not HL7's but has one meaning (2024/04/01). */
  readonly unusual: boolean
}

const DTM =
  /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,4}))?)?)?)?)?)?([+-](?:0\d|1[0-4])[0-5]\d)?$/
const SLASHED = /^(\d{4})[/-](\d{2})[/-](\d{2})$/
const JST_MINUTES = 540
const MINUTE_MS = 60_000

/** Reads YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]; undefined for anything else (era years, hour 24, 31 April, a zone beyond 14 hours). */
export function parseHl7Time(text: string): Hl7Time | undefined {
  const slashed = SLASHED.exec(text)
  const match = DTM.exec(slashed === null ? text : `${slashed[1]}${slashed[2]}${slashed[3]}`)
  if (match === null) return undefined
  const offset = zoneMinutes(match[8])
  const start = moment(match, offset)
  if (start === undefined) return undefined
  const startMs = start.getTime()
  return {
    startMs,
    stopMs: lastMoment(match, start, offset),
    jstDate: digits(new Date(startMs + JST_MINUTES * MINUTE_MS)).slice(0, 8),
    text,
    unusual: slashed !== null,
  }
}

function zoneMinutes(zone: string | undefined): number {
  if (zone === undefined) return JST_MINUTES
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5))
  return zone.startsWith('-') ? -minutes : minutes
}

function moment(match: RegExpExecArray, offset: number): Date | undefined {
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((index) =>
    Number(match[index] ?? (index === 2 || index === 3 ? 1 : 0)),
  )
  if (year === undefined || month === undefined || day === undefined) return undefined
  const millis = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  const local = new Date(Date.UTC(year, month - 1, day, hour, minute, second, millis))
  const written = `${match[1]}${match[2] ?? '01'}${match[3] ?? '01'}${match[4] ?? '00'}${match[5] ?? '00'}${match[6] ?? '00'}`
  // Date.UTC rolls over what does not exist, so a rolled date no longer reads as it was written.
  return digits(local).slice(0, 14) === written ? new Date(local.getTime() - offset * MINUTE_MS) : undefined
}

function lastMoment(match: RegExpExecArray, start: Date, offset: number): number {
  if (match[6] !== undefined) return start.getTime()
  if (match[5] !== undefined) return start.getTime() + 59_000
  if (match[4] !== undefined) return start.getTime() + 3_599_000
  if (match[3] !== undefined) return start.getTime() + 86_399_000
  const months = match[2] === undefined ? 12 : 1
  // Months are counted where they are written: the first of March in Sydney is still February in Japan.
  const local = new Date(start.getTime() + offset * MINUTE_MS)
  local.setUTCMonth(local.getUTCMonth() + months)
  return local.getTime() - offset * MINUTE_MS - 1000
}

function digits(date: Date): string {
  return date.toISOString().replaceAll(/\D/g, '')
}

/** YYYYMMDDhhmmss in UTC, as XDS metadata wants it. */
export function xdsTime(ms: number): string {
  return digits(new Date(ms)).slice(0, 14)
}

/** 17 digits YYYYMMDDhhmmssSSS in JST, so that versions of one document sort as text. */
export function versionTime(time: Hl7Time): string {
  return digits(new Date(time.startMs + JST_MINUTES * MINUTE_MS)).slice(0, 17)
}
