// Hostile SOAP and MTOM at the HTTPS door: each is answered clearly, in bounded time and memory, while others are served (security: input hardening rows 6, 10, 13, 15).

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { ENDPOINTS, iti18, iti42 } from '../../profiles/transactions/index.ts'
import { readCredentials } from '../../src/cli/credentials.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import { trusted } from '../../src/codec/xml/write.ts'
import { newOid } from '../../src/model/identifiers.ts'
import { errorCodesOf, isSuccess, submissionOf } from './messages.ts'
import { DOMAINS, eventually, startNetwork } from './support.ts'

t.setTimeout(170_000)

const MIB = 2 ** 20
const REQUEST_BYTES = 96 * MIB
const CONNECTIONS = 60
const network = await startNetwork(t, {
  'limits.requestBytes': String(REQUEST_BYTES),
  'limits.bodyGraceMs': '1000',
  'limits.bodyBytesPerSecond': '1024',
  'limits.connections': String(CONNECTIONS),
})
const { server } = network
const hanako = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })

/** Room for what is read and thrown away again before the collector comes by. */
const GROWTH_BYTES = 200 * MIB
/** Of one hostile message on a busy machine; each takes a second or two. */
const ANSWERED_WITHIN_MS = 20_000

interface Measured<T> {
  readonly value: T
  readonly growthBytes: number
  readonly tookMs: number
}

/** Highest resident memory during the work, above what it was before. */
async function measured<T>(work: () => Promise<T>): Promise<Measured<T>> {
  const before = process.memoryUsage.rss()
  let highest = before
  const watch = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage.rss())
  }, 20)
  const startedMs = performance.now()
  try {
    const value = await work()
    return { value, growthBytes: highest - before, tookMs: performance.now() - startedMs }
  } finally {
    clearInterval(watch)
  }
}

function withinBounds(t: Test, { growthBytes, tookMs }: Measured<unknown>): void {
  t.ok(growthBytes < GROWTH_BYTES, `${Math.round(growthBytes / MIB)} MiB more`)
  t.ok(tookMs < ANSWERED_WITHIN_MS, `${Math.round(tookMs)} ms`)
}

async function open(system = 'hospital-a'): Promise<TLSSocket> {
  const { key, cert, ca } = await readCredentials(server.config, system)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: 'localhost', port: server.httpsPort, key, cert, ca })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.off('error', reject)
      // The other side hangs up on us: that is what is tested.
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

interface Heard {
  readonly status: number
  readonly text: string
}

function heard(socket: TLSSocket): Promise<Heard> {
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  return new Promise((resolve) => {
    socket.once('close', () => resolve({ text, status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0) }))
  })
}

/** Sends until the other side has had enough; what it said. */
async function pour(head: string, pieces: () => Iterable<Buffer | string>): Promise<Heard> {
  const socket = await open()
  const answer = heard(socket)
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.write(head)
  for (const piece of pieces()) {
    if (!socket.writable) break
    if (!socket.write(piece)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), gone])
  }
  if (socket.writable) socket.end()
  return answer
}

async function othersAreServed(t: Test): Promise<void> {
  const { provide } = submissionOf({ patientId: hanako, bytes: Buffer.from(randomUUID()) })
  t.ok(isSuccess((await network.soap('hospital-a', provide)).text), 'an honest sender is served')
}

const BOUNDARY = 'b1'
const MTOM_HEAD = [
  `POST ${ENDPOINTS.DocumentRepository} HTTP/1.1`,
  'Host: localhost',
  `Content-Type: multipart/related; boundary=${BOUNDARY}; type="application/xop+xml"; start="<root>"; start-info="application/soap+xml"`,
]
const LENGTH = 'Content-Length: 1000000000\r\n\r\n'
const ROOT = `--${BOUNDARY}\r\nContent-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\nContent-ID: <root>\r\n\r\n<a/>`
const PART_HEAD = '\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n'
const mtomHead = `${[...MTOM_HEAD, LENGTH].join('\r\n')}${ROOT}`

