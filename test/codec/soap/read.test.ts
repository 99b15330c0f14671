// SOAP 1.2 envelopes and WS-Addressing headers as ITI TF-2 Appendix V asks for them, accepted and refused.

import t from 'tap'
import { peekMessageId, readEnvelope } from '../../../src/codec/soap/read.ts'
import { readXml, type XmlElement } from '../../../src/codec/xml/read.ts'
import { IheError } from '../../../src/model/error.ts'

const SOAP = 'http://www.w3.org/2003/05/soap-envelope'
const WSA = 'http://www.w3.org/2005/08/addressing'
const ACTION = '<wsa:Action s:mustUnderstand="1">urn:example:act</wsa:Action>'
const BODY = '<s:Body><x xmlns="urn:x"/></s:Body>'

const parse = (xml: string): XmlElement => readXml(Buffer.from(xml))
const around = (content: string): XmlElement =>
  parse(`<s:Envelope xmlns:s="${SOAP}" xmlns:wsa="${WSA}">${content}</s:Envelope>`)
const headed = (headers: string): XmlElement => around(`<s:Header>${headers}</s:Header>${BODY}`)

function refusal(root: XmlElement): IheError {
  try {
    readEnvelope(root)
  } catch (error) {
    if (error instanceof IheError) return error
    throw error
  }
  throw new Error('accepted')
}

const refused: readonly (readonly [name: string, code: string, root: XmlElement])[] = [
  ['no envelope', 'SOAP_STRUCTURE', parse('<x/>')],
  ['SOAP 1.1', 'SOAP_VERSION', parse('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>')],
  ['an envelope in no namespace', 'SOAP_VERSION', parse('<Envelope/>')],
  ['Header after Body', 'SOAP_STRUCTURE', around(`${BODY}<s:Header>${ACTION}</s:Header>`)],
  ['two bodies', 'SOAP_STRUCTURE', around(`<s:Header>${ACTION}</s:Header>${BODY}${BODY}`)],
  ['something after Body', 'SOAP_STRUCTURE', around(`<s:Header>${ACTION}</s:Header>${BODY}<y/>`)],
  ['text beside Body', 'SOAP_STRUCTURE', around(`<s:Header>${ACTION}</s:Header>x${BODY}`)],
  ['text in Header', 'SOAP_STRUCTURE', headed(`${ACTION}x`)],
  ['an empty body', 'SOAP_STRUCTURE', around(`<s:Header>${ACTION}</s:Header><s:Body> </s:Body>`)],
  ['no body', 'SOAP_STRUCTURE', around(`<s:Header>${ACTION}</s:Header>`)],
  ['two body children', 'SOAP_STRUCTURE', around(`<s:Header>${ACTION}</s:Header><s:Body><a/><b/></s:Body>`)],
  ['text in the body', 'SOAP_STRUCTURE', around(`<s:Header>${ACTION}</s:Header><s:Body>x<a/></s:Body>`)],
  ['mustUnderstand that is no boolean', 'SOAP_STRUCTURE', headed(`${ACTION}<h xmlns="u" s:mustUnderstand="yes"/>`)],
  ['an empty envelope', 'WSA_ACTION_MISSING', around('')],
  ['an empty header and body', 'WSA_ACTION_MISSING', around('<s:Header/><s:Body/>')],
  ['no header', 'WSA_ACTION_MISSING', around(BODY)],
  [
    'Action of WS-Addressing 2004/08',
    'WSA_ACTION_MISSING',
    headed(
      ACTION.replaceAll('wsa:', 'o:').replace(
        's:must',
        'xmlns:o="http://schemas.xmlsoap.org/ws/2004/08/addressing" s:relay="0" o:must',
      ),
    ),
  ],
  [
    'Action for another role',
    'WSA_ACTION_MISSING',
    headed(`<wsa:Action s:role="urn:other">urn:example:act</wsa:Action>`),
  ],
  ['two Actions', 'WSA_INVALID_HEADER', headed(ACTION + ACTION)],
  ['Action with a blank', 'WSA_INVALID_HEADER', headed('<wsa:Action>urn:example:act </wsa:Action>')],
  ['Action with a line end', 'WSA_INVALID_HEADER', headed('<wsa:Action>\nurn:example:act</wsa:Action>')],
  ['an empty Action', 'WSA_INVALID_HEADER', headed('<wsa:Action/>')],
  ['two MessageIDs', 'WSA_INVALID_HEADER', headed(`${ACTION}${'<wsa:MessageID>urn:uuid:1</wsa:MessageID>'.repeat(2)}`)],
  ['an empty MessageID', 'WSA_INVALID_HEADER', headed(`${ACTION}<wsa:MessageID> </wsa:MessageID>`)],
  ['two Tos', 'WSA_INVALID_HEADER', headed(`${ACTION}${'<wsa:To>urn:a</wsa:To>'.repeat(2)}`)],
  ['two ReplyTos', 'WSA_INVALID_HEADER', headed(`${ACTION}${replyTo(`${WSA}/anonymous`).repeat(2)}`)],
  ['ReplyTo without Address', 'WSA_INVALID_HEADER', headed(`${ACTION}<wsa:ReplyTo/>`)],
  ['ReplyTo with an empty Address', 'WSA_INVALID_HEADER', headed(`${ACTION}${replyTo('')}`)],
  ['two FaultTos', 'WSA_INVALID_HEADER', headed(`${ACTION}${faultTo(`${WSA}/anonymous`).repeat(2)}`)],
  ['FaultTo without Address', 'WSA_INVALID_HEADER', headed(`${ACTION}<wsa:FaultTo/>`)],
  [
    'an unknown mandatory header',
    'SOAP_MUST_UNDERSTAND',
    headed(`${ACTION}<h xmlns="urn:h" s:mustUnderstand="true"/>`),
  ],
  [
    'an unknown mandatory header for role next',
    'SOAP_MUST_UNDERSTAND',
    headed(`${ACTION}<h xmlns="urn:h" s:mustUnderstand="1" s:role="${SOAP}/role/next"/>`),
  ],
  [
    'mandatory WS-Addressing 2004/08',
    'SOAP_MUST_UNDERSTAND',
    headed(
      '<o:Action xmlns:o="http://schemas.xmlsoap.org/ws/2004/08/addressing" s:mustUnderstand="1">urn:a</o:Action>',
    ),
  ],
  ['an invented WS-Addressing header', 'SOAP_MUST_UNDERSTAND', headed(`${ACTION}<wsa:Other s:mustUnderstand="1"/>`)],
  ['a header beyond 256 KiB', 'XML_LIMIT', headed(`${ACTION}<h xmlns="u">${'x'.repeat(262_144)}</h>`)],
]

