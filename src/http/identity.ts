// Client certificate → system, decided per request and remembered per socket for at most five seconds (ITI TF-2 3.19).

import type { TLSSocket } from 'node:tls'
import type { CallingSystem } from '../model/caller.ts'

/** How long a socket's identity is trusted without asking again: the longest a revocation takes to be felt. */
const IDENTITY_TTL_MS = 5000

export type Identity =
  | { readonly kind: 'system'; readonly system: CallingSystem; readonly active: 'yes' | 'no' }
  | { readonly kind: 'refused'; readonly reason: string }

export interface Registered {
  readonly system: CallingSystem
  readonly certificate: 'active' | 'suspended' | 'revoked'
  readonly active: 'yes' | 'no'
}

/** Looks a certificate up by SHA-256 fingerprint of its DER; undefined when it is not registered. */
export type FindSystem = (fingerprint: string) => Promise<Registered | undefined>

interface Remembered {
  readonly untilMs: number
  readonly revision: number
  readonly identity: Promise<Identity>
}

/** Rises when administration changed something: what was remembered before does not count. */
export type Revision = () => number

/** The answer for one socket; concurrent requests on it share one look-up. */
export function createIdentifier(
  find: FindSystem,
  revision: Revision = () => 0,
): (socket: TLSSocket) => Promise<Identity> {
  const sockets = new WeakMap<TLSSocket, Remembered>()
  return (socket) => {
    const known = sockets.get(socket)
    const current = revision()
    if (known !== undefined && known.untilMs > performance.now() && known.revision === current) return known.identity
    const identity = identify(socket, find)
    sockets.set(socket, { untilMs: performance.now() + IDENTITY_TTL_MS, revision: current, identity })
    // A database that cannot be read must not be remembered as an answer.
    identity.catch(() => sockets.delete(socket))
    return identity
  }
}

async function identify(socket: TLSSocket, find: FindSystem): Promise<Identity> {
  const certificate = socket.getPeerX509Certificate?.()
  if (certificate === undefined) return { kind: 'refused', reason: 'no client certificate' }
  const place = `fingerprint ${certificate.fingerprint256}, serial ${certificate.serialNumber}`
  if (!socket.authorized) return { kind: 'refused', reason: `${String(socket.authorizationError)}; ${place}` }
  if (Date.parse(certificate.validTo) < Date.now())
    return { kind: 'refused', reason: `expired while connected; ${place}` }
  const found = await find(certificate.fingerprint256)
  if (found === undefined) return { kind: 'refused', reason: `not registered; ${place}` }
  if (found.certificate !== 'active') return { kind: 'refused', reason: `${found.certificate}; ${place}` }
  return { kind: 'system', system: found.system, active: found.active }
}
