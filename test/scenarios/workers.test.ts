// Several processes of one server on one host: `serve --workers` (design §6; reliability: lifecycle).

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { run } from '../cli/fake-door.ts'
import { laboratory } from '../faults/messages.ts'
import { type Child, DOMAINS, demoDirectory, eventually, type Flags, networkOf, startChild } from '../faults/support.ts'

const MINUTE = 60_000
t.setTimeout(4 * MINUTE)
const HANAKO = { value: '0000012346', authority: DOMAINS['hospital-a'] }
const WORKERS = ['--workers', '2']

interface Worker {
  readonly worker: number
  readonly process: number
  readonly managementPort: number
}

/** Those that said that they are ready, the newest of each number, in the order of their numbers. */
function workersOf(child: Child): readonly Worker[] {
  const found = new Map<number, Worker>()
  for (const line of child.errors().split('\n').filter(Boolean)) {
    const said = JSON.parse(line) as Worker & { readonly msg: string }
    if (said.msg === 'a worker is ready') found.set(said.worker, said)
  }
  return [...found.values()].sort((a, b) => a.worker - b.worker)
}

/** How many queries this one process has answered. */
async function answered({ managementPort }: Worker): Promise<number> {
  const { body } = await request(`http://127.0.0.1:${managementPort}/metrics`)
  const line = /^tsunagi_exchanges_total\{transaction="ITI-18",result="success",code=""\} (\d+)$/m
  return Number(line.exec(await body.text())?.[1] ?? 0)
}

type Network = ReturnType<typeof networkOf>

async function push(child: Child, order: string): Promise<string> {
  const { mllp } = networkOf(child.server)
  const connection = await mllp('hospital-a')
  const ack = readAck(await connection.send(laboratory({ order })))
  await connection.close()
  return ack.code
}

async function orders(of: Network): Promise<readonly string[]> {
  const found = await of.find('clinic-b', await of.xadForStaff(HANAKO))
  return found.flatMap(({ referenceIdList }) => referenceIdList.map((id) => id.split('^')[0] ?? '')).sort()
}

const dataDir = await demoDirectory(t)
const child = await startChild(dataDir, { 'log.level': 'info' } satisfies Flags, WORKERS)
t.teardown(child.server.stop)
/** Connections go to the workers in turn; each side has its own. */
const sides = [networkOf(child.server), networkOf(child.server)]
t.teardown(() => Promise.all(sides.map(({ close }) => close())))

t.test('connections are spread over the workers, and what one took the other shows', async (t) => {
  const workers = workersOf(child)
  t.equal(workers.length, 2)
  t.equal(workers[0]?.managementPort, child.server.managementPort, 'the first has the port that was said')
  const numbers = ['000000000905001', '000000000905002', '000000000905003', '000000000905004']
  for (const order of numbers) t.equal(await push(child, order), 'AA')
  for (const side of sides) t.strictSame(await orders(side), numbers)
  for (const worker of workers) t.ok((await answered(worker)) > 0, `worker ${worker.worker} answers`)
})

t.test('what is decided by one worker holds for connections of the other', async (t) => {
  const [side] = sides
  await side?.admin.patch('/systems/clinic-b', { status: 'suspended' })
  for (const each of sides) await t.rejects(orders(each), /suspended/)
  await side?.admin.patch('/systems/clinic-b', { status: 'active' })
  for (const each of sides) t.ok(await eventually(async () => (await orders(each)).length === 4, MINUTE))
})

t.test('a worker that is killed is replaced, the others go on, and nothing is lost', async (t) => {
  const killed = workersOf(child).at(-1)?.process ?? 0
  process.kill(killed, 'SIGKILL')
  t.equal(await push(child, '000000000905005'), 'AA', 'while one is missing')
  t.ok(await eventually(async () => workersOf(child).at(-1)?.process !== killed, MINUTE))
  const after = [networkOf(child.server), networkOf(child.server)]
  for (const side of after) t.equal((await orders(side)).length, 5)
  for (const worker of workersOf(child)) t.ok((await answered(worker)) > 0, `worker ${worker.worker} answers`)
  await Promise.all(after.map(({ close }) => close()))
})

t.test('a worker that is told to end drains and is replaced; SIGHUP reaches them all', async (t) => {
  const told = workersOf(child)[0]?.process ?? 0
  process.kill(told, 'SIGTERM')
  t.ok(await eventually(async () => workersOf(child)[0]?.process !== told, MINUTE))
  t.match(child.errors(), /"code":0,"signal":null,"msg":"a worker has ended and is started again"/)
  child.process.kill('SIGHUP')
  t.equal(await push(child, '000000000905006'), 'AA')
})

t.test('a server whose worker gets no port ends, and all of it', async (t) => {
  const elsewhere = await demoDirectory(t)
  const taken = { 'https.port': String(child.server.httpsPort) }
  await t.rejects(startChild(elsewhere, taken, WORKERS), /ended with 1: .*EADDRINUSE.*a worker did not start/s)
  t.notOk(existsSync(join(elsewhere, 'postgres', 'cluster', 'postmaster.pid')))
})

t.test('SIGTERM drains all workers, whoever else hears it; the database ends last', async (t) => {
  for (const worker of workersOf(child)) process.kill(worker.process, 'SIGTERM')
  child.process.kill('SIGTERM')
  t.equal(await child.ended, 0)
  for (const { process: id } of workersOf(child)) t.throws(() => process.kill(id, 0), { code: 'ESRCH' })
  t.notOk(existsSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid')))
})

t.test('wrong counts are told in words', async (t) => {
  for (const count of ['0', 'two', '1.5', '65', '']) {
    const { code, err } = await run(['serve', '--workers', count])
    t.equal(code, 2)
    t.match(err, /--workers needs a number from 1 to 64/)
  }
  const alone = await run(['serve', '--worker', '1'])
  t.equal(alone.code, 2)
  t.match(alone.err, 'starts by itself')
})
