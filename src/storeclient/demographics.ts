// PID of HL7 v2.5 as a person: names by script, birth, sex, addresses (HL7 v2.5 3.4.2; SS-MIX2 writes kanji and kana names).

import { iheError } from '../../profiles/errors/index.ts'
import type { IheError } from '../model/error.ts'
import { component, type Er7Message, isNull, repetitions, segmentsOf, value } from '../model/hl7v2.ts'
import type { Address, Demographics, NameRepresentation, PersonName } from '../model/person.ts'
import type { DemographicsChange } from './ports.ts'
import { parseHl7Time } from './time.ts'

const REPRESENTATIONS: Readonly<Record<string, NameRepresentation>> = { I: 'IDE', P: 'SYL', A: 'ABC' }
/** Table 0001, and the codes of Japanese receipts that small systems send instead (1 male, 2 female). */
const SEXES: Readonly<Record<string, 'M' | 'F' | 'UN'>> = {
  M: 'M',
  F: 'F',
  O: 'UN',
  A: 'UN',
  N: 'UN',
  '1': 'M',
  '2': 'F',
}
const UNKNOWN_SEX = 'U'

export interface MessagePerson {
  readonly demographics: Demographics
  readonly change: DemographicsChange
  readonly warnings: readonly IheError[]
}

/**
 * The person of PID, and what it changes in the facility's copy: an empty field keeps, HL7 null deletes (HL7 v2.5 2.5.3).
 * @throws {IheError} HL7_FIELD_MISSING without PID-5 or PID-7, HL7_TIME when PID-7 is no date.
 */
export function readPerson(message: Er7Message): MessagePerson {
  const names = readNames(message)
  if (names.length === 0) throw iheError('HL7_FIELD_MISSING', { at: 'PID-5', rule: 'PID-5 is required' })
  const birthTime = readBirth(message)
  const code = value(message, 'PID', 8)
  const sex = SEXES[code]
  const addresses = listOf(message, 11, readAddress)
  const telecoms = [...listOf(message, 13, readTelecom), ...listOf(message, 14, readTelecom)]
  return {
    demographics: { names, ...(sex === undefined ? {} : { sex }), birthTime, addresses, telecoms },
    change: {
      names,
      birthTime,
      ...(isNull(code) ? { sex: null } : sex === undefined ? {} : { sex }),
      ...(hasStatement(message, 11) ? { addresses } : {}),
      ...(hasStatement(message, 13) || hasStatement(message, 14) ? { telecoms } : {}),
    },
    warnings: sexWarnings(code),
  }
}

function sexWarnings(code: string): readonly IheError[] {
  const usual = code === '' || isNull(code) || code === UNKNOWN_SEX || (code in SEXES && !/\d/.test(code))
  return usual ? [] : [iheError('HL7_CODE', { at: 'PID-8', value: code, rule: 'HL7 table 0001' })]
}

function readBirth(message: Er7Message): string {
  const text = value(message, 'PID', 7)
  if (text === '' || isNull(text)) throw iheError('HL7_FIELD_MISSING', { at: 'PID-7', rule: 'PID-7 is required' })
  const time = parseHl7Time(text)
  if (time === undefined) throw iheError('HL7_TIME', { at: 'PID-7', value: text, rule: 'HL7 v2.5 DTM' })
  return text.replaceAll(/[/-]/g, '').slice(0, 8)
}

function hasStatement(message: Er7Message, field: number): boolean {
  return repetitions(message, segmentsOf(message, 'PID')[0], field).length > 0
}

function listOf<T>(message: Er7Message, field: number, read: (message: Er7Message, raw: string) => T | undefined): T[] {
  return repetitions(message, segmentsOf(message, 'PID')[0], field)
    .map((raw) => read(message, raw))
    .filter((found) => found !== undefined)
}

function readNames(message: Er7Message): readonly PersonName[] {
  return listOf(message, 5, (_, raw) => {
    const family = component(message, raw, 1)
    const given = component(message, raw, 2)
    if (isNull(raw) || family + given === '') return undefined
    // Some vendors shift the codes by one component, so a known code counts wherever it stands; the script decides else.
    const coded = [8, 7, 9]
      .map((part) => REPRESENTATIONS[component(message, raw, part)])
      .find((code) => code !== undefined)
    return { representation: coded ?? scriptOf(family + given), family, given }
  })
}

function scriptOf(text: string): NameRepresentation {
  if (/^[\u0020-\u007e]+$/.test(text)) return 'ABC'
  return /^[\u3040-\u30ff\uff61-\uff9f\s\u3000]+$/.test(text) ? 'SYL' : 'IDE'
}

function readAddress(message: Er7Message, raw: string): Address | undefined {
  const whole = component(message, raw, 8)
  const parts = [4, 3, 1, 2].map((part) => component(message, raw, part)).join('')
  const text = whole === '' ? parts : whole
  const postalCode = component(message, raw, 5)
  if (isNull(raw) || text + postalCode === '') return undefined
  return { text, ...(postalCode === '' ? {} : { postalCode }) }
}

function readTelecom(message: Er7Message, raw: string): string | undefined {
  const text = [12, 4, 1].map((part) => component(message, raw, part)).find((found) => found !== '')
  return text === undefined || isNull(text) ? undefined : text
}
