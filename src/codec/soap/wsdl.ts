// WSDL of an actor, generated from the transaction rows (ITI TF-2 Appendix V.2): names as IHE's own WSDLs have them.

import { NS, type Transaction } from '../../../profiles/transactions/index.ts'
import { el, type Markup, trusted } from '../xml/write.ts'
import { SCHEMA_PREFIXES } from './schema-tables.ts'
import { writeSchemas } from './schemas.ts'

const TARGET_NAMESPACE: Readonly<Record<Transaction['actor'], string>> = {
  DocumentRegistry: 'urn:ihe:iti:xds-b:2007',
  DocumentRepository: 'urn:ihe:iti:xds-b:2007',
  PIXManager: 'urn:ihe:iti:pixv3:2007',
  PIXConsumer: 'urn:ihe:iti:pixv3:2007',
  PDSupplier: 'urn:ihe:iti:pdqv3:2007',
  RespondingGateway: 'urn:ihe:iti:xds-b:2007',
  InitiatingGateway: 'urn:ihe:iti:xds-b:2007',
  XcpdRespondingGateway: 'urn:ihe:iti:xcpd:2009',
}

/** The name that IHE's WSDL of an actor has; those of two profiles may have one and the same, in namespaces of their own. */
export function serviceName(actor: Transaction['actor']): string {
  return actor === 'XcpdRespondingGateway' ? 'RespondingGateway' : actor
}

const NAMESPACES = {
  'xmlns:wsdl': 'http://schemas.xmlsoap.org/wsdl/',
  'xmlns:soap12': 'http://schemas.xmlsoap.org/wsdl/soap12/',
  'xmlns:wsam': 'http://www.w3.org/2007/05/addressing/metadata',
  'xmlns:wsaw': 'http://www.w3.org/2006/05/addressing/wsdl',
  'xmlns:xsd': 'http://www.w3.org/2001/XMLSchema',
}

export interface WsdlRequest {
  readonly actor: Transaction['actor']
  readonly transactions: readonly Transaction[]
  /** soap12:address of the port. */
  readonly address: string
}

/** The WSDL 1.1 document; one operation a transaction of the actor, SOAP 1.2 document/literal. */
export function writeWsdl({ actor, transactions, address }: WsdlRequest): string {
  const name = serviceName(actor)
  const own = transactions.filter((transaction) => transaction.actor === actor)
  const elements = own.flatMap(({ request, response }) => [request, response])
  const prefixes = new Map(Object.entries(SCHEMA_PREFIXES))
  const declarations = Object.fromEntries([...prefixes].map(([ns, prefix]) => [`xmlns:${prefix}`, ns]))
  const document = el(
    'wsdl:definitions',
    {
      ...NAMESPACES,
      ...declarations,
      'xmlns:tns': TARGET_NAMESPACE[actor],
      targetNamespace: TARGET_NAMESPACE[actor],
      name,
    },
    el('wsdl:types', {}, ...writeSchemas(elements)),
    ...messages(own, prefixes),
    el('wsdl:portType', { name: `${name}_PortType` }, ...own.map((transaction) => abstractOperation(transaction))),
    binding(name, own),
    el(
      'wsdl:service',
      { name: `${name}_Service` },
      el(
        'wsdl:port',
        { name: `${name}_Port_Soap12`, binding: `tns:${name}_Binding_Soap12` },
        el('soap12:address', { location: address }),
      ),
    ),
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${indented(document)}\n`
}

/** `RegistryStoredQuery_Message` and `RegistryStoredQueryResponse_Message`; an HL7 message has the name of its interaction. */
function messageNames({ operation, response }: Transaction): readonly [string, string] {
  const answer = response.ns === NS.hl7 ? response.name : `${operation}Response`
  return [`${operation.replace(/^Deferred_/, '')}_Message`, `${answer}_Message`]
}

/** Each message once: several interactions have the same acknowledgement. */
function messages(own: readonly Transaction[], prefixes: ReadonlyMap<string, string>): readonly Markup[] {
  const parts = new Map(
    own.flatMap((transaction) => {
      const [input, output] = messageNames(transaction)
      return [[input, transaction.request] as const, [output, transaction.response] as const]
    }),
  )
  return [...parts].map(([name, element]) =>
    el(
      'wsdl:message',
      { name },
      el('wsdl:part', { name: 'Body', element: `${prefixes.get(element.ns) ?? ''}:${element.name}` }),
    ),
  )
}

function abstractOperation(transaction: Transaction): Markup {
  const [input, output] = messageNames(transaction)
  const action = (uri: string): Record<string, string> => ({ 'wsam:Action': uri, 'wsaw:Action': uri })
  return el(
    'wsdl:operation',
    { name: operationName(transaction) },
    el('wsdl:input', { message: `tns:${input}`, ...action(transaction.action) }),
    el('wsdl:output', { message: `tns:${output}`, ...action(transaction.responseAction) }),
  )
}

function operationName({ actor, operation }: Transaction): string {
  return `${serviceName(actor)}_${operation}`
}

function binding(name: string, own: readonly Transaction[]): Markup {
  const body = (): Markup => el('soap12:body', { use: 'literal' })
  return el(
    'wsdl:binding',
    { name: `${name}_Binding_Soap12`, type: `tns:${name}_PortType` },
    el('soap12:binding', { style: 'document', transport: 'http://schemas.xmlsoap.org/soap/http' }),
    el('wsaw:UsingAddressing', { 'wsdl:required': 'true' }),
    ...own.map((transaction) =>
      el(
        'wsdl:operation',
        { name: operationName(transaction) },
        el('soap12:operation', { soapAction: transaction.action, soapActionRequired: 'false' }),
        el('wsdl:input', {}, body()),
        el('wsdl:output', {}, body()),
      ),
    ),
  )
}

/** One element a line, so that the committed files can be read and compared. */
function indented(document: Markup): Markup {
  let depth = 0
  const lines = document.split(/(?<=>)(?=<)/).map((tag) => {
    if (tag.startsWith('</')) depth -= 1
    const line = `${'  '.repeat(depth)}${tag}`
    if (!tag.startsWith('</') && !tag.endsWith('/>')) depth += 1
    return line
  })
  return trusted(lines.join('\n'))
}
