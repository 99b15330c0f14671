// Commands as a system, over TLS with a client certificate: SOAP, MTOM, faults and refusals (ITI TF-2 Appendix V).

import { createHash } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { iheError } from '../../profiles/errors/index.ts'
import { readDocumentEntry, readSubmissionSet } from '../../profiles/metadata/read.ts'
import {
  iti18,
  iti41,
  iti43,
  iti44Add,
  iti44Merge,
  iti45,
  iti62,
  iti86,
  NS,
  type Transaction,
} from '../../profiles/transactions/index.ts'
import { readQueryRequest } from '../../src/codec/ebxml/query-request.ts'
import { writeQueryResponse } from '../../src/codec/ebxml/query-response.ts'
import { writeRegistryResponse } from '../../src/codec/ebxml/registry-response.ts'
import { readRemoveObjects } from '../../src/codec/ebxml/remove.ts'
import { readRetrieveRequest, writeRetrieveResponse } from '../../src/codec/ebxml/retrieve.ts'
import { readProvideAndRegister, readSubmitObjects } from '../../src/codec/ebxml/submit.ts'
import { readFeed, readMerge } from '../../src/codec/hl7v3/read-feed.ts'
import { readQuery } from '../../src/codec/hl7v3/read-query.ts'
import { writeAcknowledgement } from '../../src/codec/hl7v3/write-acknowledgement.ts'
import { writeQueryResponse as writePixResponse } from '../../src/codec/hl7v3/write-query-response.ts'
import { newContentId } from '../../src/codec/mtom/include.ts'
import { readRelated } from '../../src/codec/mtom/split.ts'
import { writeRelated } from '../../src/codec/mtom/write.ts'
import { writeFault } from '../../src/codec/soap/fault.ts'
import { readEnvelope, type SoapMessage } from '../../src/codec/soap/read.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { childOf } from '../../src/codec/xml/navigate.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import type { Markup } from '../../src/codec/xml/write.ts'
import { parseOid } from '../../src/model/identifiers.ts'
import { type Heard, makePlace, openDoor, run, type Said } from './fake-door.ts'

const XAD = '2.25.63575427562591742985778003390973421956'
const message = new URL('../../fixtures/demo/messages/oul-r22-taro-final.hl7', import.meta.url)

async function withDoor(t: Test, respond: (heard: Heard) => Said) {
  const place = await makePlace()
  const door = await openDoor(place, respond)
  t.teardown(() => Promise.all([door.close(), place.remove()]))
  const here = ['--as', 'clinic-b', '--data-dir', place.dataDir, '--url', `https://localhost:${door.port}`]
  return { door, place, call: (...argv: readonly string[]) => run([...argv, ...here]) }
}

function simple(heard: Heard): SoapMessage {
  return readEnvelope(readXml(heard.body))
}

