// How many connections one certificate may hold, so that one system cannot take them all (fairness of the doors).

import type { TLSSocket } from 'node:tls'

/** Takes a connection into account until it closes; false when its certificate holds its share already. */
export type ConnectionShare = (socket: TLSSocket) => boolean

/** A connection without a certificate counts with all others that have none: they are hung up on anyway. */
export function createConnectionShare(most: number): ConnectionShare {
  const held = new Map<string, number>()
  return (socket) => {
    // Without a certificate Node returns an empty object, whatever its type says.
    const { fingerprint256: key = '' }: { readonly fingerprint256?: string } = socket.getPeerCertificate()
    const count = held.get(key) ?? 0
    if (count >= most) return false
    held.set(key, count + 1)
    socket.once('close', () => {
      const left = (held.get(key) ?? 1) - 1
      if (left === 0) held.delete(key)
      else held.set(key, left)
    })
    return true
  }
}
