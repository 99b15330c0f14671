// Composition root: what all doors of a process share about certificates, and how they hear of changes (design §4; docs/adr/0026).

import { openChangeFeed } from '../db/access/change-feed.ts'
import { findStandings } from '../db/access/standing.ts'
import { findSystem } from '../db/access-store.ts'
import type { DatabaseConnection } from '../db/pool.ts'
import { watchCertificates } from '../http/certificate-watch.ts'
import type { ProxyTrust } from '../http/forwarded/proxy.ts'
import type { IdentityOptions } from '../http/identity.ts'
import { createLiveSockets, type LiveSockets } from '../http/live-sockets.ts'
import { createRequestRate, type RequestRate } from '../http/request-rate.ts'
import { createTurns, type Turns } from '../mllp/turns.ts'
import type { DoorName } from '../model/trust.ts'
import type { Given } from './actor-ports.ts'
import { openCrlUpkeep } from './crl-upkeep.ts'
import { type DoorTls, openTrust, type Trust } from './trust.ts'

/** Files and database are read again so often, whether anybody said that they changed or not. */
const REFRESH_MS = 5000
const MAX_IN_WORK = 512
const TURN_WAIT_MS = 10_000

/** By door, those that are open. */
type Renewable = Readonly<Partial<Record<DoorName, { readonly renew: (tls: DoorTls) => void }>>>

export interface Doors {
  /** Of SOAP messages; pushes have their own. */
  readonly turns: Turns
  /** What each door needs. */
  readonly shared: Omit<IdentityOptions, 'door'> & { readonly sockets: LiveSockets; readonly rate: RequestRate }
  readonly tlsOf: (door: DoorName) => DoorTls
  readonly outgoing: Trust['outgoing']
  readonly outgoingTo: Trust['outgoingTo']
  readonly revocationOf: Trust['revocationOf']
  /** For the HTTPS door; absent without a proxy. */
  readonly proxy?: ProxyTrust
  /** These are given renewed certificates, keys and authorities from now on. */
  readonly renewing: (doors: Renewable) => void
  /** Something changed in this process or in another: nothing that a door remembers counts any more. */
  readonly changed: () => void
  /** Reads certificate, key and authorities again. */
  readonly reload: () => Promise<void>
  readonly stop: () => Promise<void>
}

export async function openDoors(
  given: Given,
  { connection }: { readonly connection: DatabaseConnection },
): Promise<Doors> {
  const { config, log, pool } = given
  let revision = 0
  let renewable: Renewable | undefined
  const trust = await openTrust(given)
  const sockets = createLiveSockets()
  const standings = (fingerprints: readonly string[]) => findStandings(pool, fingerprints)
  const watch = watchCertificates({ sockets, log, standings, judge: trust.judge })
  const forget = (): void => {
    revision += 1
    watch.changed()
  }
  const crls = openCrlUpkeep(given)
  const reload = inTurn(async () => {
    if (!(await trust.refresh())) return
    for (const [door, { renew }] of Object.entries(renewable ?? {})) renew(trust.tlsOf(door as DoorName))
    forget()
    crls.look()
    log.info({}, 'certificate, key and authorities were read anew')
  })
  const changed = (): void => {
    forget()
    void reload()
  }
  const feed = openChangeFeed({ connection, log, changed })
  await feed.opened
  const timer = setInterval(reload, REFRESH_MS).unref()
  return {
    shared: {
      findSystem: async (fingerprint) => {
        const found = await findSystem(pool, { fingerprint, networkMode: config.access.mode })
        if (found !== undefined) watch.registered(fingerprint)
        return found
      },
      revision: () => revision,
      judge: trust.judge,
      sockets,
      rate: createRequestRate(config.limits),
    },
    tlsOf: trust.tlsOf,
    turns: turnsOf(config.limits.requestsInWorkPerSystem),
    outgoing: trust.outgoing,
    outgoingTo: trust.outgoingTo,
    revocationOf: trust.revocationOf,
    ...(config.proxy.trusted ? { proxy: config.proxy } : {}),
    renewing: (doors) => {
      renewable = doors
    },
    changed,
    reload,
    stop: async () => {
      clearInterval(timer)
      watch.stop()
      await Promise.all([feed.close(), crls.stop(), reload.idle()])
    },
  }
}

/** As many of all systems as one process can have at work; what waits was read already, or lies staged. */
function turnsOf(perSystem: number): Turns {
  return createTurns({
    overall: MAX_IN_WORK,
    perSystem,
    waitMs: TURN_WAIT_MS,
    waitingBytes: Number.MAX_SAFE_INTEGER,
  })
}

type InTurn = (() => Promise<void>) & { readonly idle: () => Promise<void> }

/** Called while at work, it is done once more afterwards, for all who called. */
function inTurn(work: () => Promise<void>): InTurn {
  let current: Promise<void> | undefined
  let next: Promise<void> | undefined
  const begin = (): Promise<void> => {
    current = work().finally(() => {
      current = undefined
    })
    return current
  }
  const call = (): Promise<void> => {
    if (current === undefined) return begin()
    next ??= current.then(() => {
      next = undefined
      return begin()
    })
    return next
  }
  return Object.assign(call, { idle: async () => void (await Promise.all([current, next])) })
}
