// Birth dates as they are written: Gregorian with or without marks, Japanese eras in letters, kanji and codes; partial dates.

import { ERAS, type Era, FIRST_GREGORIAN_YEAR } from '../../../profiles/matching/eras.ts'
import { PLACEHOLDER_BIRTHS } from '../../../profiles/matching/words.ts'
import { jstDay } from '../../model/jst.ts'
import { fold } from './fold-text.ts'

export interface BirthDate {
  /** YYYY, YYYYMM or YYYYMMDD. */
  readonly digits: string
  /** A day of the calendar, inside its era and not in the future. Others are kept: a slip of the keyboard may lead to the right one. */
  readonly plausible: boolean
}

const GREGORIAN = /^(\d{4})(?:[-/.年]?(\d{1,2})(?:[-/.月]?(\d{1,2})日?)?月?)?年?$/u
const ERA_MARKED = /^(明治|大正|昭和|平成|令和|[MTSHR])\s*(元|\d{1,2})[-/.年]\s*(\d{1,2})[-/.月]\s*(\d{1,2})日?$/u
const ERA_PLAIN = /^([MTSHR1-5])(\d{2})(\d{2})(\d{2})$/u
/** A day, and of a time of birth what HL7 writes behind it. */
const PLAIN_DIGITS = /^\d{8,}(?:\.\d+)?(?:[+-]\d{1,4})?$/

/**
 * The birth date in `text`; undefined when there is none, or a value that systems enter for an unknown one.
 * @param today YYYYMMDD; later births are not plausible.
 */
export function birthDateOf(text: string, today = currentDate()): BirthDate | undefined {
  if (PLAIN_DIGITS.test(text)) return judged(text.slice(0, 8), today)
  const folded = fold(text).replaceAll(' ', '')
  const era = ERA_MARKED.exec(folded) ?? ERA_PLAIN.exec(folded)
  if (era !== null) return eraDate(era, today)
  const found = GREGORIAN.exec(folded)
  if (found === null) return undefined
  return judged(`${found[1]}${twoDigits(found[2])}${twoDigits(found[3])}`, today)
}

/** YYYYMMDD in Japan: until nine in the morning, who was born today would be born tomorrow by UTC. */
export function currentDate(now = Date.now()): string {
  return jstDay(now).replaceAll('-', '')
}

function eraDate(found: RegExpExecArray, today: string): BirthDate | undefined {
  const [, name = '', year = '', month, day] = found
  const era = ERAS.find((one) => one.letter === name || one.kanji === name || one.code === name)
  if (era === undefined) return undefined
  const gregorian = era.firstYear + (year === '元' ? 1 : Number(year)) - 1
  const date = judged(`${gregorian}${twoDigits(month)}${twoDigits(day)}`, today)
  return date === undefined ? undefined : { ...date, plausible: date.plausible && isWithin(era, date.digits) }
}

/** Paper writes 昭和65: an era's number running on for some years is believed, an era before its first day is not. */
function isWithin(era: Era, digits: string): boolean {
  const toleratedYears = 2
  return Number(digits) >= era.from && Number(digits.slice(0, 4)) <= era.lastYear + toleratedYears
}

function judged(digits: string, today: string): BirthDate | undefined {
  const year = Number(digits.slice(0, 4))
  if (PLACEHOLDER_BIRTHS.has(digits) || year < FIRST_GREGORIAN_YEAR || year === 9999) return undefined
  return { digits, plausible: digits <= today && isCalendarDate(digits) }
}

function isCalendarDate(digits: string): boolean {
  const month = Number(digits.slice(4, 6) || '1')
  const day = Number(digits.slice(6, 8) || '1')
  const date = new Date(Date.UTC(Number(digits.slice(0, 4)), month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

function twoDigits(part: string | undefined): string {
  return part === undefined ? '' : part.padStart(2, '0')
}
