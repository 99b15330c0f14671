// The value grammar of stored query parameters (ITI TF-2 3.18.4.1.2.3.5): quotes, parentheses, codes, times.

import { iheError } from '../../../profiles/errors/index.ts'
import { isDtm, padDtm } from '../../../profiles/metadata/types.ts'

/** Of one parameter, over all its slots and their Value elements. */
export const MAX_PARAMETER_VALUES = 1000
const MAX_PATTERN_LENGTH = 256

/**
 * One string: `'text'` with inner quotes doubled. An unquoted string without quotes inside is accepted, because samples in
 * the field have it; numbers are bare by the standard.
 * @throws {IheError} QUERY_PARAMETER_VALUE
 */
export function parseString(name: string, raw: string): string {
  const value = raw.trim()
  const quoted = /^'((?:[^']|'')*)'$/.exec(value)?.[1]
  if (quoted !== undefined) return quoted.replaceAll("''", "'")
  if (value === '' || /['"()]/.test(value)) throw unreadable(name, raw)
  return value
}

/**
 * One list: `('a','b')`, white space anywhere between; a member may stand unquoted or in double quotes (tolerated), the
 * parentheses may not be missing.
 * @throws {IheError} QUERY_PARAMETER_VALUE, QUERY_VALUES_LIMIT
 */
export function parseList(name: string, raw: string): readonly string[] {
  const inner = /^\(([\s\S]*)\)$/.exec(raw.trim())?.[1]
  if (inner === undefined) throw unreadable(name, raw)
  const members: string[] = []
  let rest = inner.trim()
  while (rest !== '') {
    const match = /^(?:'((?:[^']|'')*)'|"([^"]*)"|([^\s,'"()]+))\s*(,|$)/.exec(rest)
    const member = match?.[1]?.replaceAll("''", "'") ?? match?.[2] ?? match?.[3]
    if (match === null || member === undefined) throw unreadable(name, raw)
    members.push(member)
    rest = rest.slice(match[0].length).trim()
    if (match[4] === ',' && rest === '') throw unreadable(name, raw)
    if (members.length > MAX_PARAMETER_VALUES) throw tooManyValues(name)
  }
  if (members.length === 0) throw unreadable(name, raw)
  return members
}

/** `code^^scheme`: first and third component required, second empty. @throws {IheError} QUERY_PARAMETER_VALUE */
export function parseCode(name: string, value: string): string {
  const [code, middle, scheme, ...more] = value.split('^')
  if ((code ?? '') === '' || middle !== '' || (scheme ?? '') === '' || more.length > 0)
    throw iheError('QUERY_PARAMETER_VALUE', { at: name, value, rule: 'ITI TF-2 3.18.4.1.2.3.5 code^^scheme' })
  return value
}

/** A time as 14 digits. @throws {IheError} QUERY_PARAMETER_VALUE */
export function parseTime(name: string, raw: string): string {
  const value = parseString(name, raw)
  if (!isDtm(value)) throw iheError('QUERY_PARAMETER_VALUE', { at: name, value: raw, rule: 'DTM of 4 to 14 digits' })
  return padDtm(value)
}

/** A number, bare by the standard, in quotes tolerated. @throws {IheError} QUERY_PARAMETER_VALUE */
export function parseNumber(name: string, raw: string): string {
  const value = parseString(name, raw)
  if (!/^\d{1,9}$/.test(value)) throw iheError('QUERY_PARAMETER_VALUE', { at: name, value: raw, rule: 'a number' })
  return value
}

/** A LIKE pattern: `%` any run, `_` one character. @throws {IheError} QUERY_PARAMETER_VALUE */
export function parsePattern(name: string, value: string): string {
  if (value.length > MAX_PATTERN_LENGTH)
    throw iheError('QUERY_PARAMETER_VALUE', { at: name, rule: `patterns of at most ${MAX_PATTERN_LENGTH} characters` })
  return value
}

/** One string as it is written. */
export function stringValue(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** One list as it is written. */
export function listValue(values: readonly string[]): string {
  return `(${values.map(stringValue).join(',')})`
}

export function tooManyValues(name: string): Error {
  return iheError('QUERY_VALUES_LIMIT', { at: name, rule: `at most ${MAX_PARAMETER_VALUES} values` })
}

function unreadable(name: string, raw: string): Error {
  return iheError('QUERY_PARAMETER_VALUE', { at: name, value: raw, rule: 'ITI TF-2 3.18.4.1.2.3.5' })
}
