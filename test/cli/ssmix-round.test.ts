// Rounds of a watched folder (SS-MIX2): finished files once, in order, whatever one of them or the server does.

import { appendFile, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { SystemClient } from '../../src/cli/client.ts'
import { type Round, sendRound } from '../../src/cli/ssmix/round.ts'
import { openSent } from '../../src/cli/ssmix/sent.ts'
import { temporaryDirectory } from '../faults/support.ts'
import { HOSPITAL, type Laboratory, laboratoryMessage, pathOf } from '../scenarios/storage-tree.ts'

const ER7 = 'x-application/hl7-v2+er7'
const ACCEPTED = 'MSH|^~\\&|||||20260410||ACK|1|P|2.5\rMSA|AA|1\r'
const REFUSED = `MSH|^~\\&|||||20260410||ACK|1|P|2.5\rMSA|AE|1\rERR||PID^1^3|204^Unknown key identifier^HL70357|E|SC-PATIENT^x^99STC\r`

const BUSY = `MSH|^~\\&|||||20260410||ACK|1|P|2.5\rMSA|AR|1\rERR|||207^Application internal error^HL70357|E|SC-RETRY^x^99STC\r`

const order = (number: number, time = '20260410100000000'): Laboratory => ({
  patientId: '0000012345',
  order: String(number).padStart(15, '0'),
  time,
  value: '7.1',
})

async function watched(t: Test) {
  const directory = await temporaryDirectory(t)
  const state = join(directory, 'state', 'sent.ndjson')
  const heard: string[] = []
  const results: string[] = []
  let nowMs = Date.now()
  let answer = (_path: string): { readonly status: number; readonly body: string } | 'away' => ({
    status: 200,
    body: ACCEPTED,
  })
  const client: Pick<SystemClient, 'deliver'> = {
    deliver: async (_path, { headers }) => {
      const path = decodeURIComponent(headers['x-storeclient-path'] ?? '')
      const said = answer(path)
      if (said === 'away') throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' })
      heard.push(path)
      return { status: said.status, contentType: ER7, body: Buffer.from(said.body) }
    },
  }
  const stop = new AbortController()
  const told = new Set<string>()
  const round = async (options: Partial<Round> = {}) =>
    sendRound({
      directory: join(directory, 'root'),
      client: client as SystemClient,
      sent: await openSent(state),
      patience: { giveUpMs: 0, firstWaitMs: 1 },
      signal: stop.signal,
      inFlight: 2,
      settleMs: 0,
      now: () => nowMs,
      add: ({ path, outcome }) => void results.push(`${outcome} ${path}`),
      told,
      ...options,
    })
  const write = async (laboratory: Laboratory, flag = '1') => {
    const path = join(directory, 'root', HOSPITAL, pathOf(laboratory, flag))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, laboratoryMessage(laboratory))
    return path
  }
  await mkdir(join(directory, 'root', HOSPITAL), { recursive: true })
  return {
    round,
    write,
    state,
    results,
    /** What the server got since it was asked last. */
    got: () => heard.splice(0),
    answers: (next: typeof answer) => {
      answer = next
    },
    later: (ms: number) => {
      nowMs += ms
    },
  }
}

t.test(
  'SS-MIX2: each file is sent once, a changed one once more, a lost memory does no more than send all again',
  async (t) => {
    const at = await watched(t)
    await at.write(order(1))
    const second = await at.write(order(2))
    await at.round()
    t.same(at.got().length, 2)
    await at.round()
    t.same(at.got(), [])
    await appendFile(second, 'NTE|1||x\r')
    await at.round()
    t.same(at.got(), [pathOf(order(2), '1')])
    await rm(at.state)
    await at.round()
    t.same(at.got().length, 2)
    await writeFile(at.state, `${await readFile(at.state, 'utf8')}{"path":"half`)
    await at.round()
    t.same(at.got(), [], 'a line cut off by a crash is passed over')
  },
)

t.test(
  'SS-MIX2: a file that may still be written waits, and with it what comes after it in its patient’s order',
  async (t) => {
    const at = await watched(t)
    await at.write(order(1, '20260410100000000'))
    await at.write(order(2, '20260410110000000'))
    t.match(await at.round({ settleMs: 3_600_000 }), { unfinished: 2 })
    t.same(at.got(), [])
    const empty = await at.write(order(0, '20260410090000000'))
    await writeFile(empty, '')
    t.match(await at.round(), { unfinished: 3 }, 'an empty file has not been written yet')
    await at.write(order(0, '20260410090000000'))
    await at.round()
    const times = ['20260410090000000', '20260410100000000', '20260410110000000']
    t.same(
      at.got(),
      times.map((time, number) => pathOf(order(number, time), '1')),
    )
  },
)

