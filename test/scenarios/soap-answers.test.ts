// SOAP on the wire, for every transaction the server offers: packaging, Action, RelatesTo and faults written strictly, requests read tolerantly (ITI TF-2 Appendix V).

import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { ENDPOINTS, iti18, iti41, iti43, transactions } from '../../profiles/transactions/index.ts'
import { readCredentials } from '../../src/cli/credentials.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { writeRelated } from '../../src/codec/mtom/write.ts'
import { attributeOf, childOf, childrenOf, elementsOf, textOf } from '../../src/codec/xml/navigate.ts'
import { readXml, type XmlElement } from '../../src/codec/xml/read.ts'
import { el, trusted } from '../../src/codec/xml/write.ts'
import { isSuccess, submissionOf } from '../faults/messages.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'

t.setTimeout(170_000)

const SOAP = 'http://www.w3.org/2003/05/soap-envelope'
const WSA = 'http://www.w3.org/2005/08/addressing'
const SIMPLE = 'application/soap+xml; charset=UTF-8'
const network = await startNetwork(t)
const hanako = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })

interface Sent {
  readonly path: string
  readonly type: string | undefined
  readonly body: Buffer | string | AsyncIterable<Buffer>
  readonly headers?: Readonly<Record<string, string>>
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

async function post({ path, type, body, headers = {} }: Sent): Promise<Answer> {
  const response = await request(`${network.baseUrl}${path}`, {
    method: 'POST',
    dispatcher: await network.agentOf('tester'),
    headers: { ...(type === undefined ? {} : { 'content-type': type }), ...headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : Readable.from(body, { objectMode: false }),
  })
  return {
    status: response.statusCode,
    contentType: String(response.headers['content-type']),
    body: Buffer.from(await response.body.arrayBuffer()),
  }
}

type Packaging = 'simple' | 'mtom'

function packed(envelope: string, packaging: Packaging): Pick<Sent, 'type' | 'body'> {
  if (packaging === 'simple') return { type: SIMPLE, body: envelope }
  const { contentType, body } = writeRelated(envelope, [])
  return { type: contentType, body }
}

function envelopeOf(action: string, body: string, more = ''): { readonly xml: string; readonly messageId: string } {
  const messageId = `urn:uuid:${randomUUID()}`
  const header = `<wsa:Action s:mustUnderstand="1">${action}</wsa:Action><wsa:MessageID>${messageId}</wsa:MessageID>${more}`
  return {
    messageId,
    xml: `<s:Envelope xmlns:s="${SOAP}" xmlns:wsa="${WSA}"><s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`,
  }
}

const MTOM_TYPE =
  /^multipart\/related; boundary="([^"]{1,70})"; type="application\/xop\+xml"; start="<([^<>\s]+)>"; start-info="application\/soap\+xml"$/
const ROOT_HEADERS = [
  'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"',
  'Content-Transfer-Encoding: binary',
]

/** The envelope of an answer in the packaging expected, every byte of the package accounted for. */
function opened(t: Test, { contentType, body }: Answer, packaging: Packaging): XmlElement {
  if (packaging === 'simple') {
    t.equal(contentType, SIMPLE)
    return readXml(body)
  }
  const [, boundary, start] = MTOM_TYPE.exec(contentType) ?? []
  t.type(boundary, 'string', contentType)
  const head = `--${boundary}\r\n${[...ROOT_HEADERS, `Content-ID: <${start}>`].join('\r\n')}\r\n\r\n`
  const tail = `\r\n--${boundary}--\r\n`
  t.ok(body.subarray(0, head.length).equals(Buffer.from(head)), 'the root part stands first, under the id of start')
  t.ok(body.subarray(-tail.length).equals(Buffer.from(tail)), 'nothing is attached')
  return readXml(body.subarray(head.length, -tail.length))
}

