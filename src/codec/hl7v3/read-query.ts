// Reads a PIX query, PRPA_IN201309UV02 (ITI TF-2 3.45.4.1).

import { iheError } from '../../../profiles/errors/index.ts'
import type { PixQuery } from '../../model/hl7v3.ts'
import { parseOid } from '../../model/identifiers.ts'
import type { LocatedPatientId } from '../../model/identity-feed.ts'
import type { XmlElement } from '../xml/read.ts'
import { serialize } from '../xml/write.ts'
import { checkShape } from './shape.ts'
import { QUERY_SHAPE } from './shapes.ts'
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
export function readQuery(body: XmlElement): PixQuery {
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
    dataSources: children(parameters, 'dataSource').map((source, index) => {
      const at = `${PARAMETERS}/dataSource[${index + 1}]`
      return { domain: readOidOnly(onlyValue(source, at), `${at}/value`), at: `${at}/value` }
    }),
    queryByParameter: serialize(inScope(query, [body, controlAct])),
  }
}

/** Copies the prefixes declared around `element` onto it, so that a QName in a value (xsi:type) still resolves in the echo. */
function inScope(element: XmlElement, ancestors: readonly XmlElement[]): XmlElement {
  if (ancestors.every((ancestor) => ancestor.prefixes.size === 0)) return element
  return {
    ...element,
    prefixes: new Map([...ancestors, element].flatMap((holder) => [...holder.prefixes])),
  }
}

function readPatientIdentifier(parameters: XmlElement): LocatedPatientId {
  const at = `${PARAMETERS}/patientIdentifier`
  const [parameter, second] = children(parameters, 'patientIdentifier')
  if (parameter === undefined) throw iheError('V3_ELEMENT_MISSING', { at })
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${at}[2]` })
  const { root, extension } = readIdentifier(onlyValue(parameter, at), `${at}/value`)
  const authority = parseOid(root)
  if (authority === undefined) throw iheError('V3_DATA_TYPE', { at: `${at}/value/@root`, value: root, rule: 'OID' })
  if (extension === undefined) throw iheError('V3_ATTRIBUTE_MISSING', { at: `${at}/value/@extension` })
  return { id: { value: extension, authority }, at: `${at}/value` }
}

function onlyValue(parameter: XmlElement, at: string): XmlElement {
  const [value, second] = children(parameter, 'value')
  if (value === undefined) throw iheError('V3_ELEMENT_MISSING', { at: `${at}/value` })
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${at}/value[2]` })
  return value
}