t.test('10,000 parts: refused at the limit with a fault (RFC 2387)', async (t) => {
  const result = await measured(() =>
    pour(mtomHead, function* () {
      for (let number = 0; number < 10_000; number += 1)
        yield `\r\n--${BOUNDARY}${PART_HEAD}Content-ID: <p${number}>\r\n\r\nx`
    }),
  )
  t.equal(result.value.status, 400)
  t.match(result.value.text, /at most 1000 parts.*MTOM_PACKAGE/s)
  withinBounds(t, result)
})

t.test('a part that never ends: refused at the size of a request, in the memory of a few chunks', async (t) => {
  const chunk = Buffer.alloc(MIB, 'x')
  const result = await measured(() =>
    pour(`${mtomHead}\r\n--${BOUNDARY}${PART_HEAD}Content-ID: <endless>\r\n\r\n`, function* () {
      for (let sent = 0; sent < 4 * REQUEST_BYTES; sent += chunk.length) yield chunk
    }),
  )
  t.equal(result.value.status, 413)
  t.match(result.value.text, /TOO_LARGE/)
  withinBounds(t, result)
})

t.test('part headers, a boundary line and a preamble that never end', async (t) => {
  const headers = await measured(() =>
    pour(`${mtomHead}\r\n--${BOUNDARY}${PART_HEAD}`, function* () {
      for (let number = 0; number < 1_000_000; number += 1) yield `X-${number}: ${'y'.repeat(100)}\r\n`
    }),
  )
  t.match(headers.value, { status: 400, text: /headers at most 8192 bytes.*MTOM_PACKAGE/s })
  const dashes = await measured(() =>
    pour(`${[...MTOM_HEAD, LENGTH].join('\r\n')}`, function* () {
      for (let sent = 0; sent < 4 * REQUEST_BYTES; sent += MIB) yield Buffer.alloc(MIB, '-')
    }),
  )
  t.match(dashes.value, { status: 413, text: /TOO_LARGE/ })
  for (const result of [headers, dashes]) withinBounds(t, result)
  await othersAreServed(t)
})

t.test('50,000 slots in a submission: an answer of the transaction, not of the door (ITI-42)', async (t) => {
  const { register } = submissionOf({ patientId: hanako, bytes: Buffer.from('x'), repositoryUniqueId: newOid() })
  const slots = Array.from(
    { length: 50_000 },
    (_, number) =>
      `<rim:Slot name="urn:x:${number}"><rim:ValueList><rim:Value>${number}</rim:Value></rim:ValueList></rim:Slot>`,
  ).join('')
  const body = trusted(register.body.replace(/(<rim:ExtrinsicObject [^>]*>)/, `$1${slots}`))
  const result = await measured(() => network.soap('tester', { transaction: iti42, body }))
  t.equal(result.value.status, 200, 'one of the registry, with its codes')
  t.match(result.value.text, /RegistryResponse/)
  withinBounds(t, result)
  const more = `<rim:Slot name="urn:y"><rim:ValueList>${'<rim:Value/>'.repeat(500_001)}</rim:ValueList></rim:Slot>`
  const tooMany = await measured(() =>
    network.soap('tester', {
      transaction: iti42,
      body: trusted(register.body.replace(/(<rim:ExtrinsicObject [^>]*>)/, `$1${more}`)),
    }),
  )
  t.match(tooMany.value, { status: 400, text: /XML_LIMIT/ })
  withinBounds(t, tooMany)
  await othersAreServed(t)
})

t.test('10,000 ids in one parameter: XDSRegistryError naming the limit (ITI TF-2 3.18.4.1.2.3)', async (t) => {
  const ids = Array.from({ length: 10_000 }, () => `'urn:uuid:${randomUUID()}'`)
  const inOne = `<rim:Value>(${ids.join(',')})</rim:Value>`
  const inMany = ids.map((id) => `<rim:Value>(${id})</rim:Value>`).join('')
  for (const values of [inOne, inMany]) {
    const body = trusted(
      '<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">' +
        '<query:ResponseOption returnComposedObjects="true" returnType="LeafClass"/><rim:AdhocQuery id="urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4">' +
        `<rim:Slot name="$XDSDocumentEntryEntryUUID"><rim:ValueList>${values}</rim:ValueList></rim:Slot></rim:AdhocQuery></query:AdhocQueryRequest>`,
    )
    const result = await measured(() => network.soap('hospital-a', { transaction: iti18, body }))
    t.equal(result.value.status, 200)
    t.strictSame(errorCodesOf(result.value.text), ['XDSRegistryError'])
    t.match(result.value.text, /at most 1000 values/)
    withinBounds(t, result)
  }
})