/** Header and body child of an answer, after what every answer must have. */
function checked(
  t: Test,
  envelope: XmlElement,
  given: { readonly action: string; readonly messageId: string },
): XmlElement {
  const header = childOf(envelope, SOAP, 'Header')
  const body = childOf(envelope, SOAP, 'Body')
  if (header === undefined || body === undefined) throw new Error('no Header or no Body')
  const actions = childrenOf(header, WSA, 'Action')
  t.equal(actions.map((action) => textOf(action)).join(), given.action, 'the exact Action, once')
  t.equal(actions[0]?.attributes.get(`{${SOAP}}mustUnderstand`), '1', 'mustUnderstand of SOAP 1.2')
  const related = childrenOf(header, WSA, 'RelatesTo')
  t.equal(related.map((one) => textOf(one)).join(), given.messageId, 'RelatesTo is the MessageID, once')
  t.equal(related[0] === undefined ? '' : attributeOf(related[0], 'RelationshipType'), undefined)
  const [child, ...others] = elementsOf(body)
  t.equal(others.length, 0)
  if (child === undefined) throw new Error('an empty Body')
  return child
}

const both = ['simple', 'mtom'] as const

for (const transaction of transactions) {
  const { action, request: root } = transaction
  const path = ENDPOINTS[transaction.actor]
  const empty = `<x:${root.name} xmlns:x="${root.ns}"/>`
  t.test(`${transaction.id}, ${transaction.section}: answers and faults in the packaging of the request`, async (t) => {
    for (const packaging of both) {
      // Nothing in the body: the transaction says no in its own way, with HTTP 200.
      const refused = envelopeOf(action, empty)
      const answer = await post({ path, ...packed(refused.xml, packaging) })
      t.equal(answer.status, 200, packaging)
      const child = checked(t, opened(t, answer, packaging), { ...refused, action: transaction.responseAction })
      t.match(child, { ns: transaction.response.ns, name: transaction.response.name })

      const foreign = envelopeOf(action, empty, '<u:Unknown xmlns:u="urn:unknown" s:mustUnderstand="true"/>')
      const soapFault = await post({ path, ...packed(foreign.xml, packaging) })
      t.equal(soapFault.status, 500)
      t.match(checked(t, opened(t, soapFault, packaging), { ...foreign, action: `${WSA}/soap/fault` }), {
        ns: SOAP,
        name: 'Fault',
      })

      const unknown = envelopeOf(`${action}X`, empty)
      const wsaFault = await post({ path, ...packed(unknown.xml, packaging) })
      t.equal(wsaFault.status, 400)
      t.match(checked(t, opened(t, wsaFault, packaging), { ...unknown, action: `${WSA}/fault` }), {
        ns: SOAP,
        name: 'Fault',
      })

      const other = envelopeOf(action, '<x:Other xmlns:x="urn:other"/>')
      const mismatch = await post({ path, ...packed(other.xml, packaging) })
      t.equal(mismatch.status, 400)
      t.match(mismatch.body.toString(), 'wsa:InvalidAddressingHeader')
    }
  })
}

t.test('Appendix V.3.2: an Action belongs to one endpoint', async (t) => {
  for (const transaction of transactions) {
    const { xml } = envelopeOf(
      transaction.action,
      `<x:${transaction.request.name} xmlns:x="${transaction.request.ns}"/>`,
    )
    for (const [actor, path] of Object.entries(ENDPOINTS)) {
      if (transactions.some((other) => other.actor === actor && other.action === transaction.action)) continue
      const { status, body } = await post({ path, ...packed(xml, 'simple') })
      t.equal(status, 400, `${transaction.id} at ${path}`)
      t.match(body.toString(), `<wsa:ProblemAction><wsa:Action>${transaction.action}</wsa:Action></wsa:ProblemAction>`)
    }
  }
})

const FIND = String(writeFindDocuments({ patientId: hanako, returnType: 'ObjectRef' }))
const succeeds = (body: Buffer): boolean => /AdhocQueryResponse[^>]*ResponseStatusType:Success/.test(body.toString())

t.test('ITI-18 in an MTOM wrapper succeeds in one; ITI-43 asked simply answers with base64', async (t) => {
  const find = envelopeOf(iti18.action, FIND)
  const wrapped = await post({ path: ENDPOINTS.DocumentRegistry, ...packed(find.xml, 'mtom') })
  t.ok(succeeds(wrapped.body))
  checked(t, opened(t, wrapped, 'mtom'), { ...find, action: iti18.responseAction })

  const bytes = Buffer.from('本文 as base64')
  const { provide, entry } = submissionOf({ patientId: hanako, bytes })
  t.ok(isSuccess((await network.soap('hospital-a', provide)).text))
  const documentUniqueId = entry.uniqueId
  const { uniqueId: repositoryUniqueId } = network.server.config.repository
  const retrieve = envelopeOf(iti43.action, writeRetrieveRequest([{ repositoryUniqueId, documentUniqueId }]))
  const simple = await post({ path: ENDPOINTS.DocumentRepository, ...packed(retrieve.xml, 'simple') })
  checked(t, opened(t, simple, 'simple'), { ...retrieve, action: iti43.responseAction })
  t.match(simple.body.toString(), `>${bytes.toString('base64')}<`)
})

