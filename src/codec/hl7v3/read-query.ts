// Reads a PIX query, PRPA_IN201309UV02 (ITI TF-2 3.45.4.1).

import { iheError } from '../../../profiles/errors/index.ts'
import { formatIdentifier, type PixV3Query } from '../../model/hl7v3.ts'
import { parseOid } from '../../model/identifiers.ts'
import type { XmlElement } from '../xml/read.ts'
import { serialize } from '../xml/write.ts'
import { QUERY_SHAPE } from './query-shapes.ts'
import { checkShape } from './shape.ts'
import {
  checkItsVersion,
  checkTrigger,
  children,
  readIdentifier,
  readOidOnly,
  readTransmission,
  requireCode,
  required,
} from './transmission.ts'

const QUERY = '/PRPA_IN201309UV02/controlActProcess/queryByParameter'
const PARAMETERS = `${QUERY}/parameterList`

/**
 * The query in the Body child `body`. Any semanticsText is accepted, as peers differ in it.
 * @throws {IheError} the first deviation from schema or profile, with its XPath in `at`.
 */
export function readQuery(body: XmlElement): PixV3Query {
  checkItsVersion(body)
  checkShape(body, QUERY_SHAPE, `/${body.name}`)
  const transmission = readTransmission(body)
  const controlAct = required(body, 'controlActProcess', `/${body.name}`)
  checkTrigger(controlAct, body.name)
  const query = required(controlAct, 'queryByParameter', '/PRPA_IN201309UV02/controlActProcess')
  requireCode(required(query, 'statusCode', QUERY), 'new', `${QUERY}/statusCode`)
  requireCode(required(query, 'responsePriorityCode', QUERY), 'I', `${QUERY}/responsePriorityCode`)
  const parameters = required(query, 'parameterList', QUERY)
  return {
    transmission,
    queryId: readIdentifier(required(query, 'queryId', QUERY), `${QUERY}/queryId`),
    patient: readPatientIdentifier(parameters),
    domains: children(parameters, 'dataSource').map((source, index) => {
      const at = `${PARAMETERS}/dataSource[${index + 1}]`
      const universalId = readOidOnly(onlyValue(source, at), `${at}/value`)
      return { namespace: '', universalId, at: `${at}/value` }
    }),
    warnings: [],
    asked: { id: formatIdentifier(transmission.id), text: serialize(inScope(query, [body, controlAct])) },
  }
}

/** Copies the prefixes declared around `element` onto it, so that a QName in a value (xsi:type) still resolves in the echo. */
export function inScope(element: XmlElement, ancestors: readonly XmlElement[]): XmlElement {
  if (ancestors.every(({ prefixes, outer }) => prefixes.size === 0 && outer === undefined)) return element
  return {
    ...element,
    prefixes: new Map([...ancestors, element].flatMap(({ outer = [], prefixes }) => [...outer, ...prefixes])),
  }
}

function readPatientIdentifier(parameters: XmlElement): PixV3Query['patient'] {
  const at = `${PARAMETERS}/patientIdentifier`
  const [parameter, second] = children(parameters, 'patientIdentifier')
  if (parameter === undefined) throw iheError('V3_ELEMENT_MISSING', { at })
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${at}[2]` })
  const { root, extension } = readIdentifier(onlyValue(parameter, at), `${at}/value`)
  if (parseOid(root) === undefined)
    throw iheError('V3_DATA_TYPE', { at: `${at}/value/@root`, value: root, rule: 'OID' })
  if (extension === undefined) throw iheError('V3_ATTRIBUTE_MISSING', { at: `${at}/value/@extension` })
  return { value: extension, namespace: '', universalId: root, at: `${at}/value`, domainAt: `${at}/value` }
}

/** The value of a parameter. @throws {IheError} V3_ELEMENT_MISSING, V3_TOO_MANY */
export function onlyValue(parameter: XmlElement, at: string): XmlElement {
  const [value, second] = children(parameter, 'value')
  if (value === undefined) throw iheError('V3_ELEMENT_MISSING', { at: `${at}/value` })
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${at}/value[2]` })
  return value
}
