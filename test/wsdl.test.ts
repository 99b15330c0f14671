// The committed WSDLs are what the transaction rows say (ITI TF-2 Appendix V.2; names of pix and xds services).

import { readFileSync } from 'node:fs'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import t from 'tap'
import { ENDPOINTS, type Transaction, transactions } from '../profiles/transactions/index.ts'
import { writeFindDocuments } from '../src/codec/ebxml/query-request.ts'
import { writeRetrieveRequest } from '../src/codec/ebxml/retrieve.ts'
import { serviceName, writeWsdl } from '../src/codec/soap/wsdl.ts'
import { newOid } from '../src/model/identifiers.ts'
import { submissionOf } from './faults/messages.ts'
import { servedSchemaFaults } from './scenarios/served-schemas.ts'

const actors = Object.keys(ENDPOINTS) as readonly Transaction['actor'][]
const wsdlOf = (actor: Transaction['actor'], base = 'https://localhost:8443'): string =>
  writeWsdl({ actor, transactions, address: `${base}${ENDPOINTS[actor]}` })

function asList<T>(value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T]
}

function parsed(actor: Transaction['actor']) {
  return new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' }).parse(wsdlOf(actor))['wsdl:definitions']
}

t.test('the committed files equal what the rows generate', async (t) => {
  for (const actor of actors)
    t.equal(
      readFileSync(new URL(`../wsdl/${actor}.wsdl`, import.meta.url), 'utf8'),
      wsdlOf(actor),
      `${actor}.wsdl: run npm run generate`,
    )
})

t.test('each WSDL is well-formed and addressed to the public URL of the network', async (t) => {
  for (const actor of actors) {
    const text = wsdlOf(actor, 'https://hub.example.jp')
    t.equal(XMLValidator.validate(text), true, actor)
    t.match(text, `<soap12:address location="https://hub.example.jp${ENDPOINTS[actor]}"/>`)
  }
})

t.test('an address is written as XML, whatever is in it', async (t) => {
  const text = writeWsdl({ actor: 'PIXManager', transactions, address: 'https://x/?a=1&b="<' })
  t.equal(XMLValidator.validate(text), true)
  t.match(text, 'https://x/?a=1&amp;b=&quot;&lt;')
})

t.test('every transaction is an operation with its actions (WS-Addressing Metadata 4.4.1)', async (t) => {
  for (const transaction of transactions) {
    const operations = asList<Record<string, unknown>>(parsed(transaction.actor)['wsdl:portType']['wsdl:operation'])
    const own = operations.find(({ name }) => name === `${serviceName(transaction.actor)}_${transaction.operation}`)
    t.match(
      own,
      {
        'wsdl:input': { 'wsam:Action': transaction.action, 'wsaw:Action': transaction.action },
        'wsdl:output': { 'wsam:Action': transaction.responseAction, 'wsaw:Action': transaction.responseAction },
      },
      transaction.id,
    )
  }
})

t.test('names are those of the IHE services, SOAP 1.2 document/literal, no SOAPAction needed', async (t) => {
  for (const actor of actors) {
    const wsdl = parsed(actor)
    const name = serviceName(actor)
    t.equal(wsdl.name, name)
    t.equal(wsdl['wsdl:portType'].name, `${name}_PortType`)
    t.match(wsdl['wsdl:service'], {
      name: `${name}_Service`,
      'wsdl:port': { name: `${name}_Port_Soap12`, binding: `tns:${name}_Binding_Soap12` },
    })
    const binding = wsdl['wsdl:binding']
    t.match(binding, { name: `${name}_Binding_Soap12`, 'soap12:binding': { style: 'document' } })
    for (const operation of asList<Record<string, Record<string, unknown>>>(binding['wsdl:operation'])) {
      t.equal(operation['soap12:operation']?.soapActionRequired, 'false')
      t.match(operation['wsdl:input'], { 'soap12:body': { use: 'literal' } })
    }
  }
  t.equal(parsed('PIXManager').targetNamespace, 'urn:ihe:iti:pixv3:2007')
  t.equal(parsed('DocumentRegistry').targetNamespace, 'urn:ihe:iti:xds-b:2007')
  t.match(parsed('XcpdRespondingGateway'), { targetNamespace: 'urn:ihe:iti:xcpd:2009', name: 'RespondingGateway' })
})

