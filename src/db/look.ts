// What a command may see of the database without changing anything: whether its schema is the one of this version, and its clock.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { readPassword } from './embedded/cluster.ts'
import { connectionTo } from './embedded/connect.ts'
import { clusterDirectory } from './embedded/places.ts'
import { missingSchema } from './migrate.ts'
import { type DatabaseConnection, withSettings } from './pool.ts'

export interface DatabaseLook {
  /** Schema changes of this version that the database has not. */
  readonly missing: readonly string[]
  /** How far its clock is ahead of ours, milliseconds, give or take half the time of the question. */
  readonly aheadMs: number
  readonly tookMs: number
}

const CONNECT_MS = 5000
const STATEMENT_MS = 5000

/** @throws {Error} in plain words, when the database was made by a newer version; what PostgreSQL says, when it cannot be reached. */
export async function lookAtDatabase(connection: DatabaseConnection): Promise<DatabaseLook> {
  const client = new pg.Client({
    ...withSettings(connection, '-c default_transaction_read_only=on'),
    application_name: 'tsunagi selftest',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const missing = await missingSchema(client)
    const before = Date.now()
    const { rows } = await client.query<{ ms: string }>(
      'select round(extract(epoch from clock_timestamp()) * 1000)::text as ms',
    )
    const after = Date.now()
    return { missing, aheadMs: Number(rows[0]?.ms) - (before + after) / 2, tookMs: after - before }
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * The way to our own PostgreSQL below this directory, as its postmaster.pid has it (PostgreSQL: socket directory and port in lines 5 and 4);
 * nothing is made or started. Undefined when none runs.
 */
export async function findOwnDatabase(directory: string): Promise<DatabaseConnection | undefined> {
  const cluster = await clusterDirectory(directory)
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const [pid = '', , , port = '', sockets = '', address = ''] = lines
  if (pid === '' || port === '') return undefined
  const host = sockets === '' ? address : sockets
  return connectionTo({ host, port: Number(port), options: [] }, await readPassword({ cluster }))
}
