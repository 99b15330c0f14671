// Reads the parameters of a query by demographics, PRPA_IN201305UV02, whichever transaction asks (ITI TF-2 3.47.4.1.2, 3.55.4.1.2).

import { iheError } from '../../../profiles/errors/index.ts'
import { parseOid } from '../../model/identifiers.ts'
import type { SoughtAddress, SoughtBirth, SoughtId, SoughtName } from '../../model/pdq.ts'
import { withoutEnd } from '../../model/text-end.ts'
import type { XmlElement } from '../xml/read.ts'
import { ADDRESS_PARTS, isCalendarTime, partText, readName } from './person.ts'
import { onlyValue } from './read-query.ts'
import { child, children, readIdentifier, XSI_TYPE } from './transmission.ts'

export const CONTROL = '/PRPA_IN201305UV02/controlActProcess'
export const QUERY = `${CONTROL}/queryByParameter`
export const PARAMETERS = `${QUERY}/parameterList`
const MAX_SCORE = 100
const BIRTH_DATE_DIGITS = 8

/** @throws {IheError} V3_DATA_TYPE for another xsi:type than INT, V3_VALUE outside of 0 to 100. */
export function readMinimumDegree(query: XmlElement): number | undefined {
  const list = child(query, 'matchCriterionList')
  const degree = list === undefined ? undefined : child(list, 'minimumDegreeMatch')
  if (degree === undefined) return undefined
  const at = `${QUERY}/matchCriterionList/minimumDegreeMatch/value`
  const element = onlyValue(degree, `${QUERY}/matchCriterionList/minimumDegreeMatch`)
  const type = element.attributes.get(XSI_TYPE) ?? 'INT'
  if (!/^([^:]+:)?INT$/.test(type)) throw iheError('V3_DATA_TYPE', { at: `${at}/@xsi:type`, value: type, rule: 'INT' })
  const value = element.attributes.get('value')
  if (value === undefined) return undefined
  if (!/^\d{1,3}$/.test(value) || Number(value) > MAX_SCORE)
    throw iheError('V3_VALUE', { at: `${at}/@value`, value, rule: '0 to 100' })
  return Number(value)
}

export interface ParameterValue {
  readonly value: XmlElement
  readonly at: string
}

/** The one value of every repetition of a parameter, null or not. */
export function valuesOf(list: XmlElement, name: string): readonly ParameterValue[] {
  return children(list, name).map((parameter, index) => {
    const at = `${PARAMETERS}/${name}[${index + 1}]`
    return { value: onlyValue(parameter, at), at: `${at}/value` }
  })
}

/** What the repetitions of a parameter say; a null value asks for nothing. */
export function readEach<T>(
  list: XmlElement,
  name: string,
  read: (given: ParameterValue) => T | undefined,
): readonly T[] {
  return valuesOf(list, name).flatMap((given) => (given.value.attributes.has('nullFlavor') ? [] : (read(given) ?? [])))
}

export function readOne<T>(
  list: XmlElement,
  name: string,
  read: (given: ParameterValue) => T | undefined,
): T | undefined {
  const given = single(list, name)
  return given === undefined ? undefined : read(given)
}

/** A parameter that may come once. @throws {IheError} V3_TOO_MANY */
export function single(list: XmlElement, name: string): ParameterValue | undefined {
  const [first, second] = valuesOf(list, name)
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${PARAMETERS}/${name}[2]` })
  return first?.value.attributes.has('nullFlavor') === true ? undefined : first
}

/** `use="SRCH"` asks for more than equal names, and so does an asterisk at the end of a part. */
export function readSoughtName({ value, at }: ParameterValue): SoughtName | undefined {
  const name = readName(value)
  if (name === undefined) return undefined
  const [family, given] = [name.family, name.given].map((part) => withoutEnd(part, /[*＊]/).trim())
  const isSearch = value.attributes.get('use')?.split(/\s+/).includes('SRCH') === true
  const isOpen = /[*＊]$/.test(name.family) || /[*＊]$/.test(name.given)
  return {
    ...(family === undefined || family === '' ? {} : { family }),
    ...(given === undefined || given === '' ? {} : { given }),
    matching: isSearch || isOpen ? 'inexact' : 'exact',
    at,
  }
}

/** An IVL_TS: a value, or bounds. @throws {IheError} V3_ELEMENT_MISSING without any, V3_DATA_TYPE for what is no date. */
export function readBirth({ value, at }: ParameterValue): SoughtBirth {
  const date = readDate(value, at)
  if (date !== undefined) return { kind: 'date', date, at }
  const [low, high] = ['low', 'high'].map((name) => readDate(child(value, name), `${at}/${name}`))
  if (low === undefined && high === undefined)
    throw iheError('V3_ATTRIBUTE_MISSING', { at: `${at}/@value`, rule: 'a value, or low, high or both' })
  return {
    kind: 'range',
    ...(low === undefined ? {} : { low }),
    ...(high === undefined ? {} : { high }),
    at,
  }
}

function readDate(element: XmlElement | undefined, at: string): string | undefined {
  const value = element?.attributes.get('value')
  if (value === undefined) return undefined
  if (!isCalendarTime(value))
    throw iheError('V3_DATA_TYPE', { at: `${at}/@value`, rule: 'TS YYYY[MM[DD[hh[mm[ss]]]]]' })
  return value.slice(0, BIRTH_DATE_DIGITS)
}

/** Parts that are not compared (country, delimiters) do not narrow the search; bare text is one part. */
export function readAddress({ value, at }: ParameterValue): SoughtAddress | undefined {
  const named = ADDRESS_PARTS.map((name) => partText(value, name)).filter((text) => text !== '')
  const bare = value.children
    .flatMap((node) => (typeof node === 'string' ? node.trim() : []))
    .filter((text) => text !== '')
  const postalCode = partText(value, 'postalCode')
  const parts = named.length === 0 ? bare : named
  if (postalCode === '' && parts.length === 0) return undefined
  return { ...(postalCode === '' ? {} : { postalCode }), parts, at }
}

/** @throws {IheError} V3_DATA_TYPE for a root that is no OID. */
export function readSoughtId({ value, at }: ParameterValue): SoughtId {
  const { root, extension } = readIdentifier(value, at)
  const authority = parseOid(root)
  if (authority === undefined) throw iheError('V3_DATA_TYPE', { at: `${at}/@root`, value: root, rule: 'OID' })
  return { authority, ...(extension === undefined ? {} : { value: extension }), at }
}