async function packed(heard: Heard) {
  const contentType = heard.headers['content-type'] ?? ''
  const source = (async function* () {
    yield heard.body
  })()
  const sink = async (_: unknown, body: AsyncIterable<Buffer>) => {
    const chunks: Buffer[] = []
    for await (const chunk of body) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const { root, parts } = await readRelated(source, { contentType, sink })
  return { message: readEnvelope(readXml(root)), parts }
}

function answer(to: SoapMessage, transaction: Transaction, body: Markup): string {
  const relatesTo = to.messageId ?? ''
  return writeEnvelope({ action: transaction.responseAction, relatesTo, body })
}

const soap = (body: string, status = 200): Said => ({
  status,
  contentType: 'application/soap+xml; charset=UTF-8',
  body,
})

t.test('pix asks with the number and prints what was found (ITI TF-2 3.45)', async (t) => {
  const { door, call } = await withDoor(t, (heard) => {
    const request = simple(heard)
    const authority = parseOid(XAD)
    if (authority === undefined) throw new Error('no OID')
    const ids = [{ id: { value: 'X-1', authority }, authorityName: 'TSUNAGI' }]
    return soap(answer(request, iti45, writePixResponse(readQuery(request.body), { kind: 'found', ids })))
  })
  const { code, text, err } = await call('pix', '--id', 'B-77', '--domain', '2.25.9', '--source', XAD)
  t.equal(code, 0, err)
  t.match(text, /TSUNAGI +X-1 +X-1\^\^\^&2\.25\.\d+&ISO/)
  const [heard] = door.heard
  t.equal(heard?.path, '/pix/manager')
  t.match(heard?.headers['content-type'], 'action="urn:hl7-org:v3:PRPA_IN201309UV02"')
  if (heard === undefined) return
  const asked = readQuery(simple(heard).body)
  t.match(asked.patient, { value: 'B-77', universalId: '2.25.9' })
  t.match(asked.domains, [{ universalId: XAD }])
})

t.test('an unknown number is exit code 1 with the detail of the acknowledgement', async (t) => {
  const { call } = await withDoor(t, (heard) => {
    const request = simple(heard)
    const errors = [iheError('V3_UNKNOWN_KEY', { at: '/a/b' })]
    return soap(answer(request, iti45, writePixResponse(readQuery(request.body), { kind: 'unknown', errors })))
  })
  const { code, err } = await call('pix', '--id', 'B-0', '--domain', '2.25.9')
  t.equal(code, 1)
  t.match(err, 'error 204: The patient identifier or its domain is not known')
  t.match(err, 'at /a/b')
})

t.test(
  'feed --merge sends both numbers, to the registry when asked, and wants a name (ITI TF-2 3.44.4.3)',
  async (t) => {
    const { door, call } = await withDoor(t, (heard) => {
      const request = simple(heard)
      const { transmission } = readMerge(request.body)
      return soap(answer(request, iti44Merge, writeAcknowledgement(transmission, { code: 'CA', details: [] })))
    })
    const numbers = ['--id', 'B-77', '--merge', 'B-78', '--domain', '2.25.9']
    t.equal((await call('feed', ...numbers)).code, 2)
    const { code, text, err } = await call('feed', ...numbers, '--name-kana', 'カクウ タロウ', '--registry')
    t.equal(code, 0, err)
    t.match(text, 'CA  merge B-77^^^&2.25.9&ISO')
    const [heard] = door.heard
    t.equal(heard?.path, '/xds/registry')
    if (heard === undefined) return
    t.match(readMerge(simple(heard).body), {
      survivors: [{ id: { value: 'B-77' } }],
      subsumed: { id: { value: 'B-78' } },
    })
    t.equal((await call('feed', ...numbers, '--name-kana', 'カクウ タロウ', '--revise')).code, 2)
  },
)

t.test('feed sends the names of all scripts (ITI TF-2 3.44)', async (t) => {
  const { door, call } = await withDoor(t, (heard) => {
    const request = simple(heard)
    return soap(
      answer(request, iti44Add, writeAcknowledgement(readFeed(request.body).transmission, { code: 'CA', details: [] })),
    )
  })
  const names = ['--name-kanji', '架空 太郎', '--name-kana', 'カクウ タロウ', '--name-romaji', 'KAKUU TARO']
  const rest = ['--birth', '1958-04-12', '--sex', 'M', '--address', '架空県見本市一丁目', '--postal-code', '000-0001']
  const { code, text, err } = await call('feed', '--id', 'B-77', '--domain', '2.25.9', ...names, ...rest)
  t.equal(code, 0, err)
  t.match(text, 'CA  add B-77^^^&2.25.9&ISO')
  const [heard] = door.heard
  if (heard === undefined) return
  const { patientIds, demographics } = readFeed(simple(heard).body)
  t.match(patientIds, [{ id: { value: 'B-77', authority: '2.25.9' } }])
  t.match(demographics, { sex: 'M', birthTime: '19580412', addresses: [{ postalCode: '000-0001' }] })
  t.same(
    demographics.names.map(({ representation }) => representation),
    ['IDE', 'SYL', 'ABC'],
  )
})

t.test('query writes a valid FindDocuments and shows errors of the registry (ITI TF-2 3.18)', async (t) => {
  const { door, call } = await withDoor(t, (heard) => {
    const errors = [iheError('UNKNOWN_PATIENT', { at: '$XDSDocumentEntryPatientId' })]
    const body = writeQueryResponse(
      { returnType: 'ObjectRef', objects: [] },
      { result: 'failure', errors, journalId: 'j-9' },
    )
    return soap(answer(simple(heard), iti18, body))
  })
  const { code, err } = await call(
    ...['query', '--patient', "O'Hara", '--param', '$XDSDocumentEntryClassCode=("LAB^^2.25.7")'],
    ...['--status', 'approved,deprecated', '--return', 'ObjectRef'],
  )
  t.equal(code, 1)
  t.match(err, 'journal j-9')
  t.match(err, /[ぁ-ん]/)
  const [heard] = door.heard
  if (heard === undefined) return
  t.match(readQueryRequest(simple(heard).body), {
    kind: 'FindDocuments',
    returnType: 'ObjectRef',
    patientId: { value: "O'Hara", authority: XAD },
    status: { length: 2 },
    codes: { classCode: [['LAB^^2.25.7']] },
  })
})

t.test(
  'provide sends metadata that the registry finds nothing wrong with, and the file as it is (ITI TF-2 3.41)',
  async (t) => {
    const requests: Heard[] = []
    const { call, place } = await withDoor(t, (heard) => {
      requests.push(heard)
      const messageId = /<wsa:MessageID>([^<]+)</.exec(heard.body.toString('latin1'))?.[1] ?? ''
      const body = writeRegistryResponse({ result: 'success', errors: [], journalId: 'j' })
      const root = writeEnvelope({ action: iti41.responseAction, relatesTo: messageId, body })
      const { contentType, body: bytes } = writeRelated(root, [])
      return { status: 200, contentType, body: Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0) }
    })
    const file = join(place.dataDir, '紹介状.pdf')
    await writeFile(file, Buffer.from([0x25, 0x50, 0x44, 0x46, 0, 13, 10, 255]))
    const { code, text, err } = await call('provide', file, '--patient', 'X-1', '--source-id', '2.25.9')
    t.equal(code, 0, err)
    const [heard] = requests
    if (heard === undefined) throw new Error('nothing was sent')
    const { message: sent, parts } = await packed(heard)
    t.equal(sent.action, iti41.action)
    const { documents } = readProvideAndRegister(sent.body)
    const submit = childOf(sent.body, NS.lcm, 'SubmitObjectsRequest')
    if (submit === undefined) throw new Error('no SubmitObjectsRequest')
    const { objects, associations } = readSubmitObjects(submit)
    const [package_, document] = objects
    if (package_ === undefined || document === undefined) throw new Error('objects missing')
    const set = readSubmissionSet(package_)
    const entry = readDocumentEntry(document)
    t.same([...set.findings, ...entry.findings], [])
    t.equal(associations.length, 1)
    t.match(entry.value, { mimeType: 'application/pdf', title: '紹介状.pdf', size: '8' })
    t.match(text, entry.value?.uniqueId ?? 'none')
    const content = documents[0]?.content
    t.equal(documents[0]?.id, entry.value?.entryUUID)
    t.same(content?.kind === 'part' ? parts.get(content.contentId) : undefined, await readFile(file))
    t.equal((await call('provide', file, '--patient', 'X-1', '--source-id', '2.25.9', '--class', 'POEM')).code, 2)
  },
)

