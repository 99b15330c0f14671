// Reads what a v3 feed says about a person: names in three scripts, sex, birth, addresses, telecoms (ITI TF-2 3.44.4.1.2.1; HL7 v3 PN, AD).

import { iheError } from '../../../profiles/errors/index.ts'
import type { IheError } from '../../model/error.ts'
import type { DemographicField } from '../../model/identity-feed.ts'
import type { Address, Demographics, NameRepresentation, PersonName } from '../../model/person.ts'
import { textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { child, children } from './transmission.ts'

export interface ReadPerson {
  readonly demographics: Demographics
  readonly masked: readonly DemographicField[]
  readonly warnings: readonly IheError[]
}

const GENDER_SYSTEM = '2.16.840.1.113883.5.1'
const REPLACEMENT_CHARACTER = '\ufffd'
const HAN = /\p{Script=Han}/u
const KANA = /^[\p{Script=Hiragana}\p{Script=Katakana}\u30fb\u30fc\uff65\uff70\uff9e\uff9f\s]+$/u
const JAPANESE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u
/** Half- or full-width: `\s` holds U+3000. */
const FIRST_BLANK = /^(\S+)\s+(.+)$/su

/** Address parts as one line is written in Japan, prefecture first; country and postal code stand apart. */
export const ADDRESS_PARTS = [
  'state',
  'county',
  'city',
  'precinct',
  'streetName',
  'houseNumber',
  'streetAddressLine',
  'additionalLocator',
  'unitID',
] as const

/**
 * The person of a feed; `patient` may carry addresses and telecoms of its own.
 * @param at XPath of `person`.
 * @throws {IheError} V3_VALUE or V3_CODE_SYSTEM for the sex, V3_DATA_TYPE for the birth time. No value of the person is put into an error.
 */
export function readPerson(patient: XmlElement, person: XmlElement, at: string): ReadPerson {
  const nameElements = children(person, 'name')
  const names = nameElements.flatMap((name) => readName(name) ?? [])
  const sex = readSex(child(person, 'administrativeGenderCode'), `${at}/administrativeGenderCode`)
  const birthTime = readBirthTime(child(person, 'birthTime'), `${at}/birthTime`)
  const addressElements = [...children(person, 'addr'), ...children(patient, 'addr')]
  const telecomElements = [...children(person, 'telecom'), ...children(patient, 'telecom')]
  return {
    demographics: {
      names,
      ...(sex === undefined ? {} : { sex }),
      ...(birthTime === undefined ? {} : { birthTime }),
      addresses: addressElements.flatMap((address) => readAddress(address) ?? []),
      telecoms: telecomElements.flatMap((telecom) => telecom.attributes.get('value') ?? []),
      ...readCircumstances(person),
      ...(isRestricted(patient) ? { restricted: true } : {}),
    },
    masked: maskedFields({
      names: nameElements,
      sex: children(person, 'administrativeGenderCode'),
      birthTime: children(person, 'birthTime'),
      addresses: addressElements,
      telecoms: telecomElements,
    }),
    warnings: names.flatMap((name, index) =>
      `${name.family}${name.given}`.includes(REPLACEMENT_CHARACTER)
        ? iheError('V3_LOST_CHARACTER', { at: `${at}/name[${index + 1}]` })
        : [],
    ),
  }
}

/** Birth, death and mother; what is not said, or not said legibly, is left out. */
function readCircumstances(
  person: XmlElement,
): Pick<Demographics, 'multipleBirth' | 'birthOrder' | 'deceased' | 'mother'> {
  const multipleBirth = readBoolean(child(person, 'multipleBirthInd'))
  const order = child(person, 'multipleBirthOrderNumber')?.attributes.get('value') ?? ''
  const hasDied = child(person, 'deceasedTime')?.attributes.has('value') === true
  const deceased = hasDied ? true : readBoolean(child(person, 'deceasedInd'))
  const mother = readMother(person)
  return {
    ...(multipleBirth === undefined ? {} : { multipleBirth }),
    ...(BIRTH_ORDER.test(order) ? { birthOrder: Number(order) } : {}),
    ...(deceased === undefined ? {} : { deceased }),
    ...(mother.length === 0 ? {} : { mother }),
  }
}

const BIRTH_ORDER = /^[1-9]\d?$/

function readBoolean(element: XmlElement | undefined): boolean | undefined {
  const value = element?.attributes.get('value')
  return value === undefined ? undefined : value === 'true'
}

/** Her maiden name (qualifier BR) comes first. */
function readMother(person: XmlElement): readonly PersonName[] {
  const names = children(person, 'personalRelationship')
    .filter((relationship) => child(relationship, 'code')?.attributes.get('code') === 'MTH')
    .flatMap((relationship) => children(relationship, 'relationshipHolder1'))
    .flatMap((holder) => children(holder, 'name'))
  const [maiden, others] = [names.filter(isMaidenName), names.filter((name) => !isMaidenName(name))]
  return [...maiden, ...others].flatMap((name) => readName(name) ?? [])
}

function isMaidenName(name: XmlElement): boolean {
  return children(name, 'family').some((part) => part.attributes.get('qualifier')?.split(/\s+/).includes('BR'))
}

const RESTRICTED: ReadonlySet<string> = new Set(['R', 'V'])

function isRestricted(patient: XmlElement): boolean {
  return (
    child(patient, 'veryImportantPersonCode')?.attributes.has('code') === true ||
    children(patient, 'confidentialityCode').some((code) => RESTRICTED.has(code.attributes.get('code') ?? ''))
  )
}

type MaskableField = 'names' | 'sex' | 'birthTime' | 'addresses' | 'telecoms'

function maskedFields(sources: Readonly<Record<MaskableField, readonly XmlElement[]>>): readonly DemographicField[] {
  const fields: readonly MaskableField[] = ['names', 'sex', 'birthTime', 'addresses', 'telecoms']
  return fields.filter((field) => sources[field].some((element) => element.attributes.get('nullFlavor') === 'MSK'))
}

/** A PN or EN; undefined when it is null or empty. Parts are taken by element name, whatever their order. */
export function readName(element: XmlElement): PersonName | undefined {
  if (element.attributes.has('nullFlavor')) return undefined
  let family = partText(element, 'family')
  let given = partText(element, 'given')
  if (family === '' && given === '') {
    const bare = ownText(element)
    const split = FIRST_BLANK.exec(bare)
    family = split?.[1] ?? bare
    given = split?.[2] ?? ''
  }
  if (family === '' && given === '') return undefined
  return { representation: representationOf(element.attributes.get('use'), family + given), family, given }
}

function representationOf(use: string | undefined, text: string): NameRepresentation {
  const stated = use?.split(/\s+/).find((code) => code === 'IDE' || code === 'SYL' || code === 'ABC')
  if (stated === 'IDE' || stated === 'SYL' || stated === 'ABC') return stated
  if (HAN.test(text)) return 'IDE'
  return KANA.test(text) ? 'SYL' : 'ABC'
}

export function partText(element: XmlElement, name: string): string {
  return children(element, name)
    .map(ownText)
    .filter((text) => text !== '')
    .join(' ')
}

export function ownText(element: XmlElement): string {
  return textOf(element).trim()
}

export function readSex(element: XmlElement | undefined, at: string): Demographics['sex'] {
  const code = element?.attributes.get('code')
  const system = element?.attributes.get('codeSystem')
  if (code === undefined) return undefined
  if (system !== undefined && system !== GENDER_SYSTEM) {
    throw iheError('V3_CODE_SYSTEM', { at: `${at}/@codeSystem`, value: system, rule: GENDER_SYSTEM })
  }
  if (code !== 'M' && code !== 'F' && code !== 'UN') {
    throw iheError('V3_VALUE', { at: `${at}/@code`, rule: 'must be M, F or UN' })
  }
  return code
}

/** The schema's pattern admits any digits; a birth time must also be a date of the calendar, of at least a year. */
function readBirthTime(element: XmlElement | undefined, at: string): string | undefined {
  const value = element?.attributes.get('value')
  if (value === undefined) return undefined
  if (!isCalendarTime(value))
    throw iheError('V3_DATA_TYPE', { at: `${at}/@value`, rule: 'TS YYYY[MM[DD[hh[mm[ss]]]]]' })
  // A day of birth is the one that is written; with its zone it would be no date to those who compare.
  return /^\d+/.exec(value)?.[0]
}

const PARTIAL_TIME = /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.\d+)?)?)?)?)?)?(?:[+-]\d{1,4})?$/

export function isCalendarTime(value: string): boolean {
  const parts = PARTIAL_TIME.exec(value)
  if (parts === null) return false
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)))
  const date = new Date(Date.UTC(year, month - 1, day))
  date.setUTCFullYear(year)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
}

function readAddress(element: XmlElement): Address | undefined {
  if (element.attributes.has('nullFlavor')) return undefined
  const parts = ADDRESS_PARTS.map((name) => partText(element, name)).filter((text) => text !== '')
  const joined = parts.join(parts.some((text) => JAPANESE.test(text)) ? '' : ' ')
  const text = joined === '' ? ownText(element) : joined
  const postalCode = partText(element, 'postalCode')
  if (text === '' && postalCode === '') return undefined
  return postalCode === '' ? { text } : { postalCode, text }
}
