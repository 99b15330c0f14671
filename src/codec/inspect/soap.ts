// SOAP messages taken apart: addressing, fault, assertion, and what the body says as tables (ITI TF-2 Appendix V; ITI TF-3 4.2).

import { NS } from '../../../profiles/transactions/index.ts'
import type { Fact, InspectionTable } from '../../model/inspection.ts'
import { SOAP12, WSA, WSSE } from '../soap/constants.ts'
import type { XmlElement } from '../xml/element.ts'
import { attributeOf, childOf, elementsOf, textOf } from '../xml/navigate.ts'
import { errorTable, objectTable, parameterTable, requestedTable } from './ebrim.ts'
import { v3Facts, v3Table } from './hl7v3.ts'

export interface Apart {
  readonly title: string
  readonly facts: readonly Fact[]
  readonly tables: readonly InspectionTable[]
}

const ADDRESSING = ['Action', 'MessageID', 'RelatesTo', 'To', 'ReplyTo', 'FaultTo'] as const

export function takeSoapApart(envelope: XmlElement): Apart {
  const header = childOf(envelope, SOAP12, 'Header')
  const [content] = elementsOf(childOf(envelope, SOAP12, 'Body') ?? NOTHING)
  const facts = [...addressing(header), ...assertionFacts(header)]
  if (content === undefined) return { title: 'empty Body', facts, tables: [] }
  const body = takeBodyApart(content)
  return { title: body.title, facts: [...facts, ...body.facts], tables: body.tables }
}

const NOTHING: XmlElement = { ns: '', name: '', attributes: new Map(), children: [], prefixes: new Map() }

/** The body of an envelope, or a document that has none. */
export function takeBodyApart(content: XmlElement): Apart {
  const tables = [
    parameterTable(content),
    requestedTable(content),
    objectTable(content),
    errorTable(content),
    content.ns === NS.hl7 ? v3Table(content) : undefined,
  ].filter((table) => table !== undefined)
  const facts = [...statusFacts(content), ...faultFacts(content), ...(content.ns === NS.hl7 ? v3Facts(content) : [])]
  return { title: content.name, facts, tables }
}

function addressing(header: XmlElement | undefined): readonly Fact[] {
  if (header === undefined) return [{ name: 'Header', value: 'none' }]
  return ADDRESSING.flatMap((name) => {
    const block = childOf(header, WSA, name)
    if (block === undefined) return []
    const address = childOf(block, WSA, 'Address')
    return [{ name: `wsa:${name}`, value: textOf(address ?? block).trim() }]
  })
}

function assertionFacts(header: XmlElement | undefined): readonly Fact[] {
  const security = header === undefined ? undefined : childOf(header, WSSE, 'Security')
  const assertion = security === undefined ? undefined : elementsOf(security).find(({ name }) => name === 'Assertion')
  if (assertion === undefined) return []
  const conditions = elementsOf(assertion).find(({ name }) => name === 'Conditions')
  const until = conditions === undefined ? undefined : attributeOf(conditions, 'NotOnOrAfter')
  return [{ name: 'SAML assertion', value: until === undefined ? 'without time limit' : `valid before ${until}` }]
}

function statusFacts(content: XmlElement): readonly Fact[] {
  const holder = [content, ...elementsOf(content)].find((element) => attributeOf(element, 'status') !== undefined)
  const status = holder === undefined ? undefined : attributeOf(holder, 'status')
  return status === undefined || content.ns === NS.rim ? [] : [{ name: 'status', value: status }]
}

function faultFacts(content: XmlElement): readonly Fact[] {
  if (content.ns !== SOAP12 || content.name !== 'Fault') return []
  const texts = (element: XmlElement | undefined): string =>
    element === undefined
      ? ''
      : [textOf(element), ...elementsOf(element).map(texts)].join(' ').replace(/\s+/g, ' ').trim()
  return [
    { name: 'fault code', value: texts(childOf(content, SOAP12, 'Code')) },
    { name: 'fault reason', value: texts(childOf(content, SOAP12, 'Reason')) },
  ]
}
