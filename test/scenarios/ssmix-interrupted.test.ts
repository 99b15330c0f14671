// Imports and watched folders of SS-MIX2 that are interrupted: kill -9 of the command, kill -9 of the server, SIGTERM (design §3: commit first).

import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { startServer } from '../../src/app.ts'
import type { RunningServer } from '../../src/cli/running-server.ts'
import { configFor, demoDirectory, SILENT, startChild, startNetwork, temporaryDirectory } from '../faults/support.ts'
import { HOSPITAL, pathOf, put, writeStorage } from './storage-tree.ts'

t.setTimeout(170_000)

const SCRIPT = fileURLToPath(new URL('../../src/cli/tsunagi.js', import.meta.url))
const FILES = { from: 1, to: 151, versions: 2 }

interface Command {
  readonly process: ChildProcess
  readonly ended: Promise<number | string>
  readonly said: () => string
}

/** A `tsunagi ssmix` command as a process of its own. */
function start(
  t: Test,
  server: Pick<RunningServer, 'config' | 'managementPort' | 'httpsPort'>,
  ...argv: readonly string[]
): Command {
  const here = [
    '--data-dir',
    server.config.dataDir,
    '--url',
    `https://localhost:${server.httpsPort}`,
    '--as',
    'hospital-a',
  ]
  const child = spawn(process.execPath, [SCRIPT, 'ssmix', ...argv, ...here], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 0)),
  )
  t.teardown(() => child.kill('SIGKILL'))
  return { process: child, ended, said: () => said }
}

const COUNT = `select count(*)::int as count from registry.document_entry e join registry.series s on s.series_id = e.series_id
               where s.care_date = '20260410'`

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(20)
}

/** Each order has its two versions, once, and one of them is valid. */
async function isComplete(t: Test, pool: Awaited<ReturnType<typeof startNetwork>>['pool']): Promise<void> {
  const { rows } = await pool.query(
    `select count(*)::int as documents, count(*) filter (where e.status like '%Approved')::int as current, count(distinct s.series_id)::int as orders
     from registry.document_entry e join registry.series s on s.series_id = e.series_id where s.care_date = '20260410'`,
  )
  t.same(rows, [{ documents: 300, current: 150, orders: 150 }])
  const { rows: others } = await pool.query(
    `select count(*)::int as count from registry.superseded u join registry.series s on s.series_id = u.series_id where s.care_date = '20260410'`,
  )
  t.same(others, [{ count: 0 }])
}

t.test('SS-MIX2: an import that was killed is taken up again, complete and nothing twice', async (t) => {
  const { server, pool } = await startNetwork(t)
  const folder = await temporaryDirectory(t)
  await writeStorage(folder, FILES)
  const count = async () => (await pool.query<{ count: number }>(COUNT)).rows[0]?.count ?? 0
  const first = start(t, server, 'import', folder)
  await until(async () => (await count()) > 50)
  first.process.kill('SIGKILL')
  t.equal(await first.ended, 'SIGKILL')
  t.ok((await count()) < 300, 'it was in the middle')
  const second = start(t, server, 'import', folder, '--resume')
  t.equal(await second.ended, 0, second.said())
  await isComplete(t, pool)
})

t.test('SS-MIX2: an import outlives a server that is killed and started again', async (t) => {
  const dataDir = await demoDirectory(t)
  const folder = await temporaryDirectory(t)
  await writeStorage(folder, FILES)
  const server = await startChild(dataDir)
  const { httpsPort, managementPort } = server.server
  const ports = { 'https.port': String(httpsPort), 'management.port': String(managementPort) }
  const run = start(t, server.server, 'import', folder)
  await until(async () => run.process.exitCode !== null || (await accepted(server.server)) > 30)
  t.equal(run.process.exitCode, null, 'it was in the middle')
  await server.kill()
  const again = await startChild(dataDir, ports)
  t.teardown(again.server.stop)
  t.equal(await run.ended, 0, run.said())
  t.match(run.said(), /300 files, 300 accepted, 0 refused/)
  await again.server.stop()
  const after = await startServer(configFor(dataDir), { log: SILENT })
  t.teardown(after.stop)
  await isComplete(t, after.pool)
})

/** How many pushes the server has answered, as its metrics tell. */
async function accepted({ managementPort }: RunningServer): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text()
  const found = [...text.matchAll(/^tsunagi_exchanges_total\{.*\} (\d+)$/gm)]
  return found.reduce((sum, [, count]) => sum + Number(count), 0)
}

t.test('SS-MIX2: a watched folder sends what comes, and stops when it is told', async (t) => {
  const { server, pool } = await startNetwork(t)
  const folder = await temporaryDirectory(t)
  await writeStorage(folder, { from: 1, to: 4 })
  const count = async () => (await pool.query<{ count: number }>(COUNT)).rows[0]?.count ?? 0
  const watch = start(t, server, 'watch', folder, '--interval', '0.2', '--settle', '0.2')
  await until(async () => (await count()) === 3)
  const later = { patientId: '0000012345', order: '000000000000009', time: '20260410120000000', value: '7.9' }
  await put(join(folder, HOSPITAL, pathOf(later, '1')), later)
  await until(async () => (await count()) === 4)
  watch.process.kill('SIGTERM')
  t.equal(await watch.ended, 0, watch.said())
  const status = start(t, server, 'watch', folder, '--status')
  t.equal(await status.ended, 0)
  t.match(JSON.parse(status.said()), { system: 'hospital-a', since: { accepted: 4, refused: 0 }, unfinished: 0 })
  const once = start(t, server, 'watch', folder, '--once', '--settle', '0', '--json')
  t.equal(await once.ended, 0, once.said())
  t.match(JSON.parse(once.said()), { accepted: 0, refused: 0 }, 'it remembers')
})
