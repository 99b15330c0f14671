// Client certificate → system, decided per request and remembered per connection for at most five seconds (ITI TF-2 3.19).

import type { TLSSocket } from 'node:tls'
import type { CallingSystem } from '../model/caller.ts'
import type { DoorName, Judge, ShownCertificate } from '../model/trust.ts'
import { shownBy } from './shown-certificate.ts'

/** How long an identity is trusted without asking again: the longest a revocation takes to be felt. */
const IDENTITY_TTL_MS = 5000

export type Identity =
  | {
      readonly kind: 'system'
      readonly system: CallingSystem
      readonly active: 'yes' | 'no'
      readonly fingerprint: string
    }
  | { readonly kind: 'refused'; readonly reason: string; readonly fingerprint?: string; readonly issuer?: string }

export interface Registered {
  readonly system: CallingSystem
  readonly certificate: 'active' | 'suspended' | 'revoked'
  readonly active: 'yes' | 'no'
}

/** Looks a certificate up by SHA-256 fingerprint of its DER; undefined when it is not registered. */
export type FindSystem = (fingerprint: string) => Promise<Registered | undefined>

/** Rises when something changed: what was remembered before does not count. */
export type Revision = () => number

export interface IdentityOptions {
  readonly door: DoorName
  readonly findSystem: FindSystem
  readonly revision: Revision
  readonly judge: Judge
}

interface Remembered {
  readonly untilMs: number
  readonly revision: number
  readonly identity: Promise<Identity>
}

/** The answer for one connection; concurrent requests on it share one look-up. */
export function createIdentifier(options: IdentityOptions): (socket: TLSSocket) => Promise<Identity> {
  const identify = createCertificateIdentifier(options)
  return (socket) => {
    const shown = shownBy(socket)
    return shown === undefined ? NOBODY : identify(shown)
  }
}

export const NOBODY: Promise<Identity> = Promise.resolve({ kind: 'refused', reason: 'no client certificate' })

/** The answer for one certificate as it was shown once. */
export function createCertificateIdentifier(options: IdentityOptions): (shown: ShownCertificate) => Promise<Identity> {
  const remembered = new WeakMap<ShownCertificate, Remembered>()
  return (shown) => {
    const known = remembered.get(shown)
    const revision = options.revision()
    if (known !== undefined && known.untilMs > performance.now() && known.revision === revision) return known.identity
    const identity = identify(shown, options)
    remembered.set(shown, { untilMs: performance.now() + IDENTITY_TTL_MS, revision, identity })
    // A database that cannot be read must not be remembered as an answer.
    identity.catch(() => remembered.delete(shown))
    return identity
  }
}

async function identify(shown: ShownCertificate, { door, findSystem, judge }: IdentityOptions): Promise<Identity> {
  const { fingerprint256: fingerprint, serialNumber, issuer } = shown.certificate
  const refused = (reason: string): Identity => ({
    kind: 'refused',
    reason: `${reason}; fingerprint ${fingerprint}, serial ${serialNumber}`,
    fingerprint,
    issuer: issuer.replaceAll('\n', ', '),
  })
  const judgement = judge(shown, door)
  if (judgement.kind === 'refused') return refused(judgement.reason)
  const found = await findSystem(fingerprint)
  if (found === undefined) return refused('not registered')
  if (found.certificate !== 'active') return refused(found.certificate)
  if (judgement.facilities?.has(found.system.facilityId) === false) return refused('its authority is another partner’s')
  return { kind: 'system', system: found.system, active: found.active, fingerprint }
}
