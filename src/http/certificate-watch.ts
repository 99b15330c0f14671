// Cuts open connections whose certificate is no longer good: HTTPS keep-alive and MLLP live for hours, a revocation must not wait (ITI TF-2 3.19).

import type { Judge } from '../model/trust.ts'
import type { DoorLog } from './door.ts'
import { nameOf } from './failure.ts'
import type { LiveCertificate, LiveSockets } from './live-sockets.ts'

/** The longest that passes until a change is felt of which this process was not told. */
const LOOK_MS = 4000

export type Standing = 'active' | 'suspended' | 'revoked' | 'expired'

export interface CertificateWatchOptions {
  readonly sockets: LiveSockets
  /** How certificates are registered, by SHA-256 fingerprint; a stranger's is absent. */
  readonly standings: (fingerprints: readonly string[]) => Promise<ReadonlyMap<string, Standing>>
  readonly judge: Judge
  readonly log: DoorLog
}

export interface CertificateWatch {
  /** Looks at once. */
  readonly changed: () => void
  /** A door has found this certificate registered; from now on it is missed when it is not. */
  readonly registered: (fingerprint: string) => void
  readonly stop: () => void
}

/** Looks when told, when the next certificate expires, and every few seconds. */
export function watchCertificates(options: CertificateWatchOptions): CertificateWatch {
  /** Registered once: a stranger's connection is left to the door, which answers it. */
  const known = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let isDue = false
  let isStopped = false

  const isKnown = (live: LiveCertificate): boolean => known.has(fingerprintOf(live))

  async function look(): Promise<void> {
    const live = options.sockets.certificates()
    // By what this process knows, whether the database answers or not: dates, anchors, revocation lists.
    for (const one of live) {
      // What the library had against the handshake was judged then, by anchors that may have been others.
      const { certificate, issuers } = one.shown
      const judgement = isKnown(one) ? options.judge({ certificate, issuers }, one.door) : undefined
      if (judgement?.kind === 'refused') cut(options, one, judgement.reason)
    }
    if (live.length === 0) return known.clear()
    const fingerprints = [...new Set(live.map(fingerprintOf))]
    const standings = await options.standings(fingerprints)
    for (const one of live) {
      const standing = standings.get(fingerprintOf(one))
      if (standing === undefined && !isKnown(one)) continue
      if (standing !== 'active') cut(options, one, standing ?? 'no longer registered')
    }
    for (const fingerprint of known) if (!fingerprints.includes(fingerprint)) known.delete(fingerprint)
    for (const fingerprint of standings.keys()) known.add(fingerprint)
  }

  function schedule(): void {
    clearTimeout(timer)
    if (!isStopped) timer = setTimeout(begin, nextLookMs(options.sockets.certificates())).unref()
  }

  function begin(): void {
    if (isStopped) return
    if (looking !== undefined) {
      isDue = true
      return
    }
    isDue = false
    looking = look()
      // Who cannot be looked up is not let in by the doors either; that connections stay open meanwhile shows nobody anything.
      .catch((error: unknown) => options.log.warn({ cause: nameOf(error) }, 'open connections could not be checked'))
      .finally(() => {
        looking = undefined
        if (isDue) begin()
        else schedule()
      })
  }

  schedule()
  return {
    changed: begin,
    registered: (fingerprint) => known.add(fingerprint),
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

function nextLookMs(live: readonly LiveCertificate[]): number {
  const now = Date.now()
  const expiries = live.map(({ shown }) => Date.parse(shown.certificate.validTo) - now).filter((ms) => ms > 0)
  return Math.min(LOOK_MS, ...expiries)
}

function fingerprintOf({ shown }: LiveCertificate): string {
  return shown.certificate.fingerprint256
}

function cut({ sockets, log }: CertificateWatchOptions, live: LiveCertificate, reason: string): void {
  const connections = sockets.cut(live)
  if (connections === 0) return
  const fingerprint = fingerprintOf(live)
  log.warn({ door: live.door, fingerprint, reason, connections }, 'connections of a certificate were cut')
}
