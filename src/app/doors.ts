// Composition root: what all doors of a process share about certificates, and how they hear of changes (design §4; docs/adr/0026).

import { openChangeFeed } from '../db/access/change-feed.ts'
import { findStandings } from '../db/access/standing.ts'
import { findSystem } from '../db/access-store.ts'
import type { DatabaseConnection } from '../db/pool.ts'
import { watchCertificates } from '../http/certificate-watch.ts'
import type { FindSystem, Revision } from '../http/identity.ts'
import { createLiveSockets, type LiveSockets } from '../http/live-sockets.ts'
import type { Given } from './actor-ports.ts'

export interface Doors {
  /** What each door needs. */
  readonly shared: {
    readonly findSystem: FindSystem
    readonly revision: Revision
    readonly sockets: LiveSockets
  }
  /** Something changed in this process or in another: nothing that a door remembers counts any more. */
  readonly changed: () => void
  readonly stop: () => Promise<void>
}

export async function openDoors(
  { config, log, pool }: Given,
  { connection }: { readonly connection: DatabaseConnection },
): Promise<Doors> {
  let revision = 0
  const sockets = createLiveSockets()
  const watch = watchCertificates({ sockets, log, standings: (fingerprints) => findStandings(pool, fingerprints) })
  const changed = (): void => {
    revision += 1
    watch.changed()
  }
  const feed = openChangeFeed({ connection, log, changed })
  await feed.opened
  return {
    shared: {
      findSystem: async (fingerprint) => {
        const found = await findSystem(pool, { fingerprint, networkMode: config.access.mode })
        if (found !== undefined) watch.registered(fingerprint)
        return found
      },
      revision: () => revision,
      sockets,
    },
    changed,
    stop: async () => {
      watch.stop()
      await feed.close()
    },
  }
}