t.test('SS-MIX2: an update renames the former version first; it is known, and no half update is sent', async (t) => {
  const at = await watched(t)
  const former = await at.write(order(1, '20260410100000000'))
  await at.round()
  at.got()
  await rename(former, former.replace(/1$/, '2'))
  await at.round()
  t.same(at.got(), [], 'superseded, and nothing there that superseded it')
  await at.write(order(1, '20260410110000000'))
  await at.round()
  t.same(at.got(), [pathOf(order(1, '20260410100000000'), '2'), pathOf(order(1, '20260410110000000'), '1')])
})

t.test('SS-MIX2: a refused file stands in nobody’s way and is tried again when it is time', async (t) => {
  const at = await watched(t)
  await at.write(order(1))
  await at.write(order(2))
  at.answers((path) => ({ status: 200, body: path.includes(order(1).order) ? REFUSED : ACCEPTED }))
  t.match(await at.round(), { waiting: 1 })
  t.same(at.got().length, 2)
  t.match(await at.round(), { waiting: 1 })
  t.same(at.got(), [])
  at.later(61_000)
  at.answers(() => ({ status: 200, body: ACCEPTED }))
  t.match(await at.round(), { waiting: 0 })
  t.same(at.got(), [pathOf(order(1), '1')])
  t.equal(at.results.filter((line) => line.startsWith('refused')).length, 1)
})

t.test('SS-MIX2: a file that stays empty is refused, and holds up nothing of its patient', async (t) => {
  const { round, write, got, results, later } = await watched(t)
  const path = await write(order(1))
  await truncate(path)
  await write(order(2, '20260410110000000'))
  t.match(await round(), { unfinished: 2 })
  t.same(got(), [], 'it may still be written')
  later(61_000)
  t.match(await round(), { unfinished: 0, waiting: 1 })
  t.equal(got().length, 1)
  t.match(results[0], /^refused .*_000000000000001_/)
  await appendFile(path, laboratoryMessage(order(1)))
  t.match(await round(), { unfinished: 0, waiting: 0 })
  t.equal(got().length, 1, 'filled at last')
})

t.test('SS-MIX2: a server that is away ends the round, the next one goes on where it was', async (t) => {
  const at = await watched(t)
  await at.write(order(1, '20260410100000000'))
  await at.write(order(2, '20260410110000000'))
  at.answers((path) => (path.includes(order(2).order) ? 'away' : { status: 200, body: ACCEPTED }))
  await t.rejects(at.round(), /could not take the files/)
  t.same(at.got(), [pathOf(order(1, '20260410100000000'), '1')])
  at.answers((path) => (path === '' ? 'away' : { status: 503, body: BUSY }))
  await t.rejects(at.round(), /could not take the files/)
  at.got()
  at.answers(() => ({ status: 200, body: ACCEPTED }))
  await at.round()
  t.same(at.got(), [pathOf(order(2, '20260410110000000'), '1')])
})

t.test('HL7 v2.5 2.9.2: a file that asks for no acknowledgement, or for two, gets its verdict too', async (t) => {
  const at = await watched(t)
  await at.write(order(1))
  await at.write(order(2))
  const commit = ACCEPTED.replace('AA', 'CA')
  at.answers((path) =>
    path.includes(order(1).order) ? { status: 202, body: '' } : { status: 200, body: `${commit}${REFUSED}` },
  )
  t.match(await at.round(), { waiting: 1 })
  t.same(at.results.map((line) => `${line.split(' ')[0]} ${line.includes(order(1).order)}`).sort(), [
    'accepted true',
    'refused false',
  ])
})

t.test('SS-MIX2: an answer that is none is asked for again, and then stands as a refusal', async (t) => {
  const at = await watched(t)
  await at.write(order(1))
  at.answers(() => ({ status: 500, body: 'nothing' }))
  t.match(await at.round({ patience: { giveUpMs: 60_000, firstWaitMs: 1 } }), { waiting: 1 })
  t.equal(at.got().length, 3)
})

t.test('SS-MIX2: what is no file of a storage is told once, and not while it may be a temporary name', async (t) => {
  const at = await watched(t)
  const path = await at.write(order(1))
  await rename(path, `${path}.tmp`)
  await at.round()
  t.same(at.results, [])
  at.later(61_000)
  await at.round()
  await at.round()
  t.equal(at.results.length, 1)
  t.match(at.results[0], /^refused .*\.tmp$/)
})
