// Bad senders and races at the doors: broken frames, slow senders, idle crowds, copies at once, injections (security: input hardening rows 8 to 17, 23).

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { ENDPOINTS, iti18, iti43, iti45 } from '../../profiles/transactions/index.ts'
import { readCredentials } from '../../src/cli/credentials.ts'
import { writeFindDocuments, writeGetDocuments } from '../../src/codec/ebxml/query-request.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { writeQuery } from '../../src/codec/hl7v3/write-query.ts'
import { newOid } from '../../src/model/identifiers.ts'
import { errorCodesOf, isSuccess, laboratory, submissionOf } from './messages.ts'
import { DOMAINS, eventually, startNetwork } from './support.ts'

t.setTimeout(170_000)

const FRAME_BYTES = 65_536
const network = await startNetwork(t, {
  'limits.mllpFrameBytes': String(FRAME_BYTES),
  // One certificate stands for all that may hold connections at a time.
  'limits.connectionsPerCertificate': '1000',
})
/** Short patience, for the tests of slow senders only: on a busy machine it would hit honest ones too. */
const strict = await startNetwork(t, { 'limits.headersTimeoutMs': '2000', 'limits.idleTimeoutMs': '2000' })
const { pool, server } = network
const hanako = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })
/** Node looks for late headers and requests every 30 s. */
const CLOSED_WITHIN_MS = 60_000