/** Header and body of an ITI-18 request in the hands of other stacks. */
const action = `<wsa:Action s:mustUnderstand="1">${iti18.action}</wsa:Action>`
const soap = (header: string, body = FIND): string =>
  `<s:Envelope xmlns:s="${SOAP}" xmlns:wsa="${WSA}"><s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`
const ID = '<wsa:MessageID>urn:uuid:0f6bb8d5-2d5e-4c58-9a0c-0d1f1f6f8a11</wsa:MessageID>'
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le')

const TOLERATED: Readonly<Record<string, { readonly type?: string; readonly body: string | Buffer }>> = {
  'default namespaces instead of prefixes': {
    body: `<Envelope xmlns="${SOAP}"><Header><Action xmlns="${WSA}">${iti18.action}</Action></Header><Body>${FIND}</Body></Envelope>`,
  },
  'the Action after the others': {
    body: soap(
      `<wsa:To>https://other.example.org/behind/a/proxy</wsa:To>${ID}<wsa:From><wsa:Address>urn:me</wsa:Address></wsa:From>${action}`,
    ),
  },
  'no MessageID and no ReplyTo': { body: soap(action) },
  'mustUnderstand true': { body: soap(`${action.replace('"1"', '"true"')}${ID}`) },
  'mustUnderstand in the namespace of WS-Addressing': { body: soap(`${action.replace('s:must', 'wsa:must')}${ID}`) },
  'no mustUnderstand at all': { body: soap(`${action.replace(' s:mustUnderstand="1"', '')}${ID}`) },
  'mustUnderstand on every header': {
    body: soap(
      `${action}${ID.replace('>', ' s:mustUnderstand="1">')}<wsa:ReplyTo s:mustUnderstand="1"><wsa:Address>${WSA}/anonymous</wsa:Address></wsa:ReplyTo>`,
    ),
  },
  'headers nobody here knows': { body: soap(`${action}${ID}<h:trace xmlns:h="urn:h">1</h:trace>`) },
  'comments and white space around the body': { body: soap(`\n${action}\n${ID}\n`, `\n<!-- query -->\n${FIND}\n`) },
  'an XML declaration': { body: `<?xml version="1.0" encoding="UTF-8"?>\n${soap(action)}` },
  'a byte order mark': { body: `\ufeff${soap(action)}` },
  'no charset': { type: 'application/soap+xml', body: soap(action) },
  'charset in quotes and lower case': { type: 'Application/SOAP+XML;charset="utf-8"', body: soap(action) },
  'an action parameter of something else': {
    type: `${SIMPLE}; action="urn:something:else"`,
    body: soap(action),
  },
  'UTF-16 with a byte order mark': { type: 'application/soap+xml; charset=UTF-16', body: utf16(soap(action)) },
}

t.test('Appendix V.3: simple requests as other stacks write them', async (t) => {
  for (const [name, { type = SIMPLE, body }] of Object.entries(TOLERATED)) {
    const answer = await post({ path: ENDPOINTS.DocumentRegistry, type, body })
    t.ok(succeeds(answer.body), `${name}: ${succeeds(answer.body) ? '' : answer.body.toString().slice(0, 600)}`)
    t.equal(answer.contentType, SIMPLE, 'what is written is UTF-8 and says so')
  }
  const chunks = async function* () {
    for (const piece of soap(action).match(/.{1,7}/gs) ?? []) yield Buffer.from(piece)
  }
  const chunked = await post({ path: ENDPOINTS.DocumentRegistry, type: SIMPLE, body: chunks() })
  t.ok(succeeds(chunked.body), 'chunked transfer')
})

