// A PostgreSQL of its own with our schema, for tests of the stores.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import type { Test } from 'tap'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { createPool } from '../../src/db/pool.ts'
import { fillPrepared } from '../prepared/prepared.ts'

/** Stopped and removed when the test ends. */
export async function openDatabase(t: Test, poolSize: number): Promise<pg.Pool> {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-db-'))
  await fillPrepared('database', directory)
  const postgres = await startEmbeddedPostgres({ directory })
  const pool = createPool(postgres.connection, poolSize)
  t.teardown(async () => {
    await pool.end()
    await postgres.stop()
    await rm(directory, { recursive: true, force: true })
  })
  return pool
}
