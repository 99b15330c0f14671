// Brings the schema forward at every start: numbered SQL files, one leader, forward only (reliability: migration and upgrade).

import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type DatabaseConnection, withSettings } from './pool.ts'

export interface MigrationResult {
  /** Names of the files that this call applied, in order. */
  readonly applied: readonly string[]
}

const DIRECTORY = fileURLToPath(new URL('./migrations', import.meta.url))
const SCHEMA = 'tsunagi'
const TABLE = 'migration'
/** Any constant that no one else uses for an advisory lock of this database. */
const LOCK = 7_305_112_845_920_071n
const FILE = /^\d{4}_[a-z0-9_]+\.sql$/
const LOCK_TIMEOUT_MS = 5000
const LOCK_ATTEMPTS = 12
const NO_TABLE = '42P01'
/** The newest schema change that graphile-worker 0.17 brings. */
export const QUEUE_SCHEMA = 19
const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Applies what is new among src/db/migrations, each file in its own transaction, and the schema of the job queue. When nothing is new it
 * reads two tables and loads no library.
 * @throws {Error} in plain words, when the database was made by a newer Tsunagi, a former file is missing, or a file fails.
 */
export async function migrate(
  given: DatabaseConnection,
  {
    directory = DIRECTORY,
    log = () => {},
  }: { readonly directory?: string; readonly log?: (line: string) => void } = {},
): Promise<MigrationResult> {
  const connection = withSettings(given)
  const files = await migrationFiles(directory)
  const client = new pg.Client({ ...connection, application_name: 'tsunagi migrate', statement_timeout: 0 })
  client.on('error', () => {})
  await client.connect()
  try {
    const isNew = pending(files, await appliedNames(client)).length > 0
    if (!isNew && (await hasQueue(client))) return { applied: [] }
    await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`)
    await acquireLock(client)
    // Another process may have done it while we waited for the lock.
    const names = pending(files, await appliedNames(client))
    if (names.length > 0) await apply(client, directory, log)
    if (!(await hasQueue(client))) await installQueue(connection)
    return { applied: names }
  } finally {
    await client.end()
  }
}

/**
 * What `migrate` would do, without doing it.
 * @throws {Error} in plain words, when the database was made by a newer Tsunagi.
 */
export async function missingSchema(client: pg.Client): Promise<readonly string[]> {
  const names = pending(await migrationFiles(DIRECTORY), await appliedNames(client))
  return (await hasQueue(client)) ? names : [...names, 'job queue']
}

/** Names of the migrations this program brings, in order, without `.sql`. */
async function migrationFiles(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory)
  const stranger = names.find((name) => !FILE.test(name) && !name.startsWith('.'))
  if (stranger !== undefined) throw new Error(`${stranger} in ${directory} must be named like 0001_words.sql`)
  return names
    .filter((name) => FILE.test(name))
    .map((name) => name.slice(0, -'.sql'.length))
    .sort()
}

async function appliedNames(client: pg.Client): Promise<readonly string[]> {
  try {
    const { rows } = await client.query<{ name: string }>(`select name from ${SCHEMA}.${TABLE} order by name`)
    return rows.map(({ name }) => name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === NO_TABLE) return []
    throw error
  }
}

async function hasQueue(client: pg.Client): Promise<boolean> {
  try {
    const { rows } = await client.query<{ id: number }>('select max(id) as id from graphile_worker.migrations')
    return (rows[0]?.id ?? 0) >= QUEUE_SCHEMA
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === NO_TABLE) return false
    throw error
  }
}

/** The library's own migrations, while we hold the lock. */
async function installQueue(connection: DatabaseConnection): Promise<void> {
  const { Logger, runMigrations } = await import('graphile-worker')
  const pool = new pg.Pool({ ...connection, max: 2, statement_timeout: 0 })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  try {
    await runMigrations({ pgPool: pool, logger: new Logger(() => () => {}) })
  } finally {
    await pool.end()
  }
}

function pending(files: readonly string[], applied: readonly string[]): readonly string[] {
  const unknown = applied.filter((name) => !files.includes(name))
  if (unknown.length > 0) {
    throw new Error(
      `the database has the schema change ${unknown.join(', ')}, which this version of Tsunagi does not know. ` +
        'Start the version that made it or a newer one; an older one could damage the data.',
    )
  }
  const last = applied.at(-1)
  const missed = files.find((name) => last !== undefined && name < last && !applied.includes(name))
  if (missed !== undefined)
    throw new Error(`the schema change ${missed} comes before ${last}, which is applied already`)
  return files.filter((name) => !applied.includes(name))
}

async function acquireLock(client: pg.Client): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query('select pg_advisory_lock($1)', [LOCK])
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== LOCK_NOT_AVAILABLE || attempt === LOCK_ATTEMPTS) throw error
    }
  }
}

async function apply(client: pg.Client, directory: string, log: (line: string) => void): Promise<void> {
  const { runner } = await import('node-pg-migrate')
  const silent = (): void => {}
  const report = (message: string): void => {
    if (message.startsWith('### MIGRATION')) log(message.replaceAll('#', '').trim().toLowerCase())
  }
  await runner({
    dbClient: client,
    dir: directory,
    direction: 'up',
    migrationsSchema: SCHEMA,
    createMigrationsSchema: true,
    migrationsTable: TABLE,
    checkOrder: true,
    singleTransaction: false,
    noLock: true,
    logger: { debug: silent, info: report, warn: silent, error: silent },
  })
}
