// Tells every process of the network that something changed which its doors remember: certificates, systems, facilities, anchors.

import { keepListening } from '../listening.ts'
import type { DatabaseConnection } from '../pool.ts'
import { execute, type Queryable, sql } from '../sql.ts'

const CHANNEL = 'tsunagi_access'
/** Changes that come in a crowd (an import by staff) are felt together: what is remembered is worth keeping for so long. */
const CROWD_MS = 200

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
  const listening = keepListening({
    connection: options.connection,
    name: 'tsunagi change feed',
    channel: CHANNEL,
    heard: told.changed,
    failed: (cause) => options.log.warn({ cause }, 'changes of access are not heard; trying again'),
    tried: () => settle(),
    signal,
  })
  return {
    opened,
    close: async () => {
      stopping.abort()
      told.stop()
      await listening
    },
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
