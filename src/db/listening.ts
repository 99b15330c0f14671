// Listens to a channel of the database on a connection of its own, and again when that breaks (PostgreSQL LISTEN).

import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type DatabaseConnection, withSettings } from './pool.ts'

const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5000
const CONNECT_MS = 5000

export interface Listening {
  readonly connection: DatabaseConnection
  /** How the connection is called in the database. */
  readonly name: string
  /** A name of ours, as it stands. */
  readonly channel: string
  /** What was told; undefined when listening begins, for what was told before. */
  readonly heard: (payload: string | undefined) => void
  /** Called with the name of the error, each time that it cannot be listened. */
  readonly failed: (cause: string) => void
  /** The first attempt to listen, and every further one, is over. */
  readonly tried?: () => void
  readonly signal: AbortSignal
}

/** Until the signal. */
export async function keepListening(given: Listening): Promise<void> {
  const { signal, failed, tried } = given
  let retryMs = FIRST_RETRY_MS
  while (!signal.aborted) {
    try {
      await listen(given)
      retryMs = FIRST_RETRY_MS
    } catch (error) {
      if (!signal.aborted) failed((error as Error).name)
    }
    tried?.()
    await delay(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {})
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
  }
}

/** Until the connection ends. @throws {Error} when it cannot be opened. */
async function listen({ connection, name, channel, heard, signal, tried }: Listening): Promise<void> {
  const client = new pg.Client({
    application_name: name,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    ...withSettings(connection),
  })
  const ended = new Promise<void>((resolve) => {
    client.once('end', () => resolve())
    client.on('error', () => resolve())
  })
  const stop = () => void client.end().catch(() => {})
  client.on('notification', ({ payload = '' }) => heard(payload))
  try {
    await client.connect()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) return stop()
    await client.query(`listen ${channel}`)
    heard(undefined)
    tried?.()
    await ended
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}
