// Faults as SOAP 1.2 Part 1, 5.4 and WS-Addressing SOAP Binding, 6 want them; writing and reading back.

import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { readAnswer, SoapFaultError } from '../../../src/codec/soap/answer.ts'
import { writeFault } from '../../../src/codec/soap/fault.ts'
import { readEnvelope } from '../../../src/codec/soap/read.ts'
import { writeEnvelope } from '../../../src/codec/soap/write.ts'
import { readXml } from '../../../src/codec/xml/read.ts'
import { el, text } from '../../../src/codec/xml/write.ts'
import { IheError } from '../../../src/model/error.ts'

const WSA = 'http://www.w3.org/2005/08/addressing'
const context = { relatesTo: 'urn:uuid:request', journalId: 'J-1' }
const parse = (xml: string) => readXml(Buffer.from(xml))

function faultOf(xml: string): SoapFaultError {
  try {
    readAnswer(parse(xml))
  } catch (error) {
    if (error instanceof SoapFaultError) return error
    throw error
  }
  throw new Error('no fault')
}

t.test('an envelope that is written is read again, values and all', async (t) => {
  const xml = writeEnvelope({
    action: 'urn:example:act',
    messageId: 'urn:uuid:1',
    relatesTo: 'urn:uuid:2?a&b',
    to: 'https://server.example.org/x?y=1&z=<2>',
    replyTo: `${WSA}/anonymous`,
    faultTo: `${WSA}/none`,
    body: el('q', { xmlns: 'urn:q' }, text('<&>')),
  })
  t.match(xml, /<wsa:Action soap12:mustUnderstand="1">/, 'mustUnderstand is the SOAP attribute')
  for (const message of [readEnvelope(parse(xml)), readAnswer(parse(xml))]) {
    t.match(message, {
      action: 'urn:example:act',
      messageId: 'urn:uuid:1',
      relatesTo: 'urn:uuid:2?a&b',
      to: 'https://server.example.org/x?y=1&z=<2>',
      body: { ns: 'urn:q', name: 'q', children: ['<&>'] },
    })
  }
  t.match(readEnvelope(parse(xml)), { replyTo: `${WSA}/anonymous`, faultTo: `${WSA}/none` })
})

const faults = [
  ['XML_NOT_WELL_FORMED', 400, 'Sender', undefined],
  ['SOAP_STRUCTURE', 400, 'Sender', undefined],
  ['SOAP_VERSION', 500, 'VersionMismatch', undefined],
  ['SOAP_MUST_UNDERSTAND', 500, 'MustUnderstand', undefined],
  ['WSA_ACTION_MISSING', 400, 'Sender', 'MessageAddressingHeaderRequired'],
  ['WSA_ACTION_UNKNOWN', 400, 'Sender', 'ActionNotSupported'],
  ['WSA_INVALID_HEADER', 400, 'Sender', 'InvalidAddressingHeader'],
  ['WSA_MESSAGE_ID_MISSING', 400, 'Sender', 'MessageAddressingHeaderRequired'],
  ['WSA_BODY_MISMATCH', 400, 'Sender', 'InvalidAddressingHeader'],
  ['WSA_REPLY_TO', 400, 'Sender', 'OnlyAnonymousAddressSupported'],
  ['MTOM_PACKAGE', 400, 'Sender', undefined],
  ['MTOM_INCLUDE', 400, 'Sender', undefined],
  ['INTERNAL', 500, 'Receiver', undefined],
] as const

t.test('SOAP 1.2 Part 1, 5.4.6: each refusal has its code, subcode, status, action and our detail', async (t) => {
  for (const [code, status, faultCode, subcode] of faults) {
    const fault = writeFault(iheError(code), context)
    t.equal(fault.status, status, code)
    const read = faultOf(fault.xml)
    t.match({ code: read.code, subcode: read.subcode }, { code: faultCode, subcode }, code)
    t.match(read.reason, iheError(code).row.message)
    t.match(read.detail, 'J-1')
    t.match(fault.xml, `code="${code}"`)
    const action = subcode === undefined ? `${WSA}/soap/fault` : `${WSA}/fault`
    t.ok(fault.xml.includes(`<wsa:Action soap12:mustUnderstand="1">${action}</wsa:Action>`), code)
    t.ok(fault.xml.includes('<wsa:RelatesTo>urn:uuid:request</wsa:RelatesTo>'))
  }
})

