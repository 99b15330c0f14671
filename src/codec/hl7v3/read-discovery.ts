// Reads a patient discovery between communities, PRPA_IN201305UV02 under the rules of ITI-55 (ITI TF-2 3.55.4.1).

import { iheError } from '../../../profiles/errors/index.ts'
import type { DiscoveryId, DiscoveryQuery } from '../../model/discovery.ts'
import { formatIdentifier } from '../../model/hl7v3.ts'
import { type Oid, parseOid } from '../../model/identifiers.ts'
import type { SoughtName } from '../../model/pdq.ts'
import type { XmlElement } from '../xml/read.ts'
import { serialize } from '../xml/write.ts'
import {
  CONTROL,
  PARAMETERS,
  type ParameterValue,
  QUERY,
  readAddress,
  readBirth,
  readEach,
  readMinimumDegree,
  readOne,
  readSoughtName,
  single,
} from './demographics-parameters.ts'
import { readSex } from './person.ts'
import { DEMOGRAPHICS_QUERY_SHAPE } from './query-shapes.ts'
import { inScope } from './read-query.ts'
import { descend } from './read-query-response.ts'
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
} from './transmission.ts'

/** Whether the answer comes at once, or later to an address of its own (responsePriorityCode I or D). */
export type DiscoveryMode = 'immediate' | 'deferred'

/** What ITI-55 does not have; each would be a wish that the answer does not fulfil. */
const FORBIDDEN: readonly (readonly string[])[] = [
  ['initialQuantity'],
  ['initialQuantityCode'],
  ['sortControl'],
  ['matchCriterionList', 'id'],
  ['matchCriterionList', 'matchWeight'],
  ['parameterList', 'id'],
  ['parameterList', 'livingSubjectDeceasedTime'],
  ['parameterList', 'otherIDsScopingOrganization'],
  ['parameterList', 'patientStatusCode'],
  ['parameterList', 'principalCareProvisionId'],
]

/** Allowed, but every parameter must be used in matching, and this community knows nothing of these. */
const NOT_KEPT = ['livingSubjectBirthPlaceAddress', 'livingSubjectBirthPlaceName', 'principalCareProviderId'] as const

/**
 * The query in the Body child `body`.
 * @throws {IheError} the first deviation from schema or profile, with its XPath in `at`; XCPD_NOT_COMPARED for a parameter that could not
 * be used.
 */
export function readDiscovery(body: XmlElement, mode: DiscoveryMode): DiscoveryQuery {
  checkItsVersion(body)
  checkShape(body, DEMOGRAPHICS_QUERY_SHAPE, `/${body.name}`)
  const transmission = readTransmission(body)
  const controlAct = required(body, 'controlActProcess', `/${body.name}`)
  checkTrigger(controlAct, body.name)
  const query = required(controlAct, 'queryByParameter', CONTROL)
  checkQuery(query, mode)
  const list = required(query, 'parameterList', QUERY)
  const ids = readIds(list)
  const home = transmission.sender.organization
  const minimumScore = readMinimumDegree(query)
  return {
    transmission,
    queryId: readIdentifier(required(query, 'queryId', QUERY), `${QUERY}/queryId`),
    message: formatIdentifier(transmission.id),
    text: serialize(inScope(query, [body, controlAct])),
    ...(home === undefined ? {} : { home: { oid: home, at: HOME_AT } }),
    ...readCriteria(list, ids),
    ids,
    ...readReverse(controlAct, ids),
    ...(minimumScore === undefined ? {} : { minimumScore }),
    ...(mode === 'deferred' ? { respondTo: readRespondTo(body) } : {}),
  }
}

const HOME_AT = '/PRPA_IN201305UV02/sender/device/asAgent/representedOrganization/id/@root'

function checkQuery(query: XmlElement, mode: DiscoveryMode): void {
  const priority = mode === 'deferred' ? 'D' : 'I'
  for (const [name, code] of [
    ['statusCode', 'new'],
    ['responseModalityCode', 'R'],
    ['responsePriorityCode', priority],
  ] as const)
    requireCode(required(query, name, QUERY), code, `${QUERY}/${name}`)
  for (const path of FORBIDDEN)
    if (descend([query], path).length > 0)
      throw iheError('V3_STRUCTURE', { at: `${QUERY}/${path.join('/')}`, rule: 'not in ITI-55, TF-2 3.55.4.1.2' })
  const list = required(query, 'parameterList', QUERY)
  for (const name of NOT_KEPT)
    if (child(list, name) !== undefined) throw iheError('XCPD_NOT_COMPARED', { at: `${PARAMETERS}/${name}` })
}

