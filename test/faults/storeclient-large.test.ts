// Messages as large as they may be, and larger, at the StoreClient doors: bounded memory, an answer or a cut, nothing lost (limits.mllpFrameBytes).

import { execFileSync } from 'node:child_process'
import t from 'tap'
import { request } from 'undici'
import { readCredentials } from '../../src/cli/credentials.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { connectMllp } from '../../src/mllp/client.ts'
import { laboratory } from './messages.ts'
import { demoDirectory, eventually, networkOf, startChild } from './support.ts'

t.setTimeout(170_000)

const MIB = 2 ** 20
const FRAME_BYTES = 64 * MIB
/** Of the decoded message, a few times over, while it is read. */
const MOST_GROWTH = 900 * MIB

const dataDir = await demoDirectory(t)
const child = await startChild(dataDir)
t.teardown(child.server.stop)
const network = networkOf(child.server)
t.teardown(network.close)

function residentBytes(): number {
  const kibibytes = execFileSync('ps', ['-o', 'rss=', '-p', String(child.process.pid)]).toString()
  return Number(kibibytes.trim()) * 1024
}

/** The greatest growth of the server while `work` runs. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = residentBytes()
  let most = before
  const look = setInterval(() => {
    most = Math.max(most, residentBytes())
  }, 50)
  await work()
  clearInterval(look)
  return most - before
}

let serial = 0
/** A laboratory result with one more segment, or so many. */
function withMore(segments: string): Buffer {
  serial += 1
  const order = `8${String(serial).padStart(14, '0')}`
  return Buffer.concat([laboratory({ order, controlId: `DOOR-LARGE-${serial}` }), Buffer.from(segments, 'latin1')])
}

const file = (bytes: number) => `OBX|2|ED|99X^FILE^L||^AP^PDF^Base64^${'QUJD'.repeat(bytes / 4)}||||||F\r`

/** A sender that waits longer than a person would. */
async function connected() {
  const tls = await readCredentials(child.server.config, 'hospital-a')
  return connectMllp({ host: 'localhost', port: child.server.mllpPort, tls, timeoutMs: 120_000 })
}

async function post(body: Buffer) {
  const answer = await request(`${network.baseUrl}/storeclient`, {
    method: 'POST',
    dispatcher: await network.agentOf('hospital-a'),
    headers: { 'content-type': 'application/hl7-v2' },
    body,
  })
  return { status: answer.statusCode, body: Buffer.from(await answer.body.arrayBuffer()) }
}

t.test('50 MiB in one OBX-5 are read and answered by either door, others being served meanwhile', async (t) => {
  const connection = await connected()
  const other = await connected()
  const large = [withMore(file(50 * MIB)), withMore(file(50 * MIB))] as const
  const codes: string[] = []
  const grown = await growth(async () => {
    const sending = connection.send(large[0])
    codes.push(readAck(await other.send(laboratory({ order: '800000000009999' }))).code)
    codes.push(readAck(await sending).code, readAck((await post(large[1])).body).code)
  })
  t.comment(`resident memory grew by ${Math.round(grown / MIB)} MiB`)
  t.equal(codes[0], 'AA')
  t.match(codes.slice(1).join(' '), /^(AA AA|AE AE)$/)
  t.ok(grown < MOST_GROWTH, `${Math.round(grown / MIB)} MiB`)
  await connection.close()
  await other.close()
})

t.test('one byte more than a frame may have is cut without an answer, as a body 413; the server goes on', async (t) => {
  const connection = await connected()
  const much = Buffer.alloc(FRAME_BYTES + 1, 'A')
  laboratory({ order: '800000000009998' }).copy(much)
  await t.rejects(connection.send(much))
  await connection.close().catch(() => undefined)
  const status = await post(much).then(
    (answer) => answer.status,
    // The refusal comes while the body is on its way, so that the sender may see a broken connection instead.
    () => 413,
  )
  t.equal(status, 413)
  const again = await connected()
  t.equal(readAck(await again.send(laboratory({ order: '800000000009997' }))).code, 'AA')
  await again.close()
})

t.test('ten thousand segments are read, one more is refused by name (SC-TOOLARGE)', async (t) => {
  const connection = await connected()
  const head = laboratory({ order: '800000000009996' }).toString('latin1').split('\r').length - 1
  const notes = (count: number) => withMore('NTE|1|L|x\r'.repeat(count - head))
  t.equal(readAck(await connection.send(notes(10_000))).code, 'AA')
  t.match(readAck(await connection.send(notes(10_001))), { code: 'AE', errors: [{ application: 'SC-TOOLARGE' }] })
  await connection.close()
})

/** AR is a matter of time, on a busy machine too: the sender keeps the message and tries again. */
async function sendUntilTaken(connection: Awaited<ReturnType<typeof connected>>, message: Buffer): Promise<string> {
  for (;;) {
    const { code } = readAck(await connection.send(message))
    if (code !== 'AR') return code
  }
}

t.test('twenty senders of 8 MiB at once are all answered, and memory comes down again', async (t) => {
  const connections = await Promise.all(Array.from({ length: 20 }, connected))
  const codes: string[] = []
  const before = residentBytes()
  const grown = await growth(() =>
    Promise.all(
      connections.map(async (connection) => {
        codes.push(await sendUntilTaken(connection, withMore(file(8 * MIB))))
      }),
    ),
  )
  t.comment(`resident memory grew by ${Math.round(grown / MIB)} MiB from ${Math.round(before / MIB)} MiB`)
  t.equal(codes.length, 20)
  t.match(new Set(codes).size, 1, [...new Set(codes)].join(' '))
  t.ok(grown < MOST_GROWTH, `${Math.round(grown / MIB)} MiB`)
  await Promise.all(connections.map((connection) => connection.close()))
  t.ok(await eventually(async () => child.process.exitCode === null, 1000))
})
