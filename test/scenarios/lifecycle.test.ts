// Start, stop and start again: second start, two servers on a machine, SIGTERM, kill -9, a given database (reliability: lifecycle).

import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import pg from 'pg'
import t from 'tap'
import { ENDPOINTS } from '../../profiles/transactions/index.ts'
import { readCredentials } from '../../src/cli/credentials.ts'
import { loadDemo } from '../../src/cli/demo/load.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { writeRelated } from '../../src/codec/mtom/write.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { isSuccess, laboratory, submissionOf } from '../faults/messages.ts'
import { type Child, DOMAINS, eventually, networkOf, startChild, temporaryDirectory } from '../faults/support.ts'

const MINUTES = 60_000
t.setTimeout(3 * MINUTES)
const HANAKO = { value: '0000012346', authority: DOMAINS['hospital-a'] }

const dataDir = await temporaryDirectory(t)
let running: Child | undefined
t.teardown(() => running?.server.stop())

async function start(what: string): Promise<Child> {
  const before = performance.now()
  running = await startChild(dataDir)
  t.comment(`${what}: ready after ${Math.round(performance.now() - before)} ms`)
  return running
}

async function push(child: Child, order: string): Promise<string> {
  const network = networkOf(child.server)
  const connection = await network.mllp('hospital-a')
  const ack = readAck(await connection.send(laboratory({ order })))
  await connection.close()
  await network.close()
  return ack.code
}

/** In the server's own PostgreSQL, while it runs. */
async function ask<T>(statement: string): Promise<readonly T[]> {
  const lender = await startEmbeddedPostgres({ directory: join(dataDir, 'postgres') })
  const client = new pg.Client(lender.connection)
  await client.connect()
  try {
    return (await client.query(statement)).rows as T[]
  } finally {
    await client.end()
    await lender.stop()
  }
}

async function compared(): Promise<number> {
  const [row] = await ask<{ readonly records: number }>('select count(*)::int as records from identity.match_record')
  return row?.records ?? 0
}

async function orders(child: Child): Promise<readonly string[]> {
  const network = networkOf(child.server)
  const found = await network.find('clinic-b', await network.xadForStaff(HANAKO))
  await network.close()
  return found.flatMap(({ referenceIdList }) => referenceIdList.map((id) => id.split('^')[0] ?? '')).sort()
}

t.test(
  'a first start makes what it needs; SIGTERM ends it in order with exit code 0',
  { timeout: 3 * MINUTES },
  async (t) => {
    const child = await start('first start')
    await loadDemo(child.server, () => {})
    t.equal(await push(child, '000000000904001'), 'AA')
    t.ok((await compared()) > 0)
    await ask('truncate identity.match_record, identity.match_key, identity.match_fill')
    child.process.kill('SIGTERM')
    t.equal(await child.ended, 0)
    t.equal(child.errors(), '')
  },
)

t.test('a second start has everything that was there', { timeout: 3 * MINUTES }, async (t) => {
  const child = await start('second start')
  t.strictSame(await orders(child), ['000000000904001'])
})

t.test('a server makes records of before matching ready for comparison (ITI TF-2 3.44.4.1.3)', async (t) => {
  t.ok(await eventually(async () => (await compared()) > 0, MINUTES))
})