t.test('retrieve gives the bytes of the repository, or readable text (ITI TF-2 3.43)', async (t) => {
  const stored = await readFile(message)
  const { call, place } = await withDoor(t, (heard) => {
    const envelope = heard.body.subarray(
      heard.body.indexOf('<soap12:'),
      heard.body.lastIndexOf('</soap12:Envelope>') + 18,
    )
    const request = readEnvelope(readXml(envelope))
    const [wanted] = readRetrieveRequest(request.body)
    if (wanted === undefined) throw new Error('nothing asked')
    const contentId = newContentId()
    const document = {
      request: wanted,
      mimeType: 'x-application/hl7-v2+er7',
      content: { kind: 'part', contentId },
    } as const
    const body = writeRetrieveResponse([document], { result: 'success', errors: [], journalId: 'j' })
    const { contentType, body: bytes } = writeRelated(answer(request, iti43, body), [
      { contentId, contentType: document.mimeType, body: stored },
    ])
    return { status: 200, contentType, body: Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0) }
  })
  t.same((await call('retrieve', '2.25.17', '--out', '-')).out, stored)
  t.match((await call('retrieve', '2.25.17', '--decode')).text, /\nPID\|.*架空\^太郎.*\n/)
  const out = join(place.dataDir, 'out')
  const { text } = await call('retrieve', '2.25.17', '--out', out)
  t.match(text, createHash('sha1').update(stored).digest('hex'))
  t.same(await readFile(join(out, '2.25.17.hl7')), stored)
  t.equal((await stat(join(out, '2.25.17.hl7'))).mode & 0o777, 0o600, 'clinical content is its owner’s alone')
  t.match((await call('retrieve', '2.25.17', '--raw')).text, /^<soap12:Envelope/)
  t.equal((await call('retrieve', '1', '2', '--out', '-')).code, 2)
  t.equal((await call('retrieve', '1', '--home', '2.25.42')).code, 2, 'a community without one of its repositories')
})

