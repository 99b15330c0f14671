// The certificate that a TLS client showed, with what leads from it to an authority (RFC 8446, 4.4.2).

import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from 'node:tls'
import type { DoorName, Judge, ShownCertificate } from '../model/trust.ts'

/** A peer may send more; nobody needs it. */
const MAX_ISSUERS = 6

const shown = new WeakMap<TLSSocket, ShownCertificate>()

/** Undefined when the client showed none. Read once for each connection. */
export function shownBy(socket: TLSSocket): ShownCertificate | undefined {
  const known = shown.get(socket)
  if (known !== undefined) return known
  const certificate = socket.getPeerX509Certificate?.()
  if (certificate === undefined) return undefined
  const read = {
    certificate,
    issuers: issuersOf(certificate),
    ...(socket.authorized ? {} : { objection: String(socket.authorizationError) }),
  }
  shown.set(socket, read)
  return read
}

/** Whether it may be shown at the door; that it is registered only the database knows. */
export function isBelieved(socket: TLSSocket, door: DoorName, judge: Judge): boolean {
  const certificate = shownBy(socket)
  return certificate !== undefined && judge(certificate, door).kind === 'trusted'
}

function issuersOf(certificate: X509Certificate): readonly X509Certificate[] {
  const issuers: X509Certificate[] = []
  let next = certificate.issuerCertificate
  while (next !== undefined && issuers.length < MAX_ISSUERS && next.fingerprint256 !== issuers.at(-1)?.fingerprint256) {
    issuers.push(next)
    next = next.issuerCertificate
  }
  return issuers
}

/** Of a server, as the TLS library hands it to whoever checks its name: with what it sent above it. */
export function shownOf(peer: PeerCertificate): Pick<ShownCertificate, 'certificate' | 'issuers'> {
  const issuers: X509Certificate[] = []
  let { issuerCertificate: next } = peer as Partial<DetailedPeerCertificate>
  while (next?.raw !== undefined && issuers.length < MAX_ISSUERS) {
    const issuer = new X509Certificate(next.raw)
    if (issuer.fingerprint256 === issuers.at(-1)?.fingerprint256) break
    issuers.push(issuer)
    next = next.issuerCertificate
  }
  return { certificate: new X509Certificate(peer.raw), issuers }
}

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** All certificates of a PEM text. @throws {Error} when one cannot be read. */
export function certificatesOf(pem: string): readonly X509Certificate[] {
  return (pem.match(PEM) ?? []).map((one) => new X509Certificate(one))
}