t.test(
  'a request in work is finished and answered after SIGTERM (reliability: drain)',
  { timeout: 3 * MINUTES },
  async (t) => {
    const child = running ?? (await start('start'))
    const network = networkOf(child.server)
    const { provide } = submissionOf({ patientId: await network.xadForStaff(HANAKO), bytes: Buffer.alloc(50_000, 'x') })
    await network.close()
    const { action } = provide.transaction
    const envelope = writeEnvelope({ action, messageId: provide.messageId ?? '', body: provide.body })
    const { contentType, body } = writeRelated(envelope, provide.attachments ?? [])
    if (!Buffer.isBuffer(body)) throw new Error('the message is small enough to be one buffer')
    const { key, cert, ca } = await readCredentials(child.server.config, 'hospital-a')
    const socket = connect({ host: 'localhost', port: child.server.httpsPort, key, cert, ca })
    await once(socket, 'secureConnect')
    let heard = ''
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
    })
    const closed = once(socket, 'close')
    const half = Math.floor(body.length / 2)
    socket.write(
      `POST ${ENDPOINTS.DocumentRepository} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    socket.write(body.subarray(0, half))
    await delay(1000)
    child.process.kill('SIGTERM')
    await delay(1000)
    socket.write(body.subarray(half))
    await closed
    t.match(heard, /^HTTP\/1\.1 200 /)
    t.ok(isSuccess(heard))
    t.equal(await child.ended, 0)
  },
)

t.test(
  'a start after kill -9 needs no repair and has all that was acknowledged',
  { timeout: 3 * MINUTES },
  async (t) => {
    const child = await start('third start')
    t.equal(await push(child, '000000000904002'), 'AA')
    await child.kill()
    const again = await start('start after kill -9')
    t.strictSame(await orders(again), ['000000000904001', '000000000904002'])
  },
)

t.test(
  'each start and stop is audited, and the end that nobody recorded at the next start (PS3.15 A.5.3.1)',
  async (t) => {
    const activity = await ask<{ readonly type_code: string; readonly outcome: number; readonly pid: number }>(
      `select type_code, outcome, (objects->'application'->>'pid')::int as pid from audit.event
     where event_code = '110100' order by event_id`,
    )
    const [start, stop] = ['110120', '110121']
    t.strictSame(
      activity.map(({ type_code, outcome }) => [type_code, outcome]),
      [
        [start, 0],
        [stop, 0],
        [start, 0],
        [stop, 0],
        [start, 0],
        [stop, 8],
        [start, 0],
      ],
    )
    t.equal(activity[5]?.pid, activity[4]?.pid, 'of the process that was killed')
    t.not(activity[6]?.pid, activity[5]?.pid)
  },
)

t.test('a second server runs beside the first, each with its own data', { timeout: 3 * MINUTES }, async (t) => {
  const first = running ?? (await start('start'))
  const second = await startChild(await temporaryDirectory(t))
  try {
    t.not(second.server.httpsPort, first.server.httpsPort)
    const other = networkOf(second.server)
    t.strictSame((await other.admin.get('/facilities')).body, [])
    t.equal((await orders(first)).length, 2)
    await other.close()
  } finally {
    await second.server.stop()
  }
  t.equal(await second.ended, 0)
})

t.test(
  'a server that cannot start ends, and its PostgreSQL with it (reliability: lifecycle)',
  { timeout: 3 * MINUTES },
  async (t) => {
    const directory = await temporaryDirectory(t)
    const postmaster = join(directory, 'postgres', 'cluster', 'postmaster.pid')
    const keys = join(directory, 'config', 'held-keys')
    await mkdir(join(directory, 'config'))
    await writeFile(keys, 'no key\n', { mode: 0o600 })
    await t.rejects(startChild(directory), /ended with 2: .*held-keys/s, 'what furnishes the doors fails')
    t.notOk(existsSync(postmaster))
    await rm(keys)
    await t.rejects(startChild(directory, { 'tls.certificate': keys }), /ended with/, 'what opens the doors fails')
    t.notOk(existsSync(postmaster))
  },
)

t.test('a given database is used instead of an own one (DATABASE_URL)', { timeout: 3 * MINUTES }, async (t) => {
  const first = running ?? (await start('start'))
  const lender = await startEmbeddedPostgres({ directory: join(dataDir, 'postgres') })
  const client = new pg.Client(lender.connection)
  await client.connect()
  await client.query('create database guest')
  await client.end()
  const url = lender.url.replace('/tsunagi?', '/guest?')
  const taken = { 'database.url': url, 'https.port': String(first.server.httpsPort) }
  await t.rejects(
    startChild(await temporaryDirectory(t), taken),
    /ended with 1: .*EADDRINUSE/,
    'a server that does not get its port ends',
  )
  const guest = await startChild(await temporaryDirectory(t), { 'database.url': url })
  try {
    await loadDemo(guest.server, () => {})
    t.equal(await push(guest, '000000000904003'), 'AA')
    t.strictSame(await orders(guest), ['000000000904003'])
    t.notOk((await orders(first)).includes('000000000904003'))
  } finally {
    await guest.server.stop()
  }
  t.equal(await guest.ended, 0)
  await lender.stop()
  t.equal((await orders(first)).length, 2, 'the lender still has its PostgreSQL')
  await first.server.stop()
  t.equal(await first.ended, 0)
})

t.test(
  'after SIGTERM the doors stay open until load balancers have turned away (reliability: drain)',
  { timeout: 3 * MINUTES },
  async (t) => {
    const child = await startChild(dataDir, { 'drain.delaySeconds': '5' })
    running = child
    const readyz = async () => (await fetch(`http://127.0.0.1:${child.server.managementPort}/readyz`)).status
    t.equal(await readyz(), 200)
    child.process.kill('SIGTERM')
    t.ok(await eventually(async () => (await readyz()) === 503, MINUTES), 'it says no')
    t.equal(await push(child, '000000000904003'), 'AA', 'and still takes what comes')
    t.equal(await child.ended, 0)
  },
)
