// What the self-test sees of a database, and that it changes nothing there.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { findOwnDatabase, lookAtDatabase } from '../../src/db/look.ts'
import { createPool } from '../../src/db/pool.ts'
import { fillPrepared } from '../prepared/prepared.ts'

const directory = await mkdtemp(join(tmpdir(), 'tsunagi-look-'))
await fillPrepared('database', directory)
t.teardown(() => rm(directory, { recursive: true, force: true }))

t.test('a PostgreSQL of ours is found while it runs, and is not started', async (t) => {
  t.equal(await findOwnDatabase(directory), undefined)
  t.equal(await findOwnDatabase(join(directory, 'nowhere')), undefined)
  const postgres = await startEmbeddedPostgres({ directory })
  const pool = createPool(postgres.connection, 2)
  t.teardown(async () => {
    await pool.end()
    await postgres.stop()
  })
  t.match(await findOwnDatabase(directory), postgres.connection)

  t.test('a schema of this version, and clocks of one machine', async (t) => {
    const { missing, aheadMs, tookMs } = await lookAtDatabase({ connectionString: postgres.url })
    t.strictSame(missing, [])
    // Milliseconds are rounded: it was read between two readings of ours.
    t.ok(Math.abs(aheadMs) <= tookMs / 2 + 1, `${aheadMs} ms within ${tookMs} ms`)
  })

  t.test('one that is behind, and one that is ahead', async (t) => {
    const { rows } = await pool.query<{ name: string }>(
      'delete from tsunagi.migration where name = (select max(name) from tsunagi.migration) returning name',
    )
    const last = rows[0]?.name ?? ''
    t.strictSame((await lookAtDatabase(postgres.connection)).missing, [last])
    t.strictSame((await lookAtDatabase(postgres.connection)).missing, [last], 'looking applied nothing')
    await pool.query("insert into tsunagi.migration (name, run_on) values ($1, now()), ('9999_later', now())", [last])
    await t.rejects(lookAtDatabase(postgres.connection), /9999_later, which this version of Tsunagi does not know/)
    await pool.query("delete from tsunagi.migration where name = '9999_later'")
  })

  t.test('a database that lets nobody in', async (t) => {
    await t.rejects(lookAtDatabase({ ...postgres.connection, password: 'wrong' }), /password authentication failed/)
  })
})

t.test('where root keeps the database elsewhere, the data directory says so', async (t) => {
  const asked = await mkdtemp(join(tmpdir(), 'tsunagi-look-'))
  t.teardown(() => rm(asked, { recursive: true, force: true }))
  await writeFile(join(asked, 'location'), `${directory}\n`)
  t.equal(await findOwnDatabase(asked), undefined, 'nothing runs there now')
})
