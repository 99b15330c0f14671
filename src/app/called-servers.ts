// Composition root: connections to servers of facilities that are open, so that one whose certificate is revoked is not spoken to any longer (RFC 5280, 6.3).

import type { TLSSocket } from 'node:tls'
import type { ShownCertificate } from '../model/trust.ts'

export interface CalledServer {
  /** Whose server it is; undefined: of the network itself. */
  readonly facilityId: string | undefined
  readonly shown: Pick<ShownCertificate, 'certificate' | 'issuers'>
}

export interface CalledServers {
  readonly opened: (socket: TLSSocket, server: CalledServer) => void
  /** Ends those that are no longer good; calls on them fail with the reason. */
  readonly judgeAgain: (faultOf: (server: CalledServer) => string | undefined) => void
}

export function createCalledServers(): CalledServers {
  const open = new Map<TLSSocket, CalledServer>()
  return {
    opened: (socket, server) => {
      open.set(socket, server)
      socket.once('close', () => open.delete(socket))
    },
    judgeAgain: (faultOf) => {
      for (const [socket, server] of open) {
        const reason = faultOf(server)
        if (reason !== undefined) socket.destroy(certificateFault(reason))
      }
    },
  }
}

/** With the first word of the reason as its code, as the TLS library's own have theirs. */
export function certificateFault(reason: string): Error {
  return Object.assign(new Error(reason), { code: reason.split(' ')[0] })
}
