// How the embedded server is reached, and when it is ready.

import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { sqlState } from '../failure.ts'
import type { DatabaseConnection } from '../pool.ts'
import { USER } from './cluster.ts'

export interface Address {
  readonly host: string
  readonly port: number
  readonly options: readonly string[]
}

const DATABASE = 'tsunagi'
const POLL_MS = 15
const NO_SUCH_DATABASE = '3D000'
/** Duplicate database, unique violation, template in use: a process starting at the same time is making it. */
const MADE_MEANWHILE: ReadonlySet<string> = new Set(['42P04', '23505', '55006'])

/** Waits until the server lets us in, and makes our database when it has none; false when it ended or the time is over. */
export async function becomesReady({
  address,
  password,
  end,
  ended,
}: {
  readonly address: Address
  readonly password: string
  readonly end: number
  readonly ended: () => string | undefined
}): Promise<boolean> {
  while (ended() === undefined && Date.now() < end) {
    const state = await tryConnect(connectionTo(address, password))
    if (state === 'ready') return true
    if (state === 'no database') await createDatabase({ ...connectionTo(address, password), database: 'postgres' })
    else await delay(POLL_MS)
  }
  return false
}

async function tryConnect(connection: DatabaseConnection): Promise<'ready' | 'no database' | 'not yet'> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    return 'ready'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === NO_SUCH_DATABASE) return 'no database'
    if (code === '28P01')
      throw new Error('PostgreSQL refuses the password kept in its data directory', { cause: error })
    return 'not yet'
  } finally {
    await client.end().catch(() => {})
  }
}

async function createDatabase(connection: DatabaseConnection): Promise<void> {
  const client = new pg.Client(connection)
  await client.connect()
  try {
    await client.query(`create database ${DATABASE}`)
  } catch (error) {
    if (!MADE_MEANWHILE.has(sqlState(error) ?? '')) throw error
  } finally {
    await client.end()
  }
}

export function connectionTo({ host, port }: Address, password: string): DatabaseConnection {
  return { host, port, user: USER, password, database: DATABASE }
}

export function urlOf({ host, port }: Address, password: string): string {
  return `postgresql://${USER}:${password}@/${DATABASE}?host=${encodeURIComponent(host)}&port=${port}`
}
