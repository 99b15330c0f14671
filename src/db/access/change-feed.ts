// Tells every process of the network that something changed which its doors remember: certificates, systems, facilities, anchors.

import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { DatabaseConnection } from '../pool.ts'
import { execute, type Queryable, sql } from '../sql.ts'

const CHANNEL = 'tsunagi_access'
/** Changes that come in a crowd (an import by staff) are felt together: what is remembered is worth keeping for so long. */
const CROWD_MS = 200
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5000
const CONNECT_MS = 5000

/** In the transaction of the change: heard by every process when it commits, and never when it does not. */
export async function notifyAccessChanged(client: Queryable): Promise<void> {
  await execute(client, sql`/* the doors ask again */ select pg_notify(${CHANNEL}, '')`)
}

export interface ChangeFeed {
  /** Resolves when the first attempt to listen is over, whatever came of it. */
  readonly opened: Promise<void>
  readonly close: () => Promise<void>
}

export interface ChangeFeedOptions {
  readonly connection: DatabaseConnection
  readonly log: { readonly warn: (fields: object, message: string) => void }
  /** Something changed, or may have while nobody listened. */
  readonly changed: () => void
}

/** Listens on a connection of its own, and again when that breaks; what was missed meanwhile counts as a change. */
export function openChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const stopping = new AbortController()
  const { signal } = stopping
  const told = gathered(options.changed)
  let settle = (): void => {}
  const opened = new Promise<void>((resolve) => {
    settle = resolve
  })
  const listening = keepListening({ ...options, changed: told.changed, signal, tried: () => settle() })
  return {
    opened,
    close: async () => {
      stopping.abort()
      told.stop()
      await listening
    },
  }
}

interface Listening extends ChangeFeedOptions {
  readonly signal: AbortSignal
  readonly tried: () => void
}

async function keepListening(given: Listening): Promise<void> {
  const { signal, log, tried } = given
  let retryMs = FIRST_RETRY_MS
  while (!signal.aborted) {
    try {
      await listen(given)
      retryMs = FIRST_RETRY_MS
    } catch (error) {
      if (!signal.aborted) log.warn({ cause: (error as Error).name }, 'changes of access are not heard; trying again')
    }
    tried()
    await delay(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {})
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
  }
}

/** Until the connection ends. @throws {Error} when it cannot be opened. */
async function listen({ connection, changed, signal, tried }: Listening): Promise<void> {
  const client = new pg.Client({
    application_name: 'tsunagi change feed',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    ...connection,
  })
  const ended = new Promise<void>((resolve) => {
    client.once('end', () => resolve())
    client.on('error', () => resolve())
  })
  const stop = () => void client.end().catch(() => {})
  client.on('notification', changed)
  try {
    await client.connect()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) return stop()
    await client.query(`listen ${CHANNEL}`)
    changed()
    tried()
    await ended
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

/** The first call at once, those that follow closely together. */
function gathered(call: () => void): { readonly changed: () => void; readonly stop: () => void } {
  let resting: NodeJS.Timeout | undefined
  let isDue = false
  const changed = (): void => {
    if (resting !== undefined) {
      isDue = true
      return
    }
    isDue = false
    resting = setTimeout(() => {
      resting = undefined
      if (isDue) changed()
    }, CROWD_MS)
    call()
  }
  return { changed, stop: () => clearTimeout(resting) }
}
