// Reads a patient demographics query, PRPA_IN201305UV02, its continuation and its cancellation, QUQI_IN000003UV01 (ITI TF-2 3.47.4).

import { iheError } from '../../../profiles/errors/index.ts'
import { formatIdentifier } from '../../model/hl7v3.ts'
import type { DemographicsCancellation, DemographicsContinuation, DemographicsQuery } from '../../model/hl7v3-pdq.ts'
import { parseOid } from '../../model/identifiers.ts'
import type { PdqQuery, SoughtAddress, SoughtBirth, SoughtId, SoughtName } from '../../model/pdq.ts'
import type { XmlElement } from '../xml/read.ts'
import { serialize } from '../xml/write.ts'
import { ADDRESS_PARTS, isCalendarTime, partText, readName, readSex } from './person.ts'
import { CONTINUATION_SHAPE, DEMOGRAPHICS_QUERY_SHAPE } from './query-shapes.ts'
import { inScope, onlyValue } from './read-query.ts'
import { checkShape } from './shape.ts'
import {
  checkItsVersion,
  checkTrigger,
  child,
  children,
  readIdentifier,
  readOidOnly,
  readTransmission,
  requireCode,
  required,
  XSI_TYPE,
} from './transmission.ts'

const CONTROL = '/PRPA_IN201305UV02/controlActProcess'
const QUERY = `${CONTROL}/queryByParameter`
const PARAMETERS = `${QUERY}/parameterList`
const MAX_SCORE = 100
const BIRTH_DATE_DIGITS = 8

/**
 * The query in the Body child `body`. Parameters that ITI-47 does not use (birth place, death, status, principal care) are not looked
 * at, nor is sortControl; any semanticsText is accepted.
 * @throws {IheError} the first deviation from schema or profile, with its XPath in `at`.
 */
export function readDemographicsQuery(body: XmlElement): DemographicsQuery {
  checkItsVersion(body)
  checkShape(body, DEMOGRAPHICS_QUERY_SHAPE, `/${body.name}`)
  const transmission = readTransmission(body)
  const controlAct = required(body, 'controlActProcess', `/${body.name}`)
  checkTrigger(controlAct, body.name)
  const query = required(controlAct, 'queryByParameter', CONTROL)
  for (const [name, code] of FIXED) requireCode(required(query, name, QUERY), code, `${QUERY}/${name}`)
  const queryId = readIdentifier(required(query, 'queryId', QUERY), `${QUERY}/queryId`)
  return {
    transmission,
    queryId,
    key: keyOf(queryId),
    keyAt: `${QUERY}/queryId`,
    message: formatIdentifier(transmission.id),
    text: serialize(inScope(query, [body, controlAct])),
    ...readParameters(required(query, 'parameterList', QUERY)),
    ...readLimits(query),
    withoutWantedIds: 'kept',
  }
}

const FIXED = [
  ['statusCode', 'new'],
  ['responseModalityCode', 'R'],
  ['responsePriorityCode', 'I'],
] as const

function keyOf(queryId: DemographicsQuery['queryId']): string {
  return `ITI-47 ${formatIdentifier(queryId)}`
}

function readLimits(query: XmlElement): Pick<PdqQuery, 'initialQuantity' | 'minimumScore'> {
  const unit = child(query, 'initialQuantityCode')
  if (unit !== undefined) requireCode(unit, 'RD', `${QUERY}/initialQuantityCode`)
  const initialQuantity = readNumber(child(query, 'initialQuantity'), `${QUERY}/initialQuantity`)
  const minimumScore = readMinimumDegree(query)
  return {
    ...(initialQuantity === undefined ? {} : { initialQuantity }),
    ...(minimumScore === undefined ? {} : { minimumScore }),
  }
}

/** An INT of at least one; undefined when the element is absent or null. @throws {IheError} V3_VALUE */
function readNumber(element: XmlElement | undefined, at: string): number | undefined {
  if (element === undefined || element.attributes.has('nullFlavor')) return undefined
  const value = element.attributes.get('value') ?? ''
  if (!/^[1-9]\d{0,8}$/.test(value)) throw iheError('V3_VALUE', { at: `${at}/@value`, value, rule: 'a number from 1' })
  return Number(value)
}

