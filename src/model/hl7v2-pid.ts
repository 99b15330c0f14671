// PID of HL7 v2 as parts of a person: names by script, sex, addresses, telecoms, birth and death (HL7 v2.5 3.4.2; SS-MIX2 writes kanji and kana).

import { component, type Er7Message, isNull, repetitions, segmentsOf, value } from './hl7v2.ts'
import type { Address, Demographics, NameRepresentation, PersonName } from './person.ts'

const REPRESENTATIONS: ReadonlyMap<string, NameRepresentation> = new Map([
  ['I', 'IDE'],
  ['P', 'SYL'],
  ['A', 'ABC'],
])

/** Table 0001, and the codes of Japanese receipts that small systems send instead (1 male, 2 female). */
export const SEX_OF_PID: ReadonlyMap<string, 'M' | 'F' | 'UN'> = new Map([
  ['M', 'M'],
  ['F', 'F'],
  ['O', 'UN'],
  ['A', 'UN'],
  ['N', 'UN'],
  ['1', 'M'],
  ['2', 'F'],
])
const UNKNOWN_SEX = 'U'

/** Whether PID-8 is empty, null or a code of table 0001. */
export function isUsualSex(code: string): boolean {
  return code === '' || isNull(code) || code === UNKNOWN_SEX || (SEX_OF_PID.has(code) && !/\d/.test(code))
}

/** Whether field `field` of PID says anything, be it null. */
export function hasStatement(message: Er7Message, field: number): boolean {
  return repetitions(message, segmentsOf(message, 'PID')[0], field).length > 0
}

/** PID-5. */
export function namesOfPid(message: Er7Message): readonly PersonName[] {
  return listOf(message, 5, readName)
}

/** A component, empty where it is HL7 null: that one is deleted, and its neighbours stand (HL7 v2.5 2.5.3). */
function said(message: Er7Message, raw: string, part: number, subcomponent?: number): string {
  const text = component(message, raw, part, subcomponent)
  return isNull(text) ? '' : text
}

function readName(message: Er7Message, raw: string): PersonName | undefined {
  // A family name (FN) begins with the whole surname; its prefix and the parts of a married name are said again behind it.
  const family = said(message, raw, 1, 1)
  const given = said(message, raw, 2)
  if (family + given === '') return undefined
  // Some vendors shift the codes by one component, so a known code counts wherever it stands; the script decides else.
  const coded = [8, 7, 9]
    .map((part) => REPRESENTATIONS.get(said(message, raw, part)))
    .find((code) => code !== undefined)
  return { representation: coded ?? scriptOf(family + given), family, given }
}

/** Table 0136. */
const YES_NO: ReadonlyMap<string, boolean> = new Map([
  ['Y', true],
  ['N', false],
])
const BIRTH_ORDER = /^[1-9]\d?$/

/** PID-6 mother, PID-24 and PID-25 multiple birth, PID-29 and PID-30 death; what is not said legibly is left out. */
export function circumstancesOfPid(
  message: Er7Message,
): Pick<Demographics, 'mother' | 'multipleBirth' | 'birthOrder' | 'deceased'> {
  const mother = listOf(message, 6, readName)
  const multipleBirth = YES_NO.get(value(message, 'PID', 24))
  const order = value(message, 'PID', 25)
  const timeOfDeath = value(message, 'PID', 29)
  const hasDied = timeOfDeath !== '' && !isNull(timeOfDeath)
  const deceased = hasDied ? true : YES_NO.get(value(message, 'PID', 30))
  return {
    ...(mother.length === 0 ? {} : { mother }),
    ...(multipleBirth === undefined ? {} : { multipleBirth }),
    ...(BIRTH_ORDER.test(order) ? { birthOrder: Number(order) } : {}),
    ...(deceased === undefined ? {} : { deceased }),
  }
}

const DATE = /^(\d{4})[/-](\d{2})[/-](\d{2})$/
const BIRTH_DATE = /^\d{4,8}/

/** PID-7, which can be read as a time: YYYYMMDD, or less where less was written. A zone is no part of the day. */
export function birthDigits(text: string): string {
  return BIRTH_DATE.exec(text.replace(DATE, '$1$2$3'))?.[0] ?? ''
}

/** PID-11. */
export function addressesOfPid(message: Er7Message): readonly Address[] {
  return listOf(message, 11, readAddress)
}

/** PID-13 and PID-14. */
export function telecomsOfPid(message: Er7Message): readonly string[] {
  return [...listOf(message, 13, readTelecom), ...listOf(message, 14, readTelecom)]
}

function listOf<T>(message: Er7Message, field: number, read: (message: Er7Message, raw: string) => T | undefined): T[] {
  return repetitions(message, segmentsOf(message, 'PID')[0], field)
    .map((raw) => read(message, raw))
    .filter((found) => found !== undefined)
}

function scriptOf(text: string): NameRepresentation {
  if (/^[\u0020-\u007e]+$/.test(text)) return 'ABC'
  return /^[\u3040-\u30ff\uff61-\uff9f\s\u3000]+$/.test(text) ? 'SYL' : 'IDE'
}

function readAddress(message: Er7Message, raw: string): Address | undefined {
  const whole = said(message, raw, 8)
  const parts = [4, 3, 1, 2].map((part) => said(message, raw, part)).join('')
  const text = whole === '' ? parts : whole
  const postalCode = said(message, raw, 5)
  if (text + postalCode === '') return undefined
  return { text, ...(postalCode === '' ? {} : { postalCode }) }
}

function readTelecom(message: Er7Message, raw: string): string | undefined {
  const area = [6, 7].flatMap((part) => said(message, raw, part) || []).join('-')
  const whole = [12, 4, 1].map((part) => said(message, raw, part)).find((found) => found !== '')
  const text = whole ?? area
  return text === '' ? undefined : text
}
