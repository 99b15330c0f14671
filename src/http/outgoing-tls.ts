// Connections that we open show our certificate as it is now: it is renewed while agents live on (ITI TF-2 3.19).

import { type PeerCertificate, type SecureContextOptions, TLSSocket } from 'node:tls'
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
  return (options, callback) => {
    const { connected, ...how } = tls()
    buildConnector({ ...how, timeout: timeoutMs })(options, (...made) => {
      if (made[1] instanceof TLSSocket) connected?.(made[1])
      callback(...made)
    })
  }
}
