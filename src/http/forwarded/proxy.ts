// Whose forwarded certificates are believed: a proxy's that was named, on a connection that proves that it is the one (docs/adr/0026).

import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ShownCertificate } from '../../model/trust.ts'
import { shownBy } from '../shown-certificate.ts'
import { ForwardedError, type ForwardingHeader, isForwarding, readForwarded } from './headers.ts'

export interface ProxyTrust {
  readonly header: ForwardingHeader
  /** Addresses and networks, as `192.0.2.7` and `192.0.2.0/24`. */
  readonly addresses: readonly string[]
  /** SHA-256 fingerprints of its client certificates, upper-case hexadecimal with colons; none: it must be on this machine. */
  readonly fingerprints: readonly string[]
}

/** Whose certificate a request is made with. */
export type Presented =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'handshake'; readonly shown: ShownCertificate }
  | { readonly kind: 'forwarded'; readonly shown: ShownCertificate }
  | { readonly kind: 'forged'; readonly reason: string }

export type Presenter = (request: IncomingMessage) => Presented

/** Forwarded certificates are few, and come with each request: read ones are kept, so that a door remembers whose they are. */
const MAX_KEPT = 2000

/** Without a proxy to trust, whoever forwards a certificate has forged it. */
export function createPresenter(trust: ProxyTrust | undefined): Presenter {
  const isProxy = trust === undefined ? () => false : proxyCheck(trust)
  const read = trust === undefined ? undefined : keeping(trust.header)
  return (request) => {
    const socket = request.socket as TLSSocket
    const isForwarded = isForwarding(request)
    if (read !== undefined && isProxy(socket)) {
      if (isForwarded) return read(request)
      // What a proxy forwards no certificate with has none: the proxy's own is nobody's.
      if (trust?.fingerprints.length !== 0) return { kind: 'nobody' }
    }
    if (isForwarded) return { kind: 'forged', reason: 'forwarded certificate from a peer that is no trusted proxy' }
    const shown = shownBy(socket)
    return shown === undefined ? { kind: 'nobody' } : { kind: 'handshake', shown }
  }
}

function keeping(header: ForwardingHeader): Presenter {
  const kept = new Map<string, ShownCertificate>()
  return (request) => {
    try {
      const shown = readForwarded(request, header)
      if (shown === undefined) return { kind: 'nobody' }
      const key = [shown.certificate, ...shown.issuers].map(({ fingerprint256 }) => fingerprint256).join()
      const known = kept.get(key) ?? shown
      if (kept.size >= MAX_KEPT) kept.clear()
      kept.set(key, known)
      return { kind: 'forwarded', shown: known }
    } catch (error) {
      if (error instanceof ForwardedError) return { kind: 'forged', reason: error.message }
      throw error
    }
  }
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/** Of the named addresses, and with a pinned certificate; without pins, on loopback, where nobody else can be. */
export function proxyCheck({ addresses, fingerprints }: ProxyTrust): (socket: TLSSocket) => boolean {
  const named = blockListOf(addresses)
  const pins = new Set(fingerprints)
  return (socket) => {
    const address = plainAddress(socket.remoteAddress)
    if (!contains(named, address)) return false
    if (pins.size === 0) return contains(LOOPBACK, address)
    const certificate = shownBy(socket)?.certificate
    if (certificate === undefined || !pins.has(certificate.fingerprint256)) return false
    return Date.parse(certificate.validFrom) <= Date.now() && Date.now() < Date.parse(certificate.validTo)
  }
}

function blockListOf(addresses: readonly string[]): BlockList {
  const list = new BlockList()
  for (const one of addresses) {
    const [address = '', prefix] = one.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

/** An IPv4 peer of a socket that listens to both families. */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}

function contains(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