/** @throws {IheError} V3_DATA_TYPE for another xsi:type than INT, V3_VALUE outside of 0 to 100. */
function readMinimumDegree(query: XmlElement): number | undefined {
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

type Parameters = Pick<PdqQuery, 'names' | 'sex' | 'birth' | 'address' | 'ids' | 'mother' | 'telecom' | 'domains'>

function readParameters(list: XmlElement): Parameters {
  const gender = single(list, 'livingSubjectAdministrativeGender')
  const sex = gender === undefined ? undefined : readSex(gender.value, gender.at)
  const birth = readOne(list, 'livingSubjectBirthTime', readBirth)
  const address = readOne(list, 'patientAddress', readAddress)
  const mother = readOne(list, 'mothersMaidenName', readSoughtName)
  const telecom = readOne(list, 'patientTelecom', ({ value, at }) => {
    const uri = value.attributes.get('value')
    return uri === undefined ? undefined : { value: uri, at }
  })
  return {
    names: readEach(list, 'livingSubjectName', readSoughtName),
    ...(sex === undefined ? {} : { sex }),
    ...(birth === undefined ? {} : { birth }),
    ...(address === undefined ? {} : { address }),
    ids: readEach(list, 'livingSubjectId', readSoughtId),
    ...(mother === undefined ? {} : { mother }),
    ...(telecom === undefined ? {} : { telecom }),
    domains: valuesOf(list, 'otherIDsScopingOrganization').map(({ value, at }) => ({
      domain: readOidOnly(value, at),
      at,
    })),
  }
}

interface ParameterValue {
  readonly value: XmlElement
  readonly at: string
}

/** The one value of every repetition of a parameter, null or not. */
function valuesOf(list: XmlElement, name: string): readonly ParameterValue[] {
  return children(list, name).map((parameter, index) => {
    const at = `${PARAMETERS}/${name}[${index + 1}]`
    return { value: onlyValue(parameter, at), at: `${at}/value` }
  })
}

/** What the repetitions of a parameter say; a null value asks for nothing. */
function readEach<T>(list: XmlElement, name: string, read: (given: ParameterValue) => T | undefined): readonly T[] {
  return valuesOf(list, name).flatMap((given) => (given.value.attributes.has('nullFlavor') ? [] : (read(given) ?? [])))
}

function readOne<T>(list: XmlElement, name: string, read: (given: ParameterValue) => T | undefined): T | undefined {
  const given = single(list, name)
  return given === undefined ? undefined : read(given)
}

/** A parameter that may come once. @throws {IheError} V3_TOO_MANY */
function single(list: XmlElement, name: string): ParameterValue | undefined {
  const [first, second] = valuesOf(list, name)
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${PARAMETERS}/${name}[2]` })
  return first?.value.attributes.has('nullFlavor') === true ? undefined : first
}

/** `use="SRCH"` asks for more than equal names, and so does an asterisk at the end of a part. */
function readSoughtName({ value, at }: ParameterValue): SoughtName | undefined {
  const name = readName(value)
  if (name === undefined) return undefined
  const [family, given] = [name.family, name.given].map((part) => part.replace(/[*＊]+$/, '').trim())
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
function readBirth({ value, at }: ParameterValue): SoughtBirth {
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
function readAddress({ value, at }: ParameterValue): SoughtAddress | undefined {
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
function readSoughtId({ value, at }: ParameterValue): SoughtId {
  const { root, extension } = readIdentifier(value, at)
  const authority = parseOid(root)
  if (authority === undefined) throw iheError('V3_DATA_TYPE', { at: `${at}/@root`, value: root, rule: 'OID' })
  return { authority, ...(extension === undefined ? {} : { value: extension }), at }
}

interface Continuation {
  readonly element: XmlElement
  readonly at: string
  readonly common: Pick<DemographicsContinuation, 'transmission' | 'queryId' | 'key' | 'keyAt' | 'message' | 'text'>
}

function readContinuationWrapper(body: XmlElement, status: string): Continuation {
  const at = `/${body.name}/controlActProcess/queryContinuation`
  checkItsVersion(body)
  checkShape(body, CONTINUATION_SHAPE, `/${body.name}`)
  const transmission = readTransmission(body)
  const controlAct = required(body, 'controlActProcess', `/${body.name}`)
  checkTrigger(controlAct, body.name)
  const element = required(controlAct, 'queryContinuation', `/${body.name}/controlActProcess`)
  requireCode(required(element, 'statusCode', at), status, `${at}/statusCode`)
  const queryId = readIdentifier(required(element, 'queryId', at), `${at}/queryId`)
  const message = formatIdentifier(transmission.id)
  const text = serialize(inScope(element, [body, controlAct]))
  return {
    element,
    at,
    common: { transmission, queryId, key: keyOf(queryId), keyAt: `${at}/queryId`, message, text },
  }
}

/** The next page, or one from a result on (3.47.4.3). @throws {IheError} as {@link readDemographicsQuery}. */
export function readDemographicsContinuation(body: XmlElement): DemographicsContinuation {
  const { element, at, common } = readContinuationWrapper(body, 'waitContinuedQueryResponse')
  const start = readNumber(child(element, 'startResultNumber'), `${at}/startResultNumber`)
  const quantity = readNumber(child(element, 'continuationQuantity'), `${at}/continuationQuantity`)
  return {
    ...common,
    ...(start === undefined ? {} : { start }),
    ...(quantity === undefined ? {} : { quantity }),
  }
}

/** No more pages are wanted (3.47.4.4). @throws {IheError} as {@link readDemographicsQuery}. */
export function readDemographicsCancellation(body: XmlElement): DemographicsCancellation {
  return readContinuationWrapper(body, 'aborted').common
}
