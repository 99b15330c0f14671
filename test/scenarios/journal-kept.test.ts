// What the journal keeps of every message at every door, and of those it must not keep (storeclient F.4; docs/adr/0035).

import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { iti18, iti41, iti43 } from '../../profiles/transactions/index.ts'
import { readCredentials } from '../../src/cli/credentials.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import type { KeptMessage } from '../../src/journal/kept-message.ts'
import { newEntryUuid } from '../../src/model/identifiers.ts'
import { isSuccess, laboratory, submissionOf } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'

t.setTimeout(120_000)

const SIMPLE = 'application/soap+xml; charset=UTF-8'
const ER7 = 'x-application/hl7-v2+er7'
const MIB = 1024 * 1024
const network = await startNetwork(t, { 'limits.soapBytes': String(MIB), 'limits.idleTimeoutMs': '3000' })
const { server, pool, baseUrl } = network
const hanako = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })

interface Row {
  readonly exchange_id: string
  readonly system_id: string | null
  readonly transaction: string
  readonly result: string
  readonly error_codes: readonly string[]
  readonly duration_ms: number
  readonly timings: Readonly<Record<string, number>> | null
  readonly request_bytes: string
}

/** The newest entry, or that of one message. */
async function entry(messageId?: string): Promise<Row> {
  const { rows } = await pool.query<Row>(
    `select exchange_id, system_id, transaction, result, error_codes, duration_ms, timings, request_bytes from journal.exchange
     where $1::text is null or message_id = $1 order by at desc limit 1`,
    [messageId],
  )
  const [row] = rows
  if (row === undefined) throw new Error('nothing is journalled')
  return row
}

async function kept(messageId?: string): Promise<Row & { request?: KeptMessage; answer?: KeptMessage }> {
  const row = await entry(messageId)
  const messages = await server.kept(row.exchange_id)
  const [request, answer] = ['request', 'answer'].map((one) => messages.find(({ direction }) => direction === one))
  t.equal(messages.length, Number(request !== undefined) + Number(answer !== undefined), 'each at most once')
  return { ...row, ...(request === undefined ? {} : { request }), ...(answer === undefined ? {} : { answer }) }
}

async function post(given: {
  readonly path: string
  readonly type: string
  readonly body: Buffer
  readonly headers?: Readonly<Record<string, string>>
  readonly system?: string
}) {
  const { path, type, body, headers = {}, system = 'hospital-a' } = given
  const response = await request(`${baseUrl}${path}`, {
    method: 'POST',
    dispatcher: await network.agentOf(system),
    headers: { 'content-type': type, ...headers },
    body,
  })
  return { status: response.statusCode, body: Buffer.from(await response.body.arrayBuffer()) }
}

function addsUp(t: Test, { timings, duration_ms }: Row): void {
  const sum = Object.values(timings ?? {}).reduce((total, ms) => total + ms, 0)
  t.ok(Math.abs(sum - duration_ms) < 0.1, `stations: ${JSON.stringify(timings)} of ${duration_ms} ms`)
}

t.test('ITI-18: request and answer to the byte, and where the time went', async (t) => {
  const messageId = `urn:uuid:${randomUUID()}`
  const body = Buffer.from(
    writeEnvelope({
      action: iti18.action,
      messageId,
      body: writeFindDocuments({ patientId: hanako, returnType: 'LeafClass' }),
    }),
  )
  const answer = await post({ path: '/xds/registry', type: SIMPLE, body })
  t.equal(answer.status, 200)
  const found = await kept(messageId)
  t.strictSame(found.request?.bytes, body)
  t.match(found.request, { contentType: SIMPLE, isWhole: true, sizeBytes: body.length, parts: [] })
  t.strictSame(found.answer?.bytes, answer.body)
  t.match(found.answer, { contentType: SIMPLE, isWhole: true, sizeBytes: answer.body.length })
  addsUp(t, found)
  t.same(Object.keys(found.timings ?? {}).sort(), ['act', 'decode', 'encode', 'receive', 'wait'])
})