t.test('RFC 9110, 10.1.1: a sender that expects 100 is told to go on, and a stranger is not', async (t) => {
  const send = async (system: string | undefined) => {
    const { ca, key, cert } = await readCredentials(network.server.config, system ?? 'tester')
    return new Promise<{ readonly continued: boolean; readonly status: number }>((resolve, reject) => {
      let continued = false
      const outgoing = httpsRequest(
        `${network.baseUrl}${ENDPOINTS.DocumentRegistry}`,
        {
          method: 'POST',
          ca,
          ...(system === undefined ? {} : { key, cert }),
          headers: { 'content-type': SIMPLE, expect: '100-continue' },
        },
        (response) => {
          response.resume()
          response.on('end', () => resolve({ continued, status: response.statusCode ?? 0 }))
        },
      )
      outgoing.on('error', reject)
      outgoing.on('continue', () => {
        continued = true
        outgoing.end(soap(action))
      })
      outgoing.flushHeaders()
    })
  }
  t.strictSame(await send('tester'), { continued: true, status: 200 })
  t.equal((await send(undefined)).status, 403)
})

const REFUSED: Readonly<
  Record<
    string,
    { readonly status: number; readonly type: string; readonly text: RegExp; readonly body: string | Buffer }
  >
> = {
  'SOAP 1.1 by its type': { status: 415, type: 'text/xml; charset=UTF-8', text: /CONTENT_TYPE/, body: soap(action) },
  'another charset': {
    status: 415,
    type: 'application/soap+xml; charset=Shift_JIS',
    text: /CONTENT_TYPE/,
    body: soap(action),
  },
  'UTF-8 announced, UTF-16 sent': { status: 400, type: SIMPLE, text: /XML_ENCODING/, body: utf16(soap(action)) },
  'a content type that is none': { status: 415, type: 'soap', text: /CONTENT_TYPE/, body: soap(action) },
  'nothing but a type': { status: 400, type: SIMPLE, text: /XML_NOT_WELL_FORMED/, body: '' },
  'no content type': { status: 415, type: '', text: /CONTENT_TYPE/, body: soap(action) },
}

t.test('Appendix V.3: content types and charsets that will not do', async (t) => {
  for (const [name, { status, type, text, body }] of Object.entries(REFUSED)) {
    const answer = await post({ path: ENDPOINTS.DocumentRegistry, type, body })
    t.equal(answer.status, status, name)
    t.match(answer.body.toString(), text, name)
    t.match(answer.body.toString(), /<error:JournalId>[0-9a-f-]{36}</, `${name}: journalled`)
  }
  const headers = { 'content-encoding': 'gzip' }
  const zipped = await post({ path: ENDPOINTS.DocumentRegistry, type: SIMPLE, body: gzipSync(soap(action)), headers })
  t.equal(zipped.status, 415, 'compressed')
  t.match(zipped.body.toString(), /Content-Encoding.*send without compression/)
  for (const body of [soap(action), '']) {
    const answer = await post({ path: ENDPOINTS.DocumentRegistry, type: undefined, body })
    t.equal(answer.status, 415, 'without a Content-Type')
    t.match(answer.body.toString(), /CONTENT_TYPE/)
  }
})

interface Package {
  readonly type?: string
  readonly rootType?: string
  readonly lineEnd?: string
  readonly rootLast?: boolean
  readonly href: string
  readonly contentId: string
  readonly encoding?: string
  readonly preamble?: string
}

const B = 'b=_1'
const PACKAGES: Readonly<Record<string, Package>> = {
  'a cid with escapes, an id without': { href: 'cid:doc%2B1%40example.org', contentId: '<doc+1@example.org>' },
  'an id with characters that look like escapes': { href: 'cid:doc%2525@x', contentId: '<doc%25@x>' },
  'line feeds only': { href: 'cid:d@x', contentId: '<d@x>', lineEnd: '\n' },
  'the root part last, named by start': { href: 'cid:d@x', contentId: '<d@x>', rootLast: true },
  'no start, and parameters in another order': {
    href: 'cid:d@x',
    contentId: '<d@x>',
    type: `Multipart/Related; start-info="application/soap+xml"; TYPE="application/xop+xml"; boundary="${B}"`,
  },
  'an action in the type of the root part': {
    href: 'cid:d@x',
    contentId: '<d@x>',
    rootType: `application/xop+xml; charset=utf-8; type="application/soap+xml;action=\\"urn:x\\""`,
  },
  'text before the first part': { href: 'cid:d@x', contentId: '<d@x>', preamble: 'This is MIME.\r\n' },
  'a part in base64': { href: 'cid:d@x', contentId: '<d@x>', encoding: 'base64' },
}

