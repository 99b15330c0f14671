// How many connections one certificate may hold, and one address without a certificate that is believed (fairness of the doors).

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

export interface ShareLimits {
  /** Of one client certificate. */
  readonly perCertificate: number
  /** Of one address, where no certificate is shown, or none that is believed. */
  readonly perStranger: number
}

export interface ConnectionShares {
  /** Somebody connected, and is to make the handshake; whoever dawdles over it counts as a stranger, and is cut beyond the share. */
  readonly knocked: (socket: Socket) => void
  /** Takes a connection into account until it closes; false when the share is used up. */
  readonly opened: (socket: TLSSocket, is: 'believed' | 'stranger') => boolean
}

/** Crowds of systems connect at the same moment, as after a break of the line; a handshake takes milliseconds. */
const DAWDLING_MS = 3000

export function createConnectionShares({ perCertificate, perStranger }: ShareLimits): ConnectionShares {
  const certificates = createCounter(perCertificate)
  const strangers = createCounter(perStranger)
  /** By address and port: a TLS socket does not tell which TCP socket it stands on. */
  const knocking = new Map<string, () => void>()

  return {
    knocked: (socket) => {
      const { remoteAddress = '' } = socket
      const peer = peerOf(socket)
      let release = (): void => {}
      const timer = setTimeout(() => {
        const taken = strangers.take(remoteAddress)
        if (taken === undefined) socket.destroy()
        else release = taken
      }, DAWDLING_MS).unref()
      const end = (): void => {
        clearTimeout(timer)
        release()
        if (knocking.get(peer) === end) knocking.delete(peer)
      }
      knocking.set(peer, end)
      socket.once('close', end)
    },
    opened: (socket, is) => {
      knocking.get(peerOf(socket))?.()
      // Without a certificate Node returns an empty object, whatever its type says.
      const { fingerprint256 = '' }: { readonly fingerprint256?: string } = socket.getPeerCertificate()
      const release = is === 'believed' ? certificates.take(fingerprint256) : strangers.take(socket.remoteAddress ?? '')
      if (release === undefined) return false
      socket.once('close', release)
      return true
    },
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

interface Counter {
  /** Undefined when the most are taken; else what gives it back, once. */
  readonly take: (key: string) => (() => void) | undefined
}

function createCounter(most: number): Counter {
  const taken = new Map<string, number>()
  return {
    take: (key) => {
      const count = taken.get(key) ?? 0
      if (count >= most) return undefined
      taken.set(key, count + 1)
      let isBack = false
      return () => {
        if (isBack) return
        isBack = true
        const left = (taken.get(key) ?? 1) - 1
        if (left === 0) taken.delete(key)
        else taken.set(key, left)
      }
    },
  }
}