t.test(
  'ITI-41 and ITI-43: documents that were accepted and those that leave are named, the repository has them',
  async (t) => {
    for (const size of [1000, 100_000]) {
      const bytes = Buffer.alloc(size, `標本 ${randomUUID()} `)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const { provide, entry: document } = submissionOf({ patientId: hanako, bytes })
      const answer = await network.soap('hospital-a', provide)
      t.ok(isSuccess(answer.text))
      const submitted = await kept(provide.messageId)
      t.match(submitted.request, { contentType: /^multipart\/related/, isWhole: true })
      t.ok(submitted.request?.bytes.includes('ProvideAndRegisterDocumentSetRequest'))
      t.notOk(submitted.request?.bytes.includes('標本'), 'the root alone')
      const [part] = submitted.request?.parts ?? []
      t.match(part, { contentType: document.mimeType, sizeBytes: size, sha256 })
      t.equal(part?.bytes, undefined)
      t.ok(answer.text.includes(submitted.answer?.bytes.toString() ?? 'no answer'), 'the root of the answer')
      addsUp(t, submitted)

      const messageId = `urn:uuid:${randomUUID()}`
      const [documentUniqueId, repositoryUniqueId] = [document.uniqueId, server.config.repository.uniqueId]
      await network.soap('clinic-b', {
        transaction: iti43,
        messageId,
        body: writeRetrieveRequest([{ repositoryUniqueId, documentUniqueId }]),
      })
      const retrieved = await kept(messageId)
      t.equal(retrieved.result, 'success')
      t.ok(retrieved.answer?.bytes.includes(documentUniqueId))
      t.ok((retrieved.answer?.sizeBytes ?? 0) > size, 'the size of all that left, also of a stream')
      t.match(retrieved.answer?.parts, [{ sizeBytes: size, sha256, bytes: undefined }])
    }
  },
)

t.test('ITI-41 refused: a small document is kept, of a large one its name', async (t) => {
  for (const size of [1000, 100_000]) {
    const bytes = Buffer.alloc(size, `標本 ${randomUUID()} `)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const { provide } = submissionOf({ patientId: hanako, bytes, replaces: newEntryUuid() })
    t.notOk(isSuccess((await network.soap('hospital-a', provide)).text))
    const [part] = (await kept(provide.messageId)).request?.parts ?? []
    t.match(part, { sizeBytes: size, sha256 })
    t.strictSame(part?.bytes, size === 1000 ? bytes : undefined)
  }
})

t.test('what could not be read is kept as far as it came, with the fault', async (t) => {
  const broken = Buffer.from('<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>')
  const answer = await post({ path: '/xds/registry', type: SIMPLE, body: broken })
  const found = await kept()
  t.strictSame(found.request?.bytes, broken)
  t.strictSame(found.answer?.bytes, answer.body)
  t.equal(found.result, 'failure')

  const tooLarge = Buffer.alloc(2 * MIB, '架空')
  await post({ path: '/xds/registry', type: SIMPLE, body: tooLarge })
  const cut = await kept()
  t.same(cut.error_codes, ['TOO_LARGE'])
  t.strictSame(cut.request?.bytes, tooLarge.subarray(0, 64 * 1024))
  t.match(cut.request, { isWhole: false })

  const type = 'multipart/related; boundary="b"; type="application/xop+xml"; start="<r@x>"'
  const body = Buffer.from('--b\r\nContent-Type: application/xop+xml\r\nContent-ID: <r@x>\r\n\r\n<a/>')
  await post({ path: '/xds/repository', type, body })
  const endless = await kept()
  t.same(endless.error_codes, ['MTOM_PACKAGE'])
  t.strictSame(endless.request?.bytes, body)

  await post({ path: '/storeclient', type: 'image/png', body: Buffer.from('PNG') })
  t.match(await kept(), { error_codes: ['CONTENT_TYPE'], answer: { contentType: /text\/plain/, isWhole: true } })
})

t.test('pushes over HTTPS and MLLP: message, headers by which it was understood, acknowledgement', async (t) => {
  const body = laboratory({ order: '810000000000001' })
  const headers = { 'x-storeclient-kind': 'OML-01', 'x-invented': 'not kept' }
  const answer = await post({ path: '/storeclient', type: ER7, body, headers })
  t.equal(readAck(answer.body).code, 'AA')
  const posted = await kept(readAck(answer.body).controlId)
  t.strictSame(posted.request?.bytes, body)
  t.strictSame(posted.answer?.bytes, answer.body)
  t.match(posted.request, { contentType: ER7, isWhole: true })
  t.same(posted.request?.headers, { 'x-storeclient-kind': 'OML-01' })
  addsUp(t, posted)

  const connection = await network.mllp('hospital-a')
  const pushed = laboratory({ order: '810000000000002' })
  const ack = await connection.send(pushed)
  await connection.close()
  const framed = await kept(readAck(ack).controlId)
  t.strictSame(framed.request?.bytes, pushed)
  t.strictSame(framed.answer?.bytes, ack)
  t.equal(framed.request?.contentType, undefined)
})