t.test('RFC 2387, XOP 1.0: packages as other stacks write them hold the very bytes', async (t) => {
  for (const [name, given] of Object.entries(PACKAGES)) {
    // A line end at the end and something like a boundary inside: neither may be taken for the package's own.
    const bytes = Buffer.from(`内容 ${name}\r\n--${B}x\r\n`)
    const { provide, entry } = submissionOf({ patientId: hanako, bytes })
    const include = el('xop:Include', { 'xmlns:xop': 'http://www.w3.org/2004/08/xop/include', href: given.href })
    const body = trusted(provide.body.replace(/<xop:Include [^>]*>/, include))
    const answer = await post({
      path: ENDPOINTS.DocumentRepository,
      ...packageOf(envelopeOf(iti41.action, body).xml, bytes, given),
    })
    t.ok(isSuccess(answer.body.toString()), `${name}: ${answer.body.toString().slice(0, 900)}`)
    const { documents } = await network.fetch('tester', [entry.uniqueId])
    t.ok(documents[0]?.bytes.equals(bytes), name)
  }
})

function packageOf(envelope: string, bytes: Buffer, given: Package): Pick<Sent, 'type' | 'body'> {
  const { lineEnd = '\r\n', encoding = 'binary', preamble = '' } = given
  const { rootType = 'application/xop+xml; charset=UTF-8; type="application/soap+xml"' } = given
  const head = (lines: readonly string[]): Buffer => Buffer.from([`--${B}`, ...lines, '', ''].join(lineEnd))
  const root = [head([`Content-Type: ${rootType}`, 'Content-ID: <root@x>']), Buffer.from(`${envelope}${lineEnd}`)]
  const content = encoding === 'base64' ? Buffer.from(bytes.toString('base64')) : bytes
  const document = [
    head(['content-type: application/pdf', `Content-Transfer-Encoding: ${encoding}`, `Content-ID: ${given.contentId}`]),
    content,
    Buffer.from(lineEnd),
  ]
  const parts = given.rootLast === true ? [...document, ...root] : [...root, ...document]
  const start = given.rootLast === true ? '; start="<root@x>"' : ''
  return {
    type:
      given.type ??
      `multipart/related; boundary="${B}"; type="application/xop+xml"${start}; start-info="application/soap+xml"`,
    body: Buffer.concat([Buffer.from(preamble), ...parts, Buffer.from(`--${B}--`)]),
  }
}

const INCLUDE = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:d@x"/>'
const FILE_BYTES = 200_000

async function documentFiles(): Promise<number> {
  const directory = join(network.server.config.dataDir, 'documents')
  const found = await readdir(directory, { recursive: true, withFileTypes: true })
  return found.filter((entry) => entry.isFile()).length
}

t.test(
  'XOP 1.0, 3.1; RFC 2387: an Include elsewhere is refused, parts that are not asked for do not stay',
  async (t) => {
    const { uniqueId } = network.server.config.repository
    const part = { href: 'cid:d@x', contentId: '<d@x>' }
    const bytes = Buffer.alloc(FILE_BYTES, 'x')
    const before = await documentFiles()
    const retrieve = (documentUniqueId: string): string =>
      writeRetrieveRequest([{ repositoryUniqueId: uniqueId, documentUniqueId: 'HERE' }]).replace(
        'HERE',
        documentUniqueId,
      )

    const elsewhere = envelopeOf(iti43.action, retrieve(INCLUDE)).xml
    const refused = await post({ path: ENDPOINTS.DocumentRepository, ...packageOf(elsewhere, bytes, part) })
    t.equal(refused.status, 400)
    t.match(refused.body.toString(), /DocumentUniqueId\/Include.*code="MTOM_INCLUDE"/s)

    const extra = envelopeOf(iti43.action, retrieve('2.25.1'))
    const ignored = await post({ path: ENDPOINTS.DocumentRepository, ...packageOf(extra.xml, bytes, part) })
    t.equal(ignored.status, 200)
    t.match(ignored.body.toString(), /XDSDocumentUniqueIdError/)
    t.equal(await documentFiles(), before, 'no file of a part that nobody wanted')
  },
)
