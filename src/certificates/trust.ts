// Which authority vouches for our server: what a vendor has to trust, one certificate whose fingerprint can be read out (RFC 5280, 6).

import { X509Certificate } from 'node:crypto'
import { certificatesIn } from './certificate.ts'

/** No chain is longer; a circle ends. */
const MAX_CHAIN = 8

/**
 * The highest certificate above the server's that is known: its root, where that is among what the server trusts or shows itself.
 * @throws {Error} in plain words, when the server's file holds no certificate.
 */
export function serverAnchor(serverPem: string, trustedPem: string): X509Certificate {
  const [leaf, ...shown] = certificatesIn(serverPem).map((pem) => new X509Certificate(pem))
  if (leaf === undefined) throw new Error('the file of the server certificate (tls.certificate) holds no certificate')
  const known = [...certificatesIn(trustedPem).map((pem) => new X509Certificate(pem)), ...shown]
  let highest = leaf
  for (let length = 0; length < MAX_CHAIN; length += 1) {
    const below = highest
    const issuer = known.find((one) => below.checkIssued(one) && below.verify(one.publicKey))
    if (issuer === undefined || issuer.fingerprint256 === below.fingerprint256) return highest
    highest = issuer
  }
  return highest
}