t.test(
  'a byte a second: 408 with a fault that names the rate, and the connection closed (limits.bodyBytesPerSecond)',
  async (t) => {
    const socket = await open()
    const answer = heard(socket)
    socket.write(
      `POST ${ENDPOINTS.DocumentRegistry} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/soap+xml; charset=UTF-8\r\nContent-Length: 100000\r\n\r\n`,
    )
    const drip = setInterval(() => socket.writable && socket.write('<'), 50)
    const { status, text } = await answer
    clearInterval(drip)
    t.equal(status, 408)
    t.match(text, /at least 1024 bytes a second, averaged over 1 s.*TOO_SLOW/s)
    t.match(text, /connection: close/i)
  },
)

t.test('a fast beginning does not buy a slow rest, also inside a part', async (t) => {
  const socket = await open()
  const answer = heard(socket)
  socket.write(`${mtomHead}\r\n--${BOUNDARY}${PART_HEAD}Content-ID: <slow>\r\n\r\n${'x'.repeat(500_000)}`)
  const drip = setInterval(() => socket.writable && socket.write('x'), 50)
  t.match(await answer, { status: 408, text: /TOO_SLOW/ })
  clearInterval(drip)
})

t.test(
  'a sender that hangs up within its message is journalled, and the fault is not ours (docs/operations: blame)',
  async (t) => {
    const doors = [
      [ENDPOINTS.DocumentRegistry, 'application/soap+xml; charset=UTF-8'],
      ['/storeclient', 'x-application/hl7-v2+er7'],
    ] as const
    for (const [path, type] of doors) {
      const socket = await open()
      const { rows: before } = await network.pool.query(
        'select exchange_id from journal.exchange where endpoint = $1',
        [path],
      )
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: 100000\r\n\r\nMSH|`,
      )
      // The request is at work when its door has asked for more of it.
      await delay(200)
      socket.destroy()
      const journalled = async () => {
        const { rows } = await network.pool.query(
          'select error_codes from journal.exchange where endpoint = $1 and exchange_id <> all($2)',
          [path, before.map(({ exchange_id }) => exchange_id)],
        )
        return rows.flatMap(({ error_codes }) => error_codes)
      }
      t.ok(await eventually(async () => (await journalled()).length > 0, 10_000), path)
      t.strictSame(await journalled(), ['TOO_SLOW'])
    }
  },
)

t.test('header bombs: one header of 1 MiB, and 100,000 headers (RFC 9110, 5.4)', async (t) => {
  const start = `POST ${ENDPOINTS.DocumentRegistry} HTTP/1.1\r\nHost: localhost\r\n`
  const long = await measured(() =>
    pour(`${start}X-Long: `, function* () {
      for (let sent = 0; sent < MIB; sent += 8192) yield 'y'.repeat(8192)
    }),
  )
  const many = await measured(() =>
    pour(start, function* () {
      for (let number = 0; number < 100_000; number += 1) yield `X-${number}: 1\r\n`
    }),
  )
  for (const result of [long, many]) {
    t.match(String(result.value.status), /^(431|0)$/, 'too large, unless the reset was faster')
    withinBounds(t, result)
  }
  const { status } = await network.soap('hospital-a', {
    transaction: iti18,
    body: writeFindDocuments({ patientId: hanako, returnType: 'ObjectRef' }),
  })
  t.equal(status, 200)
})

t.test(
  'more connections than are allowed: the new ones are dropped, those at work are served (limits.connections)',
  async (t) => {
    await othersAreServed(t)
    const tried = await Promise.allSettled(
      Array.from({ length: CONNECTIONS * 2 }, async () => {
        const socket = await open()
        t.teardown(() => socket.destroy())
      }),
    )
    const dropped = tried.filter(({ status }) => status === 'rejected').length
    t.ok(dropped >= CONNECTIONS, `${dropped} of ${tried.length} dropped`)
    await othersAreServed(t)
  },
)
