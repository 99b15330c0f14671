// Composition root: what happens to certificates by time alone: overlaps end, revocation lists are renewed, coming ends are warned of.

import { join } from 'node:path'
import { type Expiring, expiryOf, warnOfExpiry } from '../access/certificates/expiry.ts'
import { authorityOptions, pkiPaths, renewServerWhenDue, serverNamesOf } from '../certificates/pki-directory.ts'
import { endOverlaps, holdServerRenewal } from '../db/access/certificates.ts'
import { noteWarning } from '../db/access/expiry-warnings.ts'
import { transaction } from '../db/pool.ts'
import { watchExpiry } from '../http/expiry-metrics.ts'
import type { Watch } from '../http/metrics/gauges.ts'
import type { Given } from './actor-ports.ts'
import { refreshList } from './certificates.ts'
import { clockConcern } from './clock.ts'
import { watchedBy } from './watched-certificates.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

type Needed = Pick<Given, 'config' | 'log' | 'pool'>

/** At the start and every minute; every process does it, what one has done the others find done. */
export function tendCertificates(given: Needed): () => Promise<void> {
  const saysOnce = once(given)
  let running: Promise<void> = Promise.resolve()
  const tend = (): void => {
    running = running.then(() => tendOnce(given, saysOnce, new Date()))
  }
  tend()
  const timer = setInterval(tend, MINUTE_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}

/** One round; what fails is tried again in the next. */
export async function tendOnce(given: Needed, saysOnce: (reason: string) => void, now: Date): Promise<void> {
  const { log, pool } = given
  const steps: readonly (readonly [string, () => Promise<void>])[] = [
    ['the certificate of the server could not be renewed yet', () => renewServer(given, now)],
    ['certificates that were replaced could not be revoked yet', () => revokeReplaced(given, now)],
    ['the revocation list could not be renewed yet', () => renewList(given, saysOnce)],
    ['certificates that end soon could not be looked for', () => warn(given, now)],
  ]
  for (const [failed, step] of steps)
    await step().catch((error: Error) => {
      // While the server stops, the database goes.
      if (!pool.ending) log.warn({ cause: error.name }, failed)
    })
}

/** What the server shows is renewed while it runs, if it is ours to renew; the doors read it anew (docs/adr/0026). */
async function renewServer({ config, log, pool }: Needed, now: Date): Promise<void> {
  const directory = join(config.dataDir, 'pki')
  if (config.tls.certificate !== pkiPaths(directory).serverCertificate) return
  const concern = await clockConcern(pool)()
  if (concern !== undefined) {
    log.warn({ concern }, 'the certificate of the server is not renewed by a clock that is wrong')
    return
  }
  // Several processes may share the directory: one of them renews, in the lock.
  await transaction(pool, async (client) => {
    if (!(await holdServerRenewal(client))) return
    const options = { ...authorityOptions(config.certificates), serverNames: serverNamesOf(config), now }
    const done = await renewServerWhenDue(directory, options)
    if (done === 'renewed') log.info({}, 'the certificate of the server was renewed')
  })
}

async function revokeReplaced({ log, pool }: Needed, now: Date): Promise<void> {
  for (const { fingerprint, systemId } of await endOverlaps(pool, now))
    log.info({ system: systemId, certificate: fingerprint }, 'a certificate was revoked: its overlap is over')
}

async function renewList(given: Needed, saysOnce: (reason: string) => void): Promise<void> {
  const failure = await refreshList(given)
  if (failure !== undefined) saysOnce(failure)
}

async function warn(given: Needed, now: Date): Promise<void> {
  const watched = watchedBy(given)
  await warnOfExpiry(
    {
      watched: () => watched(now),
      note: (fingerprint, days) => noteWarning(given.pool, fingerprint, days),
      warn: ({ kind, name, fingerprint, daysLeft }: Expiring) =>
        given.log.warn(
          { kind, name, certificate: fingerprint, daysLeft },
          daysLeft < 0 ? 'a certificate has ended' : 'a certificate ends soon',
        ),
    },
    now,
  )
}

/** A reason is said when it is new, and again after a day: an operator who keeps the key elsewhere knows it. */
function once({ log }: Needed): (reason: string) => void {
  let said = { reason: '', atMs: 0 }
  return (reason) => {
    if (reason === said.reason && Date.now() - said.atMs < DAY_MS) return
    said = { reason, atMs: Date.now() }
    log.warn({ cause: reason }, 'no revocation list can be signed')
  }
}

/** Days that certificates are still good, read when the metrics are. */
export function meterExpiry(given: Needed, watch: Watch): void {
  const watched = watchedBy(given)
  watchExpiry(watch, async () => {
    const now = new Date()
    return (await watched(now)).map((one) => expiryOf(one, now))
  })
}