t.test(
  'of a message without link, without consent, or about somebody else, nothing stays but the answer',
  async (t) => {
    const name = '秘匿'
    const who = { kanji: [name, '一'], kana: ['ヒトク', 'ハジメ'], birth: '19010101' } as const
    for (const [localId, code] of [
      ['0000099999', 'HL7_PATIENT_NOT_LINKED'],
      ['0000012346', 'HL7_IDENTITY'],
    ] as const) {
      const answer = await post({ path: '/storeclient', type: ER7, body: laboratory({ order: localId, localId, who }) })
      const found = await kept(readAck(answer.body).controlId)
      t.same(found.error_codes, [code])
      t.equal(found.request, undefined, code)
      t.strictSame(found.answer?.bytes, answer.body)
    }

    const set = (at: 'now()' | 'null') =>
      pool.query(
        `update access.consent set withdrawn_at = ${at}
       where person_key = (select person_key from identity.identifier where value = $1 and domain = $2)`,
        [hanako.value, hanako.authority],
      )
    await set('now()')
    const answer = await post({ path: '/storeclient', type: ER7, body: laboratory({ order: '8100' }) })
    const pushed = await kept(readAck(answer.body).controlId)
    t.same(pushed.error_codes, ['HL7_CONSENT'])
    t.equal(pushed.request, undefined)
    const { provide } = submissionOf({ patientId: hanako, bytes: Buffer.from(name) })
    await network.soap('hospital-a', provide)
    const provided = await kept(provide.messageId)
    t.equal(provided.request, undefined, 'ITI-41')
    t.ok(provided.answer?.bytes.includes('XDSUnknownPatientId'))
    await set('null')
  },
)

t.test('a frame that never became a message is kept as far as it came', async (t) => {
  const { key, cert, ca } = await readCredentials(server.config, 'hospital-a')
  const socket = connect({ host: 'localhost', port: server.mllpPort, key, cert, ca })
  await once(socket, 'secureConnect')
  const begun = 'MSH|^~\\&|EHR|架空'
  socket.end(`\x0b${begun}`)
  socket.resume()
  await once(socket, 'close')
  const isThere = async (): Promise<boolean> => (await entry()).error_codes[0] === 'HL7_TRUNCATED'
  t.ok(await eventually(isThere, 10_000))
  const found = await kept()
  t.equal(found.request?.bytes.toString(), begun)
  t.equal(found.system_id, 'hospital-a', 'whose vendor will ask')
  t.match(found.request, { isWhole: false, sizeBytes: Buffer.byteLength(begun) })
  t.equal(found.answer, undefined)
})

t.test('an invitation code never lies in the journal', async (t) => {
  const code = 'AAAA-BBBB-CCCC-DDDD'
  await request(`${baseUrl}/onboarding/redeem`, {
    method: 'POST',
    dispatcher: await network.agentOf('hospital-a'),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ invitation: code, csr: 'x' }),
  }).then(({ body }) => body.dump())
  const row = await entry()
  t.equal(row.transaction, 'Onboarding redeem')
  t.same(await server.kept(row.exchange_id), [])
})

t.test('nothing of a message can be read in the database', async (t) => {
  const messageId = `urn:uuid:${randomUUID()}`
  const body = writeFindDocuments({ patientId: hanako, returnType: 'ObjectRef' })
  await network.soap('clinic-b', { transaction: iti18, body, messageId })
  t.ok((await kept(messageId)).request?.bytes.includes(messageId))
  const { rows } = await pool.query<{ sealed: Buffer }>('select sealed from journal.kept')
  t.ok(rows.length > 0)
  t.notOk(rows.some(({ sealed }) => sealed.includes('AdhocQuery') || sealed.includes(iti41.action)))
})