t.test('remove names objects to the registry and documents to the repository (IHE ITI supplement RMD)', async (t) => {
  const uuid = '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed'
  const asked: unknown[] = []
  const { call } = await withDoor(t, (heard) => {
    const request = simple(heard)
    const isMetadata = request.action === iti62.action
    asked.push(heard.path, isMetadata ? readRemoveObjects(request.body) : readRetrieveRequest(request.body))
    const refusal = iheError('REMOVE_DOCUMENT', { value: '2.25.7', location: '2.25.7' })
    const verdict = isMetadata
      ? ({ result: 'success', errors: [], journalId: 'j' } as const)
      : ({ result: 'failure', errors: [refusal], journalId: 'j' } as const)
    return soap(answer(request, isMetadata ? iti62 : iti86, writeRegistryResponse(verdict)))
  })
  t.match(await call('remove', '--metadata', uuid, `urn:uuid:${uuid}`), { code: 0, text: /^removed urn:uuid:1b9d6bcd/ })
  const refused = await call('remove', '--document', '2.25.5/a/b', '2.25.5/2.25.7')
  t.equal(refused.code, 1)
  t.match(refused.err, 'XDSRemoveDocumentsError')
  t.match(refused.err, '使用中')
  t.strictSame(asked, [
    '/xds/registry',
    [`urn:uuid:${uuid}`, `urn:uuid:${uuid}`],
    '/xds/repository',
    [
      { repositoryUniqueId: '2.25.5', documentUniqueId: 'a/b' },
      { repositoryUniqueId: '2.25.5', documentUniqueId: '2.25.7' },
    ],
  ])
  for (const wrong of [
    [],
    ['--metadata', 'Document01'],
    ['--document', '2.25.7'],
    ['--metadata', uuid, '--document', '1/2'],
  ])
    t.equal((await call('remove', ...wrong)).code, 2, wrong.join(' '))
})

t.test('a fault is shown with code, hint in both languages and journal id', async (t) => {
  const { call } = await withDoor(t, (heard) => {
    const relatesTo = simple(heard).messageId ?? ''
    const { status, xml } = writeFault(iheError('ROLE_MISSING', { rule: 'roles pix-consumer' }), {
      relatesTo,
      journalId: 'j-3',
    })
    return soap(xml, status)
  })
  const { code, err } = await call('pix', '--id', '1', '--domain', '2.25.9')
  t.equal(code, 1)
  t.match(err, /SOAP fault Sender/)
  t.match(err, /権限/)
  t.match(err, 'j-3')
})

t.test('a refused certificate, and an answer to another message, are exit code 1', async (t) => {
  const refused = await withDoor(t, () => ({ status: 403 }))
  const { code, err } = await refused.call('pix', '--id', '1', '--domain', '2.25.9')
  t.equal(code, 1)
  t.match(err, 'CERTIFICATE_REFUSED')
  const confused = await withDoor(t, (heard) => {
    const request = simple(heard)
    const other = { ...request, messageId: 'urn:uuid:00000000-0000-4000-8000-000000000000' }
    return soap(answer(other, iti45, writePixResponse(readQuery(request.body), { kind: 'nothing' })))
  })
  t.match((await confused.call('pix', '--id', '1', '--domain', '2.25.9')).err, 'relates to')
})

t.test('a server of another authority is not talked to', async (t) => {
  const { door } = await withDoor(t, () => ({ status: 200 }))
  const stranger = await makePlace()
  t.teardown(stranger.remove)
  const there = ['--as', 'clinic-b', '--data-dir', stranger.dataDir, '--url', `https://localhost:${door.port}`]
  const { code } = await run(['pix', '--id', '1', '--domain', '2.25.9', ...there])
  t.equal(code, 1)
  t.equal(door.heard.length, 0)
})

t.test('push --http sends the file as it is and tells AA from AE (HL7 v2.5 2.9.2)', async (t) => {
  let ack = 'AA'
  const { door, call } = await withDoor(t, () => ({
    status: 200,
    contentType: 'x-application/hl7-v2+er7',
    body: `MSH|^~\\&|GW|T|E|1|20260101||ACK^R22^ACK|1|P|2.5\rMSA|${ack}|DEMO-LAB-002\r`,
  }))
  const file = message.pathname
  const first = await call('push', file, '--http')
  t.equal(first.code, 0, first.err)
  t.match(first.text, /^AA {2}DEMO-LAB-002/)
  t.same(door.heard[0]?.body, await readFile(message))
  ack = 'AE'
  t.equal((await call('push', file, '--http')).code, 1)
  t.match((await call('push', file, '--http', '--raw')).text, 'MSA|AE|')
  t.equal((await call('push', 'absent.hl7', '--http')).code, 2)
})
