// Whether the server says that it is ready (reliability: health; fault list, a file system that takes nothing).

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import t from 'tap'
import { hasRoom, readiness } from '../../src/app/admin-ports.ts'
import { clockConcern, rememberedClockConcern } from '../../src/app/clock.ts'
import { issuingAuthority } from '../../src/app/issuing-authority.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openDatabase } from '../db/database.ts'

t.setTimeout(170_000)

t.test('a place of documents that takes none, with room enough, is not ready', async (t) => {
  const pool = await openDatabase(t, 2)
  const config = loadConfig({ flags: { dataDir: t.testdir() }, env: {} })
  const incoming = join(config.dataDir, 'documents', 'incoming')
  await mkdir(incoming, { recursive: true })
  t.match(await readiness(config, pool), { database: 'ok', documents: 'ok' })
  t.strictSame(await readdir(incoming), [], 'nothing stays of the trial')
  // As whoever may write anywhere sees a file system that was mounted read-only after a fault.
  await rm(incoming, { recursive: true })
  await writeFile(incoming, '')
  t.match(await readiness(config, pool), { database: 'ok', documents: 'not writable' })
})

t.test('there is room above 1 GiB and above a twentieth of the disk (reliability: health)', async (t) => {
  const disk = (free: number, size: number) => hasRoom({ bavail: free, blocks: size, bsize: 2 ** 20 })
  t.ok(disk(1025, 2000))
  t.notOk(disk(1024, 2000), '1 GiB')
  t.ok(disk(10_001, 200_000))
  t.notOk(disk(10_000, 200_000), 'five of a hundred')
})

t.test('a clock that is not that of the database is told of, and nothing is issued or believed by it', async (t) => {
  const pool = await openDatabase(t, 2)
  const config = loadConfig({ flags: { dataDir: t.testdir({ documents: { incoming: {} } }) }, env: {} })
  t.match(await readiness(config, pool), { clock: 'ok', disk: 'ok' })
  t.equal(await clockConcern(pool)(), undefined)
  // The database's clock, as many milliseconds off.
  const off = (ms: number): pg.Pool =>
    Object.assign(Object.create(pool), {
      query: async (statement: pg.QueryConfig) => {
        const answer = await pool.query(statement)
        if (statement.text.includes('what time is it')) answer.rows[0].ms += ms
        return answer
      },
    })
  for (const ms of [-5000, 5000]) {
    t.match(await readiness(config, off(ms)), { clock: 'more than a second off that of the database' })
    t.equal(await clockConcern(off(ms))(), undefined, 'peers put up with that')
  }
  t.match(await clockConcern(off(-90_000))(), /seconds ahead of that of its database/)
  t.match(await clockConcern(off(90_000))(), /seconds behind that of its database/)
  const issuing = issuingAuthority(config, clockConcern(off(90_000)))
  const subject = { networkOid: '2.25.1', facilityOid: '2.25.2', systemId: 'clinic-a', days: 397 }
  for (const refused of [await issuing.sign('', subject), await issuing.make(subject)])
    t.match(refused, { fault: 'no issuing authority', message: /the clock of this server/ })
})

t.test('a clock is asked for once in a while, and again when it could not be asked', async (t) => {
  const pool = await openDatabase(t, 1)
  let asked = 0
  const failing = Object.assign(Object.create(pool), {
    query: async (statement: pg.QueryConfig) => {
      asked += 1
      if (asked === 1) throw new Error('gone')
      return pool.query(statement)
    },
  })
  const concern = rememberedClockConcern(failing)
  await t.rejects(concern())
  t.same(await Promise.all([concern(), concern(), concern()]), [undefined, undefined, undefined])
  t.equal(asked, 2)
})
