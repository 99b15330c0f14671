// Open connections of all doors by the certificate they were opened with, so that one that is no longer good can be cut (ITI TF-2 3.19).

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { DoorName, ShownCertificate } from '../model/trust.ts'
import { shownBy } from './shown-certificate.ts'

export interface LiveCertificate {
  readonly door: DoorName
  readonly shown: ShownCertificate
}

export interface LiveSockets {
  /** Takes a connection into account until it closes, once however often it is called; one without a certificate is nobody's. */
  readonly hold: (socket: TLSSocket, door: DoorName) => void
  /** A request of this certificate that came over a proxy's connection; returns what ends it. */
  readonly holdWhile: (live: LiveCertificate, socket: Socket) => () => void
  readonly certificates: () => readonly LiveCertificate[]
  /** Closes its connections at this door without another byte, answers at work included; how many there were. */
  readonly cut: (live: LiveCertificate) => number
}

interface Held extends LiveCertificate {
  readonly sockets: Set<Socket>
}

export function createLiveSockets(): LiveSockets {
  const held = new Map<string, Held>()
  const own = new WeakSet<Socket>()
  const keyOf = ({ door, shown }: LiveCertificate): string => `${door} ${shown.certificate.fingerprint256}`

  function add(live: LiveCertificate, socket: Socket): () => void {
    const key = keyOf(live)
    const entry = held.get(key) ?? { ...live, sockets: new Set() }
    held.set(key, entry)
    entry.sockets.add(socket)
    return () => {
      entry.sockets.delete(socket)
      if (entry.sockets.size === 0 && held.get(key) === entry) held.delete(key)
    }
  }

  return {
    hold: (socket, door) => {
      if (own.has(socket) || socket.destroyed) return
      const shown = shownBy(socket)
      if (shown === undefined) return
      own.add(socket)
      socket.once('close', add({ door, shown }, socket))
    },
    holdWhile: add,
    certificates: () => [...held.values()],
    cut: (live) => {
      const sockets = [...(held.get(keyOf(live))?.sockets ?? [])]
      for (const socket of sockets) socket.destroy()
      return sockets.length
    },
  }
}