async function open(port: number, to = server): Promise<TLSSocket> {
  const { key, cert, ca } = await readCredentials(to.config, 'hospital-a')
  return new Promise((resolve, reject) => {
    const socket = connect({ host: 'localhost', port, key, cert, ca })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.off('error', reject)
      // The other side hangs up on us: that is what is tested.
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

/** What is heard until the other side closes. */
function heardUntilClose(socket: TLSSocket): Promise<string> {
  let heard = ''
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1')
  })
  return new Promise((resolve) => socket.once('close', () => resolve(heard)))
}

async function entriesOf(order: string): Promise<number> {
  const found = await network.find('hospital-a', hanako)
  return found.filter(({ referenceIdList }) => referenceIdList.some((id) => id.startsWith(`${order}^`))).length
}

async function journalled(code: string): Promise<boolean> {
  const { rows } = await pool.query(`select from journal.exchange where door = 'mllp' and $1 = any(error_codes)`, [
    code,
  ])
  return rows.length > 0
}

const START = Buffer.from([0x0b])

t.test(
  'a frame that ends in the middle is not answered and leaves nothing but a journal line (MLLP Release 1)',
  async (t) => {
    const order = '000000000906001'
    const message = laboratory({ order })
    for (const cut of [1, 40, message.length - 1, message.length]) {
      const socket = await open(server.mllpPort)
      const heard = heardUntilClose(socket)
      socket.end(Buffer.concat([START, message.subarray(0, cut)]))
      t.equal(await heard, '', `cut after ${cut} bytes`)
    }
    t.equal(await entriesOf(order), 0)
    t.ok(await eventually(() => journalled('HL7_TRUNCATED'), 10_000))
  },
)

t.test('a frame that never ends is cut at the limit (limits.mllpFrameBytes)', async (t) => {
  const socket = await open(server.mllpPort)
  const heard = heardUntilClose(socket)
  socket.write(Buffer.concat([START, laboratory({ order: '000000000906002' })]))
  const more = setInterval(() => socket.writable && socket.write(Buffer.alloc(8192, 'A')), 5)
  t.equal(await heard, '')
  clearInterval(more)
  t.ok(await eventually(() => journalled('TOO_LARGE'), 10_000))
})

t.test('a thousand idle connections do not keep others from being served', { timeout: 120_000 }, async (t) => {
  const idle: TLSSocket[] = []
  for (let batch = 0; batch < 20; batch += 1) {
    const ports = [server.httpsPort, server.mllpPort]
    idle.push(...(await Promise.all(Array.from({ length: 50 }, (_, index) => open(ports[index % 2] ?? 0)))))
  }
  t.equal(idle.filter((socket) => socket.writable).length, 1000)
  const { provide } = submissionOf({ patientId: hanako, bytes: Buffer.from('among many') })
  t.ok(isSuccess((await network.soap('hospital-a', provide)).text))
  const connection = await network.mllp('hospital-a')
  t.equal(readAck(await connection.send(laboratory({ order: '000000000906003' }))).code, 'AA')
  await connection.close()
  for (const socket of idle) socket.destroy()
})

t.test(
  'who sends request headers a byte at a time is hung up on (limits.headersTimeoutMs)',
  { timeout: 120_000 },
  async (t) => {
    const socket = await open(strict.server.httpsPort, strict.server)
    const heard = heardUntilClose(socket)
    const text = `POST /xds/registry HTTP/1.1\r\nHost: localhost\r\nX-Slow: ${'a'.repeat(10_000)}`
    let sent = 0
    const drip = setInterval(() => socket.writable && socket.write(text.charAt(sent++)), 100)
    const before = performance.now()
    t.match(await heard, /^$|^HTTP\/1\.1 408 /)
    clearInterval(drip)
    t.ok(performance.now() - before < CLOSED_WITHIN_MS)
  },
)

t.test(
  'a body that stops half-way is given up and leaves nothing behind (limits.idleTimeoutMs)',
  { timeout: 120_000 },
  async (t) => {
    const socket = await open(strict.server.httpsPort, strict.server)
    const heard = heardUntilClose(socket)
    const part =
      'Content-Type: application/octet-stream\r\nContent-ID: <document>\r\nContent-Transfer-Encoding: binary\r\n\r\n'
    socket.write(
      `POST ${ENDPOINTS.DocumentRepository} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\nContent-Type: multipart/related; boundary=B; type="application/xop+xml"; start="<root>"; start-info="application/soap+xml"\r\n\r\n` +
        `--B\r\nContent-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\nContent-ID: <root>\r\n\r\n<a/>\r\n--B\r\n${part}${'x'.repeat(200_000)}`,
    )
    t.notMatch(await heard, /^HTTP\/1\.1 200 /)
    const left = async () => (await readdir(join(strict.server.config.dataDir, 'documents', 'incoming'))).length
    t.ok(await eventually(async () => (await left()) === 0, 10_000), 'no temporary file')
  },
)

t.test('twenty copies of one ITI-41 at once are one submission, and each hears Success (wsa:MessageID)', async (t) => {
  const { provide, entry, set } = submissionOf({ patientId: hanako, bytes: Buffer.from('copies') })
  const answers = await Promise.all(Array.from({ length: 20 }, () => network.soap('hospital-a', provide)))
  t.strictSame(
    answers.filter(({ text }) => !isSuccess(text)).map(({ text }) => errorCodesOf(text)),
    [],
  )
  const { rows } = await pool.query('select from registry.submission_set where unique_id = $1', [set.uniqueId])
  t.equal(rows.length, 1)
  t.equal((await network.find('hospital-a', hanako)).filter(({ uniqueId }) => uniqueId === entry.uniqueId).length, 1)
})

t.test(
  'twenty copies of one HL7 message at once are one document, and each is acknowledged (HL7 v2.5 2.9)',
  async (t) => {
    const order = '000000000906004'
    const message = laboratory({ order, controlId: 'COPIES-1' })
    const connections = await Promise.all(Array.from({ length: 20 }, () => network.mllp('hospital-a')))
    const acks = await Promise.all(connections.map((connection) => connection.send(message)))
    t.strictSame(new Set(acks.map((ack) => readAck(ack).code)), new Set(['AA']))
    t.equal(await entriesOf(order), 1)
    await Promise.all(connections.map((connection) => connection.close()))
  },
)

/** The errors of the answer that was refused, when just one of both was. */
async function race(...calls: readonly Parameters<typeof network.soap>[1][]): Promise<readonly string[]> {
  const answers = await Promise.all(calls.map((call) => network.soap('hospital-a', call)))
  const refused = answers.filter(({ text }) => !isSuccess(text))
  return refused.length === calls.length - 1 ? errorCodesOf(refused[0]?.text ?? '') : [`${refused.length} refused`]
}

t.test(
  'two documents with one uniqueId: one wins, the other is not identical (XDSNonIdenticalHash, ITI TF-2 3.42.4.1.3)',
  async (t) => {
    for (let round = 0; round < 5; round += 1) {
      const uniqueId = newOid()
      const of = (text: string) => submissionOf({ patientId: hanako, bytes: Buffer.from(text), uniqueId }).provide
      t.strictSame(await race(of('one'), of('two')), ['XDSNonIdenticalHash'])
      const { documents } = await network.fetch('hospital-a', [uniqueId])
      t.match(documents[0]?.bytes.toString(), /^(one|two)$/)
    }
  },
)

t.test(
  'two replacements of one document: one succeeds, the other comes too late (RPLC, ITI TF-3 4.2.2.2.3)',
  async (t) => {
    for (let round = 0; round < 5; round += 1) {
      const first = submissionOf({ patientId: hanako, bytes: Buffer.from(`first ${round}`) })
      t.ok(isSuccess((await network.soap('hospital-a', first.provide)).text))
      const replaces = first.entry.entryUUID
      const of = (text: string) => submissionOf({ patientId: hanako, bytes: Buffer.from(text), replaces }).provide
      t.strictSame(await race(of('left'), of('right')), ['XDSRegistryDeprecatedDocumentError'])
    }
  },
)

const INJECTIONS = [
  "'; drop table registry.document_entry; --",
  "' or '1'='1",
  "x' union select null, null --",
  '$1',
  '%',
  '\\',
  "('a','b'",
  '99999999999999999999',
  '../../etc/passwd',
]
const PARAMETERS = [
  '$XDSDocumentEntryPatientId',
  '$XDSDocumentEntryStatus',
  '$XDSDocumentEntryClassCode',
  '$XDSDocumentEntryTypeCode',
  '$XDSDocumentEntryPracticeSettingCode',
  '$XDSDocumentEntryCreationTimeFrom',
  '$XDSDocumentEntryCreationTimeTo',
  '$XDSDocumentEntryServiceStartTimeFrom',
  '$XDSDocumentEntryServiceStartTimeTo',
  '$XDSDocumentEntryServiceStopTimeFrom',
  '$XDSDocumentEntryServiceStopTimeTo',
  '$XDSDocumentEntryHealthcareFacilityTypeCode',
  '$XDSDocumentEntryEventCodeList',
  '$XDSDocumentEntryConfidentialityCode',
  '$XDSDocumentEntryAuthorPerson',
  '$XDSDocumentEntryFormatCode',
  '$XDSDocumentEntryType',
  '$XDSDocumentEntryReferenceIdList',
  "$Name'; drop schema registry cascade; --",
]

t.test(
  'whatever stands in a parameter is a value, never SQL (ITI-18, ITI-43, ITI-45)',
  { timeout: 120_000 },
  async (t) => {
    const before = (await pool.query('select count(*) from registry.document_entry')).rows
    const internal: string[] = []
    const ask = async (what: string, call: Parameters<typeof network.soap>[1]) => {
      const { status, text } = await network.soap('hospital-a', call)
      if (status >= 500 || /INTERNAL/.test(text)) internal.push(`${what}: ${status}`)
    }
    for (const value of INJECTIONS) {
      for (const name of PARAMETERS)
        for (const written of [
          value,
          `'${value}'`,
          `('${value.replaceAll("'", "''")}')`,
          `('${value.replaceAll("'", "''")}^^1.2.3')`,
        ]) {
          const body = writeFindDocuments({
            patientId: hanako,
            returnType: 'LeafClass',
            slots: [{ name, values: [written] }],
          })
          await ask(`${name} ${written}`, { transaction: iti18, body })
        }
      const body = writeGetDocuments({ returnType: 'LeafClass', by: 'entryUUID', values: [value] })
      await ask(`GetDocuments ${value}`, { transaction: iti18, body })
      const patientId = { value, authority: hanako.authority }
      await ask(`patient id ${value}`, {
        transaction: iti18,
        body: writeFindDocuments({ patientId, returnType: 'ObjectRef' }),
      })
      const { uniqueId } = server.config.repository
      for (const request of [
        { repositoryUniqueId: uniqueId, documentUniqueId: value },
        { repositoryUniqueId: value, documentUniqueId: value },
      ])
        await ask(`ITI-43 ${value}`, { transaction: iti43, body: writeRetrieveRequest([request]) })
      const device = { id: newOid() }
      const query = { sender: device, receiver: device, queryId: { root: newOid() }, patientId, dataSources: [] }
      await ask(`ITI-45 ${value}`, { transaction: iti45, body: writeQuery(query) })
    }
    t.strictSame(internal, [])
    t.strictSame((await pool.query('select count(*) from registry.document_entry')).rows, before)
  },
)

t.test('HL7 fields are values too (StoreClient)', async (t) => {
  const connection = await network.mllp('hospital-a')
  for (const [index, value] of [...INJECTIONS, 'a\u0000b'].entries()) {
    const message = laboratory({
      order: value,
      localId: index % 2 === 0 ? value : '0000012346',
      controlId: `I-${index}`,
    })
    t.match(readAck(await connection.send(message)).code, /^A[AER]$/, JSON.stringify(value))
  }
  await connection.close()
  const { rows } = await pool.query(`select error_codes from journal.exchange where 'INTERNAL' = any(error_codes)`)
  t.strictSame(rows, [])
})