type Criteria = Pick<DiscoveryQuery, 'names' | 'birth' | 'sex' | 'address' | 'telecoms' | 'mother'>

/** @throws {IheError} V3_ELEMENT_MISSING without name and birth date, unless an id is given. */
function readCriteria(list: XmlElement, ids: readonly DiscoveryId[]): Criteria {
  const names = readEach(list, 'livingSubjectName', readWholeName)
  const birth = readOne(list, 'livingSubjectBirthTime', readBirth)
  if (ids.length === 0) {
    const rule = 'name and birth date, or an id of the person'
    if (names.length === 0) throw iheError('V3_ELEMENT_MISSING', { at: `${PARAMETERS}/livingSubjectName`, rule })
    if (birth === undefined) throw iheError('V3_ELEMENT_MISSING', { at: `${PARAMETERS}/livingSubjectBirthTime`, rule })
  }
  const gender = single(list, 'livingSubjectAdministrativeGender')
  const sex = gender === undefined ? undefined : readSex(gender.value, gender.at)
  const address = readOne(list, 'patientAddress', readAddress)
  const mother = readOne(list, 'mothersMaidenName', readWholeName)
  return {
    names,
    ...(birth === undefined ? {} : { birth }),
    ...(sex === undefined ? {} : { sex }),
    ...(address === undefined ? {} : { address }),
    telecoms: readTelecoms(list),
    ...(mother === undefined ? {} : { mother }),
  }
}

/** A name as it is; nobody is looked for by the beginning of one. @throws {IheError} V3_VALUE */
function readWholeName(given: ParameterValue): SoughtName | undefined {
  const name = readSoughtName(given)
  if (name?.matching === 'inexact')
    throw iheError('V3_VALUE', { at: given.at, rule: 'a whole name, neither use SRCH nor an asterisk' })
  return name
}

/** One element whose values are alternatives. @throws {IheError} V3_TOO_MANY */
function readTelecoms(list: XmlElement): DiscoveryQuery['telecoms'] {
  const [parameter, second] = children(list, 'patientTelecom')
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${PARAMETERS}/patientTelecom[2]` })
  if (parameter === undefined) return []
  return children(parameter, 'value').flatMap((element, index) => {
    const value = element.attributes.get('value')
    return value === undefined ? [] : { value, at: `${PARAMETERS}/patientTelecom/value[${index + 1}]` }
  })
}

function readIds(list: XmlElement): readonly DiscoveryId[] {
  return readEach(list, 'livingSubjectId', ({ value, at }) => {
    const { root, extension } = readIdentifier(value, at)
    const authority = parseOid(root)
    if (authority === undefined) throw iheError('V3_DATA_TYPE', { at: `${at}/@root`, value: root, rule: 'OID' })
    if (extension === undefined) throw iheError('V3_ATTRIBUTE_MISSING', { at: `${at}/@extension` })
    return { id: { authority, value: extension }, at }
  })
}

/** The id of the authority that the asker names for questions in the other direction; of several none can be told apart. */
function readReverse(controlAct: XmlElement, ids: readonly DiscoveryId[]): Pick<DiscoveryQuery, 'reverse'> {
  const authority = readReverseAuthority(controlAct)
  const [id, second] = ids.filter((one) => one.id.authority === authority)
  return id === undefined || second !== undefined ? {} : { reverse: id.id }
}

function readReverseAuthority(controlAct: XmlElement): Oid | undefined {
  const [author] = children(controlAct, 'authorOrPerformer')
  const device = author === undefined ? undefined : child(author, 'assignedDevice')
  const id = device === undefined ? undefined : child(device, 'id')
  if (id === undefined || id.attributes.has('nullFlavor')) return undefined
  return readOidOnly(id, `${CONTROL}/authorOrPerformer[1]/assignedDevice/id`)
}

/** @throws {IheError} V3_ELEMENT_MISSING, V3_ATTRIBUTE_MISSING */
function readRespondTo(body: XmlElement): string {
  const at = `/${body.name}/respondTo`
  const telecom = required(required(body, 'respondTo', `/${body.name}`), 'telecom', at)
  const url = telecom.attributes.get('value')
  if (url === undefined) throw iheError('V3_ATTRIBUTE_MISSING', { at: `${at}/telecom/@value` })
  return url
}
