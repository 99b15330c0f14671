// The end of a process that nobody recorded is recorded, whoever has its id by now and whatever its host is called (DICOM PS3.15 A.5.3.1).

import { randomUUID } from 'node:crypto'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { beginLife } from '../../src/app/application-life.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startMark } from '../../src/db/embedded/process.ts'
import { openDatabase } from '../db/database.ts'
import { eventually } from '../faults/support.ts'

t.setTimeout(170_000)

const pool = await openDatabase(t, 3)
const config = loadConfig({ flags: { dataDir: t.testdir() }, env: {} })
const running = join(config.dataDir, 'running')
await mkdir(running, { recursive: true })
const log = { info: () => {}, warn: () => {}, error: () => {} }
const HOUR_S = 3600

interface Left {
  readonly host?: string
  readonly pid?: number
  readonly began?: string
  /** When it was last written, seconds ago. */
  readonly agoS?: number
}

/** A mark as a process left it. @returns its exchange. */
async function leave({ host = hostname(), pid = process.ppid, began, agoS = 0 }: Left): Promise<string> {
  const exchangeId = randomUUID()
  const path = join(running, `${exchangeId}.json`)
  const application = { product: 'Tsunagi test', pid, startedBy: 'test' }
  await writeFile(path, JSON.stringify({ exchangeId, host, application, ...(began === undefined ? {} : { began }) }))
  const at = Date.now() / 1000 - agoS
  await utimes(path, at, at)
  return exchangeId
}

async function ends(): Promise<readonly string[]> {
  const { rows } = await pool.query<{ exchange_id: string }>(
    `select exchange_id from audit.event where event_code = '110100' and type_code = '110121' and outcome = 8`,
  )
  return rows.map(({ exchange_id }) => exchange_id)
}

t.test('a process whose id another program has by now ended; one that runs did not', async (t) => {
  const began = startMark(process.ppid)
  if (began === undefined) {
    t.pass('there is no /proc')
    return
  }
  const runs = await leave({ began })
  const former = await leave({ began: `${Number(began) - 1}` })
  const older = await leave({})
  const life = await beginLife({ config, log, pool })
  t.same(await ends(), [former])
  const marks = await readdir(running)
  t.notOk(marks.includes(`${former}.json`))
  for (const one of [runs, older]) t.ok(marks.includes(`${one}.json`), 'one of a server of before has only its id')
  await life.end()
})

t.test('a container that was killed has another name of its host when it starts again', async (t) => {
  const before = await ends()
  const silent = await leave({ host: 'container-1', began: '7', agoS: HOUR_S })
  const beside = await leave({ host: 'container-2', began: '7' })
  const ofBefore = await leave({ host: 'container-3', agoS: 30 * 24 * HOUR_S })
  const life = await beginLife({ config, log, pool }, 50)
  t.same(await ends(), [...before, silent])
  const marks = await readdir(running)
  t.ok(marks.includes(`${ofBefore}.json`), 'a server of before writes its mark once')
  const at = Date.now() / 1000 - HOUR_S
  await utimes(join(running, `${beside}.json`), at, at)
  t.ok(await eventually(async () => (await ends()).includes(beside), 20_000), 'found while others run')
  await life.end()
})

t.test('what was recorded before its mark could be taken away is not recorded again', async (t) => {
  const before = await ends()
  const left = await leave({ host: 'container-4', began: '7', agoS: HOUR_S })
  await pool.query(
    `insert into audit.event (exchange_id, event_code, action, type_code, outcome, peer, endpoint, patients, objects)
     values ($1, '110100', 'E', '110121', 0, 'x', 'process', '{}', '{}')`,
    [left],
  )
  const life = await beginLife({ config, log, pool })
  t.same(await ends(), before)
  t.notOk((await readdir(running)).includes(`${left}.json`))
  await life.end()
  t.notOk((await readdir(running)).some((name) => name.endsWith('.tmp')))
})
