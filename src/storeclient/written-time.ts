// Times as vendors write them: HL7's own form, and those of paper and databases that have one meaning (2024-05-01 09:00, S30.12.3).

import { ERAS } from '../../profiles/matching/eras.ts'
import { type Hl7Time, parseHl7Time } from '../model/hl7-time.ts'

/** Year, month, day, and the time of day with its zone. */
const MARKED =
  /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]\s*(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/u
const ERA = /^(明治|大正|昭和|平成|令和|[MTSHR])\s*(元|\d{1,2})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/u

/** Reads HL7 DTM, and what is not but can mean one moment only (`unusual`); undefined for anything else (32 May, hour 24, 民国). */
export function readWrittenTime(text: string): Hl7Time | undefined {
  const usual = parseHl7Time(text)
  if (usual !== undefined) return usual
  const digits = marked(text) ?? era(text)
  const time = digits === undefined ? undefined : parseHl7Time(digits)
  return time === undefined ? undefined : { ...time, text, unusual: true }
}

function marked(text: string): string | undefined {
  const found = MARKED.exec(text)
  if (found === null) return undefined
  const [, year = '', month = '', day = '', hour, minute = '', second = '', fraction = '', zone = ''] = found
  const date = `${year}${two(month)}${two(day)}`
  if (hour === undefined) return date
  // A fraction belongs to seconds, and HL7 counts four digits of it.
  return `${date}${two(hour)}${minute}${second}${fraction.slice(0, 5)}${zone === 'Z' ? '+0000' : zone.replace(':', '')}`
}

function era(text: string): string | undefined {
  const found = ERA.exec(text.normalize('NFKC'))
  if (found === null) return undefined
  const [, name = '', year = '', month = '', day = ''] = found
  const known = ERAS.find(({ letter, kanji }) => letter === name || kanji === name)
  if (known === undefined) return undefined
  const gregorian = known.firstYear + (year === '元' ? 1 : Number(year)) - 1
  const digits = `${gregorian}${two(month)}${two(day)}`
  const isInside = Number(digits) >= known.from && gregorian <= known.lastYear
  return isInside ? digits : undefined
}

function two(part: string): string {
  return part.padStart(2, '0')
}
