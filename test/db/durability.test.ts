// A database that answers before its disk has what it says: the server does not start on it (reliability: durability; PostgreSQL, 19.5).

import t from 'tap'
import { openDatabase as openConfigured } from '../../src/app/database.ts'
import { loadConfig } from '../../src/config/config.ts'
import { assertDurable } from '../../src/db/durability.ts'
import type { Queryable } from '../../src/db/sql.ts'
import { openDatabase } from './database.ts'

t.setTimeout(170_000)

const SILENT = { info: () => {}, warn: () => {}, error: () => {} }

/** A server that was started so: these are no settings of a session. */
function startedWith(settings: Readonly<Record<string, string>>): Queryable {
  const rows = Object.entries(settings).map(([name, value]) => ({ name, value }))
  return { query: async () => ({ rows }) } as unknown as Queryable
}

t.test('fsync or full_page_writes off', async (t) => {
  const sound = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' }
  await t.resolves(assertDurable(startedWith(sound)))
  await t.resolves(assertDurable(startedWith({ ...sound, synchronous_commit: 'remote_apply' })))
  await t.rejects(assertDurable(startedWith({ ...sound, fsync: 'off' })), /fsync = off: /)
  await t.rejects(assertDurable(startedWith({ ...sound, full_page_writes: 'off' })), /full_page_writes = off: /)
})

t.test('a configured database whose commits do not wait for the disk is not started on', async (t) => {
  const pool = await openDatabase(t, 2)
  const { user, password, database, host = '', port } = pool.options
  const url = `postgresql://${user}:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
  const config = loadConfig({ flags: { dataDir: t.testdir(), 'database.url': url }, env: {} })
  const opened = await openConfigured(config, SILENT)
  await opened.stop()
  await pool.query(`alter database ${database} set synchronous_commit = off`)
  const started = openConfigured(config, SILENT)
  await t.rejects(started, /synchronous_commit = off: a power cut would take what was acknowledged/)
  await started.then(({ stop }) => stop()).catch(() => {})
})