function replyTo(address: string): string {
  return `<wsa:ReplyTo><wsa:Address>${address}</wsa:Address></wsa:ReplyTo>`
}

function faultTo(address: string): string {
  return replyTo(address).replaceAll('ReplyTo', 'FaultTo')
}

t.test('ITI TF-2 Appendix V: envelopes and headers that are refused, each with its error', async (t) => {
  for (const [name, code, root] of refused) t.equal(refusal(root).row.code, code, name)
})

t.test(
  'ITI TF-2 3.40: a mandatory wsse:Security is not understood while XUA is off, an optional one is ignored',
  async (t) => {
    const wsse = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
    const security = (attribute: string) => headed(`${ACTION}<w:Security xmlns:w="${wsse}" ${attribute}/>`)
    t.equal(refusal(security('s:mustUnderstand="1"')).value, `{${wsse}}Security`)
    t.equal(readEnvelope(security('')).action, 'urn:example:act')
  },
)

t.test('WS-Addressing 1.0: all headers are read, under any prefix', async (t) => {
  const message = readEnvelope(
    parse(`<Envelope xmlns="${SOAP}"><!-- c --><Header>
      <a:To xmlns:a="${WSA}">https://server.example.org/xds/registry</a:To>
      <Action xmlns="${WSA}">urn:example:act</Action>
      <a:MessageID xmlns:a="${WSA}"> urn:uuid:0f6bb8d5-2d5e-4c58-9a0c-0d1f1f6f8a11 </a:MessageID>
      <a:RelatesTo xmlns:a="${WSA}" RelationshipType="urn:other">urn:uuid:no</a:RelatesTo>
      <a:RelatesTo xmlns:a="${WSA}">urn:uuid:yes</a:RelatesTo>
      <a:From xmlns:a="${WSA}"><a:Address>urn:anyone</a:Address></a:From>
      <a:ReplyTo xmlns:a="${WSA}"><a:Address>https://requester.example.org/answers?a=1&amp;b=2</a:Address></a:ReplyTo>
      <a:FaultTo xmlns:a="${WSA}"><a:Address>${WSA}/none</a:Address></a:FaultTo>
    </Header> <Body>
      <q xmlns="urn:q"/> </Body></Envelope>`),
  )
  t.match(message, {
    action: 'urn:example:act',
    to: 'https://server.example.org/xds/registry',
    messageId: 'urn:uuid:0f6bb8d5-2d5e-4c58-9a0c-0d1f1f6f8a11',
    relatesTo: 'urn:uuid:yes',
    replyTo: 'https://requester.example.org/answers?a=1&b=2',
    faultTo: `${WSA}/none`,
    body: { ns: 'urn:q', name: 'q' },
  })
  t.equal(message.headers.length, 8)
})

t.test('WS-Addressing 1.0: what may be left out, and what is tolerated', async (t) => {
  const bare = readEnvelope(headed(ACTION))
  t.same(Object.keys(bare).sort(), ['action', 'body', 'headers'])
  const tolerated = [
    '<wsa:Action wsa:mustUnderstand="1">urn:example:act</wsa:Action>',
    `${ACTION}${replyTo(` ${WSA}/anonymous\n`)}`,
    `${ACTION}<h xmlns="urn:h"/>`,
    `${ACTION}<h xmlns="urn:h" s:mustUnderstand="0"/>`,
    `${ACTION}<h xmlns="urn:h" s:mustUnderstand="1" s:role="urn:someone:else"/>`,
    `${ACTION}<h xmlns="urn:h" s:mustUnderstand="1" s:role="${SOAP}/role/none"/>`,
    `${ACTION}<x:homeCommunityBlock xmlns:x="urn:ihe:iti:xdr:2014" s:mustUnderstand="1"/>`,
    `${ACTION}<d:metadata-level xmlns:d="urn:direct:addressing" s:mustUnderstand="1">XDS</d:metadata-level>`,
  ]
  for (const headers of tolerated) t.equal(readEnvelope(headed(headers)).action, 'urn:example:act', headers)
})

t.test('a refused message still tells its MessageID, if it has one', async (t) => {
  t.equal(peekMessageId(headed(`${ACTION + ACTION}<wsa:MessageID>urn:uuid:1</wsa:MessageID>`)), 'urn:uuid:1')
  t.equal(peekMessageId(headed(ACTION)), undefined)
  t.equal(peekMessageId(headed(`<wsa:MessageID>${'x'.repeat(1025)}</wsa:MessageID>`)), undefined, 'too long to echo')
  t.equal(peekMessageId(parse('<x/>')), undefined)
})
