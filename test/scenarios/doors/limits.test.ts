// What one sender may take of the doors: messages a second, connections, time to read an answer; and requests that two parsers
// would read differently (RFC 9112 5, 6, 11.2; ITI TF-3 4.2.4.1 XDSRegistryBusy).

import { connect as connectTcp, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createAuthority } from '../../../src/certificates/authority.ts'
import { laboratory } from '../../faults/messages.ts'
import { DOMAINS, eventually, networkOf, startNetwork } from '../../faults/support.ts'
import {
  type Certified,
  converse,
  FELT_WITHIN_MS,
  framed,
  issuing,
  line,
  query,
  secure,
  startBeside,
} from './support.ts'

t.setTimeout(170_000)

const network = await startNetwork(t, { 'limits.idleTimeoutMs': '2000', 'limits.headersTimeoutMs': '2000' })
const { server, pool } = network
const { ca, issued, registered } = await issuing(network)
const hospital = await registered()
const clinic = await registered({ systemId: 'clinic-b' })

let order = 0
const push = () => laboratory({ order: String(908000 + ++order).padStart(15, '0') })

function posted(
  path: string,
  given: { readonly type: string; readonly body: Buffer; readonly headers?: string },
): Buffer {
  const { type, body, headers = '' } = given
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n${headers}\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

t.test('a system that sends more than is taken from one hears that we are busy, others do not', async (t) => {
  const narrow = await startBeside(network, { 'limits.requestsPerSecond': '1', 'limits.requestBurst': '2' })
  t.teardown(narrow.server.stop)
  const { httpsPort, mllpPort } = narrow.server
  const asked = (shown: Certified) =>
    converse(t, httpsPort, { ca, key: shown.key, cert: shown.cert, sent: query(server.config, ['Connection: close']) })
  const busy = async () => /XDSRegistryBusy/.test(await asked(hospital))
  t.ok(await eventually(busy, FELT_WITHIN_MS), 'busy in the terms of the transaction')
  const answers = await Promise.all(Array.from({ length: 6 }, () => asked(hospital)))
  const refused = answers.filter((answer) => answer.startsWith('HTTP/1.1 503 '))
  t.ok(refused.length >= 3, `${refused.length} of 6 refused`)
  for (const answer of refused) t.match(answer, /retry-after: \d+\r\n/i)
  t.match(await asked(clinic), /^HTTP\/1\.1 200 /, 'another system is served')
  const type = 'x-application/hl7-v2+er7'
  const pushed = async () => {
    const sent = posted('/storeclient', { type, body: push(), headers: 'Connection: close\r\n' })
    const answer = await converse(t, httpsPort, { ca, key: hospital.key, cert: hospital.cert, sent })
    return /^HTTP\/1\.1 503 /.test(answer) && /MSA\|AR/.test(answer)
  }
  t.ok(await eventually(pushed, FELT_WITHIN_MS), 'AR over HTTPS, one bucket for all doors')
  const mllp = await line(t, mllpPort, { ca, key: hospital.key, cert: hospital.cert })
  for (let count = 0; count < 4; count += 1) mllp.write(framed(push()))
  t.ok(await eventually(async () => /MSA\|AR/.test(mllp.heard()), FELT_WITHIN_MS), 'AR over MLLP')
  t.notOk(mllp.isClosed())
  t.ok(
    await eventually(async () => /^HTTP\/1\.1 200 /.test(await asked(hospital)), 3 * FELT_WITHIN_MS),
    'and later again',
  )
})

t.test('one system at work with all that it may keeps nobody else waiting', async (t) => {
  const narrow = await startBeside(network, { 'limits.requestsInWorkPerSystem': '1' })
  t.teardown(narrow.server.stop)
  const beside = networkOf(narrow.server)
  t.teardown(beside.close)
  const hanako = { value: '0000012346', authority: DOMAINS['hospital-a'] }
  const xad = await network.xadForStaff(hanako)
  const blocker = await pool.connect()
  await blocker.query('begin')
  await blocker.query('lock table registry.document_entry in access exclusive mode')
  const settled: string[] = []
  const settling = (name: string, work: Promise<unknown>) =>
    work.then(
      () => settled.push(name),
      () => settled.push(name),
    )
  const stuck = settling('stuck', beside.find('hospital-a', xad))
  const waits = async () => {
    const { rows } = await pool.query(`select from pg_stat_activity where wait_event_type = 'Lock'`)
    return rows.length > 0
  }
  t.ok(await eventually(waits, FELT_WITHIN_MS))
  const behind = settling('behind', beside.xadBy('hospital-a', hanako))
  await settling('other', beside.xadBy('clinic-b', hanako))
  t.strictSame(settled, ['other'], 'another system is answered, the next message of this one waits for its turn')
  await blocker.query('rollback')
  blocker.release()
  await Promise.all([stuck, behind])
  t.strictSame(settled, ['other', 'stuck', 'behind'])
})

t.test('one certificate, and strangers of one address, hold their share of the connections', async (t) => {
  const shares = { 'limits.connectionsPerCertificate': '3', 'limits.connectionsPerStranger': '2' }
  const narrow = await startBeside(network, shares)
  t.teardown(narrow.server.stop)
  for (const port of [narrow.server.httpsPort, narrow.server.mllpPort]) {
    const own = await Promise.all(Array.from({ length: 3 }, () => line(t, port, { ca, ...hospital })))
    const fourth = await line(t, port, { ca, ...hospital })
    t.ok(await eventually(async () => fourth.isClosed(), FELT_WITHIN_MS), 'the fourth of a certificate is dropped')
    t.notOk(
      own.some((one) => one.isClosed()),
      'those before are not',
    )
    const other = await line(t, port, { ca, ...clinic })
    const partner = await createAuthority({ name: 'Nobody’s CA' })
    const strangers = [{}, await issued({ authority: partner }), await issued({ authority: partner })]
    const lines = []
    for (const shown of strangers) lines.push(await line(t, port, { ca, ...shown }))
    const [, , third] = lines
    t.ok(await eventually(async () => third?.isClosed() === true, FELT_WITHIN_MS), 'the third stranger is dropped')
    t.notOk(other.isClosed(), 'another certificate finds room')
    own[0]?.socket.destroy()
    const again = async () => {
      const one = await line(t, port, { ca, ...hospital })
      one.write(port === narrow.server.httpsPort ? query(server.config) : framed(push()))
      await eventually(async () => one.heard() !== '' || one.isClosed(), FELT_WITHIN_MS)
      one.socket.destroy()
      return one.heard() !== ''
    }
    t.ok(await eventually(again, FELT_WITHIN_MS), 'a connection that ends gives its place back')
    for (const one of [...own, ...lines, other]) one.socket.destroy()
  }
})

t.test('who connects and makes no handshake counts as a stranger soon', async (t) => {
  const narrow = await startBeside(network, {
    'limits.connectionsPerStranger': '2',
    'limits.headersTimeoutMs': '60000',
  })
  t.teardown(narrow.server.stop)
  const { mllpPort, httpsPort } = narrow.server
  for (const port of [httpsPort, mllpPort]) {
    const sockets = await Promise.all(
      Array.from({ length: 6 }, () => {
        const socket = connectTcp({ port, host: '127.0.0.1' })
        t.teardown(() => socket.destroy())
        socket.on('error', () => {})
        return new Promise<Socket>((resolve) => socket.once('connect', () => resolve(socket)))
      }),
    )
    for (const socket of sockets) socket.resume()
    const left = () => sockets.filter((socket) => !socket.destroyed).length
    t.ok(await eventually(async () => left() <= 2, 2 * FELT_WITHIN_MS), `${left()} of 6 are left`)
    const good = await secure(port, { ca, ...hospital })
    t.ok(good.authorized, 'a system still comes in')
    good.destroy()
  }
})

t.test('an answer that is not read is given up (limits.idleTimeoutMs; 60 s as it is set)', async (t) => {
  const socket = await secure(server.httpsPort, { ca, ...hospital })
  t.teardown(() => socket.destroy())
  let isCut = false
  socket.on('error', () => {
    isCut = true
  })
  socket.once('close', () => {
    isCut = true
  })
  socket.pause()
  const wsdl = 'GET /xds/registry?wsdl HTTP/1.1\r\nHost: localhost\r\n\r\n'
  socket.write(wsdl.repeat(3000))
  const cut = async () => {
    if (!isCut) socket.write(wsdl)
    return isCut
  }
  t.ok(await eventually(cut, 60_000))
})

const soap = 'application/soap+xml; charset=UTF-8'
const envelope = '<Envelope/>'
const SMUGGLED = 'GET /xds/registry?wsdl HTTP/1.1\r\nHost: localhost\r\n\r\n'

function lines(...all: readonly string[]): string {
  return `${['POST /xds/registry HTTP/1.1', 'Host: localhost', `Content-Type: ${soap}`, ...all].join('\r\n')}\r\n\r\n`
}

const smuggled: Readonly<Record<string, string>> = {
  'Content-Length and Transfer-Encoding': `${lines('Content-Length: 6', 'Transfer-Encoding: chunked')}0\r\n\r\n${SMUGGLED}`,
  'Transfer-Encoding and Content-Length': `${lines('Transfer-Encoding: chunked', 'Content-Length: 6')}0\r\n\r\n${SMUGGLED}`,
  'two lengths that differ': `${lines('Content-Length: 0', `Content-Length: ${SMUGGLED.length}`)}${SMUGGLED}`,
  'two lengths in one': `${lines('Content-Length: 0, 5')}${SMUGGLED}`,
  'a negative length': `${lines('Content-Length: -1')}${SMUGGLED}`,
  'a signed length': `${lines('Content-Length: +11')}${envelope}`,
  'a length in hexadecimal': `${lines('Content-Length: 0xb')}${envelope}`,
  'a coding that is not chunked': `${lines('Transfer-Encoding: xchunked')}${SMUGGLED}`,
  'chunked twice, disguised': `${lines('Transfer-Encoding: chunked', 'Transfer-Encoding: identity')}0\r\n\r\n${SMUGGLED}`,
  'white space before the colon': `${lines('Content-Length : 11')}${envelope}`,
  'a folded header (obs-fold)': `${lines('X-Folded: one', ' two', 'Content-Length: 11')}${envelope}`,
  'a folded Transfer-Encoding': `${lines('Transfer-Encoding:', ' chunked')}0\r\n\r\n${SMUGGLED}`,
  'lines that end with LF alone': `POST /xds/registry HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n${SMUGGLED}`,
  'a CR inside a header': `${lines('X-Split: a\rContent-Length: 0')}${SMUGGLED}`,
  'a NUL inside a header': `${lines('X-Nul: a\u0000b', 'Content-Length: 0')}${SMUGGLED}`,
  'a chunk size that is none': `${lines('Transfer-Encoding: chunked')}zz\r\n${SMUGGLED}`,
  'a chunk size with a sign': `${lines('Transfer-Encoding: chunked')}+5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`,
  'a chunk longer than it says': `${lines('Transfer-Encoding: chunked')}1\r\n<Envelope/>\r\n0\r\n\r\n${SMUGGLED}`,
  'no HTTP at all': `\u0016\u0003\u0001${SMUGGLED}`,
  'headers beyond 16 KiB': lines(`X-Long: ${'a'.repeat(20_000)}`),
}

async function heardOf(t: Test, sent: string): Promise<string> {
  return converse(t, server.httpsPort, { ca, ...hospital, sent: Buffer.from(sent, 'latin1') })
}

for (const [name, sent] of Object.entries(smuggled))
  t.test(`${name}: refused and closed, what follows is never a request (RFC 9112 11.2)`, async (t) => {
    const heard = await heardOf(t, sent)
    t.notMatch(heard, /definitions/, 'the second request was not read')
    t.match(heard, /^HTTP\/1\.1 4\d\d /)
    t.equal(heard.match(/HTTP\/1\.1 /g)?.length, 1, 'one answer')
  })

t.test('extensions of chunks are ignored, as they must be, and bounded (RFC 9112 7.1.1)', async (t) => {
  const body = `b;name="0"\r\n${envelope}\r\n0;more\r\n\r\n`
  const heard = await heardOf(t, `${lines('Transfer-Encoding: chunked', 'Connection: close')}${body}`)
  t.match(heard, /VersionMismatch/, 'the envelope itself was read, and is what is refused')
  const long = await heardOf(
    t,
    `${lines('Transfer-Encoding: chunked')}b;${'x'.repeat(20_000)}\r\n${envelope}\r\n0\r\n\r\n${SMUGGLED}`,
  )
  t.notMatch(long, /definitions/)
})

t.test('a body shorter than its length is waited for as long as bodies are, and given up (RFC 9112 8)', async (t) => {
  const heard = await heardOf(t, `${lines('Content-Length: 5000')}${envelope}`)
  t.match(heard, /^(HTTP\/1\.1 408 |$)/)
})

t.test('a body longer than its length is the next request, and no request at all (RFC 9112 9.3)', async (t) => {
  const heard = await heardOf(t, `${lines('Content-Length: 5')}${envelope}`)
  t.notMatch(heard, /definitions|HTTP\/1\.1 200/)
})