t.test('every reference meets a declaration: messages, and elements in the schemas', async (t) => {
  for (const actor of actors) {
    const wsdl = parsed(actor)
    const messages = asList<{ name: string; 'wsdl:part': { name: string; element: string } }>(wsdl['wsdl:message'])
    const names = messages.map(({ name }) => name)
    t.equal(new Set(names).size, names.length, `${actor}: a message is declared once`)
    for (const operation of asList<Record<string, { message: string }>>(wsdl['wsdl:portType']['wsdl:operation']))
      for (const side of ['wsdl:input', 'wsdl:output'] as const)
        t.ok(names.includes(operation[side]?.message.replace('tns:', '') ?? ''), `${actor} ${operation[side]?.message}`)
    const declared = asList<{ targetNamespace: string; 'xsd:element': unknown }>(
      wsdl['wsdl:types']['xsd:schema'],
    ).flatMap((schema) =>
      asList(schema['xsd:element'] as { name: string }).map(({ name }) => `{${schema.targetNamespace}}${name}`),
    )
    for (const { 'wsdl:part': part } of messages) {
      const [prefix, name] = part.element.split(':')
      t.equal(part.name, 'Body')
      t.ok(declared.includes(`{${wsdl[`xmlns:${prefix}`]}}${name}`), `${actor} ${part.element}`)
    }
  }
})

t.test('an HL7 message is named by its interaction, and a shared acknowledgement is one message', async (t) => {
  const names = asList<{ name: string }>(parsed('PIXManager')['wsdl:message']).map(({ name }) => name)
  t.strictSame(names, [
    'PRPA_IN201301UV02_Message',
    'MCCI_IN000002UV01_Message',
    'PRPA_IN201302UV02_Message',
    'PRPA_IN201304UV02_Message',
    'PRPA_IN201309UV02_Message',
    'PRPA_IN201310UV02_Message',
  ])
})

t.test(
  'requests that this server takes are valid against the schemas it serves (ebRS 3.0; ITI TF-2 3.43)',
  async (t) => {
    const patientId = { value: '1', authority: newOid() }
    const { register, provide, entry } = submissionOf({ patientId, bytes: Buffer.from('x') })
    const inline = provide.body.replace(/<xop:Include[^>]*>/, 'eA==')
    const bodies = [
      { name: 'ITI-42', xml: register.body },
      { name: 'ITI-41', xml: inline },
      { name: 'ITI-18', xml: writeFindDocuments({ patientId, returnType: 'LeafClass' }) },
      {
        name: 'ITI-43',
        xml: writeRetrieveRequest([{ repositoryUniqueId: newOid(), documentUniqueId: entry.uniqueId }]),
      },
    ]
    t.strictSame(servedSchemaFaults(bodies), [])
    const [broken] = servedSchemaFaults([{ name: 'broken', xml: register.body.replace('ValueList', 'Values') }])
    t.ok(broken === undefined || /ValueList|mismatch/.test(broken), 'and they are not open to anything')
  },
)

t.test('WSDL 1.1, 2: definitions hold types, messages, port type, binding and service, in this order', async (t) => {
  for (const actor of actors) {
    const order = [...wsdlOf(actor).matchAll(/^ {2}<wsdl:(\w+)/gm)].map(([, name]) => name)
    t.strictSame([...new Set(order)], ['types', 'message', 'portType', 'binding', 'service'])
    const wsdl = parsed(actor)
    const operations = (holder: 'wsdl:portType' | 'wsdl:binding') =>
      asList<{ name: string }>(wsdl[holder]['wsdl:operation']).map(({ name }) => name)
    t.strictSame(operations('wsdl:binding'), operations('wsdl:portType'), 'the binding binds every operation, once')
    t.equal(wsdl['wsdl:binding'].type, `tns:${serviceName(actor)}_PortType`)
    t.match(wsdl['wsdl:binding']['soap12:binding'], { transport: 'http://schemas.xmlsoap.org/soap/http' })
    t.equal(wsdl['xmlns:soap12'], 'http://schemas.xmlsoap.org/wsdl/soap12/')
  }
})
