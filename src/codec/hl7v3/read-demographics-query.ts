// Reads a patient demographics query, PRPA_IN201305UV02, its continuation and its cancellation, QUQI_IN000003UV01 (ITI TF-2 3.47.4).

import { iheError } from '../../../profiles/errors/index.ts'
import { formatIdentifier } from '../../model/hl7v3.ts'
import type { DemographicsCancellation, DemographicsContinuation, DemographicsQuery } from '../../model/hl7v3-pdq.ts'
import type { PdqQuery } from '../../model/pdq.ts'
import type { XmlElement } from '../xml/read.ts'
import { serialize } from '../xml/write.ts'
import {
  CONTROL,
  QUERY,
  readAddress,
  readBirth,
  readEach,
  readMinimumDegree,
  readOne,
  readSoughtId,
  readSoughtName,
  single,
  valuesOf,
} from './demographics-parameters.ts'
import { readSex } from './person.ts'
import { CONTINUATION_SHAPE, DEMOGRAPHICS_QUERY_SHAPE } from './query-shapes.ts'
import { inScope } from './read-query.ts'
import { checkShape } from './shape.ts'
import {
  checkItsVersion,
  checkTrigger,
  child,
  readIdentifier,
  readOidOnly,
  readTransmission,
  requireCode,
  required,
} from './transmission.ts'

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

/** An INT of at least one, with leading zeros as it may have them (xs:int); undefined when the element is absent or null. @throws {IheError} V3_VALUE */
function readNumber(element: XmlElement | undefined, at: string): number | undefined {
  if (element === undefined || element.attributes.has('nullFlavor')) return undefined
  const value = element.attributes.get('value') ?? ''
  if (!/^\+?0*[1-9]\d{0,8}$/.test(value))
    throw iheError('V3_VALUE', { at: `${at}/@value`, value, rule: 'a number from 1' })
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
    withoutWantedIds: 'kept',
    ...(start === undefined ? {} : { start }),
    ...(quantity === undefined ? {} : { quantity }),
  }
}

/** No more pages are wanted (3.47.4.4). @throws {IheError} as {@link readDemographicsQuery}. */
export function readDemographicsCancellation(body: XmlElement): DemographicsCancellation {
  return readContinuationWrapper(body, 'aborted').common
}
