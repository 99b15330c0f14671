// Processes that seal audit events are killed with -9 while others write: every event is sealed once, and the chain is whole (security d.9; reliability: fault 1).

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createVerifier } from '../../src/audit/verify/verify.ts'
import { exportChain } from '../../src/db/audit/chain-export.ts'
import { sealAll } from '../../src/db/audit/sealer.ts'
import { addEvent } from '../db/audit/events.ts'
import { openDatabase } from '../db/database.ts'

t.setTimeout(120_000)

const KILLS = 6
const CHILD = fileURLToPath(new URL('./sealing-child.ts', import.meta.url))

const pool = await openDatabase(t, 6)
const { host, port, user, password, database } = pool.options

function sealer(): ChildProcess {
  const connection = JSON.stringify({ host, port, user, password, database })
  return spawn(process.execPath, ['--import=tsx', CHILD, connection], { stdio: ['ignore', 'pipe', 'inherit'] })
}

t.test('two sealers, killed in turn while events are written (d.9)', async (t) => {
  let writing = true
  const written: string[] = []
  const writers = [1, 2].map(async () => {
    while (writing) written.push(await addEvent(pool))
  })
  const children = [sealer(), sealer()]
  const killed: (string | null)[] = []
  for (let kill = 0; kill < KILLS; kill += 1) {
    const child = children[kill % 2]
    if (child?.stdout === null || child === undefined) throw new Error('a sealer says nothing')
    // It has sealed and goes on sealing: most of its time it is in the middle of a batch.
    for (let batch = 0; batch < 3; batch += 1) await once(child.stdout, 'data')
    child.kill('SIGKILL')
    const [, signal] = await once(child, 'exit')
    killed.push(signal)
    if (kill < KILLS - 2) children[kill % 2] = sealer()
  }
  writing = false
  await Promise.all(writers)
  t.same(killed, Array(KILLS).fill('SIGKILL'))
  await sealAll(pool)
  const { rows } = await pool.query('select event_id, position, chain from audit.seal order by position')
  t.same(rows.map(({ event_id }) => event_id).sort(), written.sort(), 'each once')
  t.same(
    rows.map(({ position }) => Number(position)),
    rows.map((_, index) => index + 1),
    'numbers have no gap',
  )
  const verifier = createVerifier({ keys: new Map() })
  for (const chain of new Set(rows.map((row) => row.chain)))
    for await (const record of (await exportChain(pool, { chain }, { community: 'urn:oid:2.25.1', keys: {} })) ?? [])
      verifier.take(record)
  t.same(verifier.end().findings, [])
  t.comment(`${written.length} events`)
})