t.test('WS-Addressing SOAP Binding, 6: the detail and header blocks that some faults need', async (t) => {
  const unknown = writeFault(iheError('WSA_ACTION_UNKNOWN', { value: 'urn:a<b' }), context).xml
  t.ok(unknown.includes('<wsa:ProblemAction><wsa:Action>urn:a&lt;b</wsa:Action></wsa:ProblemAction>'))
  const missing = writeFault(iheError('WSA_ACTION_MISSING'), context).xml
  t.ok(missing.includes('<wsa:ProblemHeaderQName>wsa:Action</wsa:ProblemHeaderQName>'))
  const id = writeFault(iheError('WSA_MESSAGE_ID_MISSING', { at: 'Envelope/Header/MessageID' }), context).xml
  t.ok(id.includes('<wsa:ProblemHeaderQName>wsa:MessageID</wsa:ProblemHeaderQName>'))
  const reply = writeFault(iheError('WSA_REPLY_TO', { at: 'Envelope/Header/ReplyTo/Address' }), context).xml
  t.ok(reply.includes('<wsa:ProblemHeaderQName>wsa:ReplyTo</wsa:ProblemHeaderQName>'))
  const version = writeFault(iheError('SOAP_VERSION'), { journalId: 'J-2' }).xml
  t.ok(version.includes('<soap12:Upgrade><soap12:SupportedEnvelope qname="soap12:Envelope"/></soap12:Upgrade>'))
  t.ok(version.includes(`<wsa:RelatesTo>${WSA}/unspecified</wsa:RelatesTo>`), 'the request had no MessageID')
  const header = writeFault(iheError('SOAP_MUST_UNDERSTAND', { value: '{urn:h}Block' }), context).xml
  t.ok(header.includes('<soap12:NotUnderstood qname="unknown:Block" xmlns:unknown="urn:h"/>'))
  t.ok(
    writeFault(iheError('SOAP_MUST_UNDERSTAND', { value: '{}Block' }), context).xml.includes(
      '<soap12:NotUnderstood qname="Block"/>',
    ),
  )
})

t.test('WS-Addressing Core, 3.4: a fault sent to an address is a message of its own', async (t) => {
  const addressed = { messageId: 'urn:uuid:own', to: 'https://requester.example.org/?a&b' }
  const { xml } = writeFault(iheError('INTERNAL'), { ...context, addressed })
  t.ok(xml.includes('<wsa:MessageID>urn:uuid:own</wsa:MessageID>'))
  t.ok(xml.includes('<wsa:RelatesTo>urn:uuid:request</wsa:RelatesTo>'))
  t.ok(xml.includes('<wsa:To>https://requester.example.org/?a&amp;b</wsa:To>'))
  t.notMatch(writeFault(iheError('INTERNAL'), context).xml, /wsa:(MessageID|To)>/, 'on the connection it needs neither')
})

t.test('a fault is well-formed whatever the sender wrote', async (t) => {
  const hostile = '"/><x>&\u0000\ud800\r\n]]>'
  const fault = writeFault(iheError('WSA_INVALID_HEADER', { at: hostile, value: hostile, rule: hostile }), {
    relatesTo: hostile,
    journalId: 'J-3',
  })
  t.equal(faultOf(fault.xml).subcode, 'InvalidAddressingHeader')
})

t.test('a fault of a foreign door needs no addressing headers, and a broken answer is no fault', async (t) => {
  const soap = 'http://www.w3.org/2003/05/soap-envelope'
  const foreign = `<e:Envelope xmlns:e="${soap}"><e:Body><e:Fault><e:Code><e:Value>e:Receiver</e:Value></e:Code>
    <e:Reason><e:Text xml:lang="en"> broken </e:Text></e:Reason></e:Fault></e:Body></e:Envelope>`
  const fault = faultOf(foreign)
  t.match({ ...fault }, { code: 'Receiver', subcode: undefined, reason: 'broken', detail: '' })
  t.match(fault.message, /Receiver.*broken/)
  const empty = `<e:Envelope xmlns:e="${soap}"><e:Body><e:Fault/></e:Body></e:Envelope>`
  t.match({ ...faultOf(empty) }, { code: '', reason: '' })
  const noAction = `<e:Envelope xmlns:e="${soap}"><e:Body><x/></e:Body></e:Envelope>`
  t.throws(() => readAnswer(parse(noAction)), IheError)
})
