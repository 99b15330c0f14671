// Composition root: the configured database or our own, brought to the newest schema before anyone uses it (design §5).

import { join } from 'node:path'
import type pg from 'pg'
import type { Config } from '../config/config.ts'
import { assertDurable } from '../db/durability.ts'
import { sharedBuffersFor, startEmbeddedPostgres } from '../db/embedded-postgres.ts'
import { migrate } from '../db/migrate.ts'
import { createPool, type DatabaseConnection } from '../db/pool.ts'
import type { DoorLog } from '../http/door.ts'

export interface Database {
  readonly connection: DatabaseConnection
  readonly pool: pg.Pool
  readonly stop: () => Promise<void>
}

/** Of a process beside its pool: the job queue, those that listen for changes, sealing, metrics. */
const FURTHER_CONNECTIONS = 16
/** Of who looks at the database beside the server: a backup, the commands of an operator. */
const SPARE_CONNECTIONS = 10

/** The configured database, or our own below the data directory, with room for so many processes; brought to the newest schema before anyone uses it. */
export async function openDatabase(config: Config, log: DoorLog, processes = 1): Promise<Database> {
  const embedded =
    config.database.url === undefined
      ? await startEmbeddedPostgres({
          directory: join(config.dataDir, 'postgres'),
          sharedBuffers: config.database.sharedBuffers ?? sharedBuffersFor(),
          connections: processes * (config.database.poolSize + FURTHER_CONNECTIONS) + SPARE_CONNECTIONS,
          log: (line) => log.info({}, line),
        })
      : undefined
  const connection: DatabaseConnection = embedded?.connection ?? { connectionString: config.database.url ?? '' }
  await migrate(connection, { log: (line) => log.info({}, line) }).catch(async (error: unknown) => {
    await embedded?.stop()
    throw error
  })
  let ending = false
  const pool = createPool(connection, config.database.poolSize, (error) => {
    // What we close ourselves may still hear PostgreSQL's farewell.
    if (!ending) log.warn({ cause: error.name }, 'a database connection broke')
  })
  const stop = async (): Promise<void> => {
    ending = true
    await pool.end()
    await embedded?.stop()
  }
  await assertDurable(pool).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return { connection, pool, stop }
}
