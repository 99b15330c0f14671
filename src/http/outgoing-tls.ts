// Connections that we open show our certificate as it is now: it is renewed while agents live on (ITI TF-2 3.19).

import {
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  TLSSocket,
} from 'node:tls'
import { buildConnector } from 'undici'

/** Our own certificate and the authority that the other side's must come from, as they are now. */
export type OutgoingTls = () => SecureContextOptions & {
  readonly ecdhCurve?: string
  /** Name, and what its authority revoked; asked when the way to an authority is good. */
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined
  /** Told of the connection, once it stands. */
  readonly connected?: (socket: TLSSocket) => void
}

/** For the `connect` of an agent: asks for certificate and key at each connection. */
export function connectorOf(tls: OutgoingTls, timeoutMs: number): buildConnector.connector {
  const contextOf = keptContext()
  return (options, callback) => {
    const { connected, ...how } = tls()
    buildConnector({ ...how, secureContext: contextOf(how), timeout: timeoutMs })(options, (...made) => {
      if (made[1] instanceof TLSSocket) connected?.(made[1])
      callback(...made)
    })
  }
}

/**
 * Reading certificate, key and authorities takes as long as the handshake itself, and a fan-out opens many connections at once: they
 * are read again when they are others. Sessions are not kept: every connection proves anew whose it is.
 */
export function keptContext(
  create: (options: SecureContextOptions) => SecureContext = createSecureContext,
): (options: SecureContextOptions) => SecureContext {
  let kept: { readonly options: SecureContextOptions; readonly context: SecureContext } | undefined
  return (options) => {
    if (kept === undefined || !isSame(kept.options, options)) kept = { options, context: create(options) }
    return kept.context
  }
}

function isSame(before: SecureContextOptions, now: SecureContextOptions): boolean {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]) as ReadonlySet<keyof SecureContextOptions>
  return [...names].every((name) => isSameValue(before[name], now[name]))
}

/** Authorities come in a new list each time; what is only called when a connection stands is no material. */
function isSameValue(before: unknown, now: unknown): boolean {
  if (typeof before === 'function' && typeof now === 'function') return true
  if (!Array.isArray(before) || !Array.isArray(now)) return before === now
  return before.length === now.length && before.every((value, place) => value === now[place])
}
