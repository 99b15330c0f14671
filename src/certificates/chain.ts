// From a certificate to an authority that is trusted, judged by ourselves: a TLS library does it only for its own handshake (RFC 5280, 6).

import 'reflect-metadata'
import type { X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** More authorities between a system and an anchor than anyone has. */
const MAX_LENGTH = 6
const MIN_RSA_BITS = 2048
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])
const WEAK_HASHES: ReadonlySet<string> = new Set(['SHA-1', 'MD5', 'MD2'])
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

const BASIC_CONSTRAINTS = '2.5.29.19'
const KEY_USAGE = '2.5.29.15'
/** Critical extensions whose meaning is seen to here or does not matter to who it is (RFC 5280, 4.2). */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  BASIC_CONSTRAINTS,
  KEY_USAGE,
  '2.5.29.37', // extended key usage
  '2.5.29.17', // subject alternative name
  '2.5.29.14', // subject key identifier
  '2.5.29.35', // authority key identifier
  '2.5.29.32', // certificate policies, of which none is demanded
])

/**
 * From the certificate to the nearest anchor, both included. An anchor need not be a root: whoever trusts an issuing authority need
 * not trust all others of its root. Undefined when there is no way. Each authority is gone through once: where it did not lead it does not
 * lead from another, and a client that sends authorities that issued one another would have us check their signatures in every order.
 */
export function pathTo(
  anchors: readonly X509Certificate[],
  leaf: X509Certificate,
  presented: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  const seen = new Set([leaf.fingerprint256])
  const extend = (path: readonly X509Certificate[]): readonly X509Certificate[] | undefined => {
    const last = path.at(-1)
    if (last === undefined || path.length > MAX_LENGTH) return undefined
    if (anchors.some((anchor) => isSame(anchor, last))) return path
    const anchor = anchors.find((one) => hasIssued(one, last))
    if (anchor !== undefined) return [...path, anchor]
    for (const next of presented) {
      if (seen.has(next.fingerprint256) || !hasIssued(next, last)) continue
      seen.add(next.fingerprint256)
      const found = extend([...path, next])
      if (found !== undefined) return found
    }
    return undefined
  }
  return extend([leaf])
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256
}

/** Name, key identifier, key usage and signature. */
function hasIssued(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey)
}

/** What is wrong with the certificate of a client, whoever issued it; undefined: nothing. */
export function faultOfClient(leaf: X509Certificate, now: Date): string | undefined {
  return remembered(clients, leaf, misuseOf) ?? faultOf(leaf, now)
}

function misuseOf(leaf: X509Certificate): string | undefined {
  const { keyUsage: purposes } = leaf as { readonly keyUsage?: readonly string[] }
  const usages = read(leaf).getExtension(x509.KeyUsagesExtension)?.usages
  // Proof of the key is a signature in the handshake; a key for nothing but encryption proves nothing (RFC 8446, 4.4.2.2).
  const signs = usages === undefined || (usages & x509.KeyUsageFlags.digitalSignature) !== 0
  if (purposes !== undefined && !purposes.includes(CLIENT_AUTH)) return 'INVALID_PURPOSE: not for client authentication'
  return signs ? undefined : 'INVALID_PURPOSE: key usage without digitalSignature'
}

/** What is wrong with an authority on the way, `below` certificates from the end one. */
export function faultOfAuthority(authority: X509Certificate, below: number, now: Date): string | undefined {
  return authorityFaultOf(authority, below) ?? faultOf(authority, now)
}

function authorityFaultOf(authority: X509Certificate, below: number): string | undefined {
  const { isAuthority, pathLength, mayIssue } = remembered(authorities, authority, constraintsOf)
  if (!isAuthority) return 'INVALID_CA: an issuer is no authority'
  if (pathLength !== undefined && below - 1 > pathLength) return 'PATH_LENGTH_EXCEEDED'
  return mayIssue ? undefined : 'KEYUSAGE_NO_CERTSIGN: an issuer may not issue'
}

interface Constraints {
  readonly isAuthority: boolean
  readonly pathLength: number | undefined
  readonly mayIssue: boolean
}

function constraintsOf(authority: X509Certificate): Constraints {
  const certificate = read(authority)
  const constraints = certificate.getExtension(x509.BasicConstraintsExtension)
  const usages = certificate.getExtension(x509.KeyUsagesExtension)?.usages
  return {
    isAuthority: constraints?.ca === true && authority.ca,
    pathLength: constraints?.pathLength,
    mayIssue: usages === undefined || (usages & x509.KeyUsageFlags.keyCertSign) !== 0,
  }
}

/** By its dates. */
export function isInForce(certificate: X509Certificate, now: Date): boolean {
  return dateFaultOf(certificate, now) === undefined
}

function dateFaultOf({ validFrom, validTo }: X509Certificate, now: Date): string | undefined {
  // A date that cannot be read is none: what is compared with it is false.
  if (!(now.getTime() < Date.parse(validTo))) return 'CERT_HAS_EXPIRED'
  return Date.parse(validFrom) <= now.getTime() ? undefined : 'CERT_NOT_YET_VALID'
}

function faultOf(certificate: X509Certificate, now: Date): string | undefined {
  const dateFault = dateFaultOf(certificate, now)
  if (dateFault !== undefined) return dateFault
  return remembered(weaknesses, certificate, weaknessOf)
}

function weaknessOf(certificate: X509Certificate): string | undefined {
  const { asymmetricKeyType, asymmetricKeyDetails: { modulusLength = 0, namedCurve = '' } = {} } = certificate.publicKey
  const isStrong = asymmetricKeyType === 'rsa' ? modulusLength >= MIN_RSA_BITS : CURVES.has(namedCurve)
  // BCP 195 (RFC 9325, 4.5).
  if (!isStrong) return 'CA_KEY_TOO_SMALL: RSA below 2048 bits, or another curve than P-256, P-384, P-521'
  const { extensions, signatureAlgorithm } = read(certificate)
  if (WEAK_HASHES.has(signatureAlgorithm.hash.name)) return 'CA_MD_TOO_WEAK'
  const strange = extensions.find(({ critical, type }) => critical && !UNDERSTOOD.has(type))
  return strange === undefined ? undefined : `UNHANDLED_CRITICAL_EXTENSION ${strange.type}`
}

/** By the digest of its bytes, from which all of it follows. */
type Found<Fact> = Map<string, { readonly fact: Fact }>

/** What follows from a certificate is found once: doors judge again and again, and systems come again by new connections. */
const clients: Found<string | undefined> = new Map()
const weaknesses: Found<string | undefined> = new Map()
const authorities: Found<Constraints> = new Map()
/** More certificates than a network has; strangers may show any number of others. */
const MAX_FOUND = 5000

function remembered<Fact>(
  found: Found<Fact>,
  certificate: X509Certificate,
  find: (certificate: X509Certificate) => Fact,
): Fact {
  const { fingerprint256 } = certificate
  const known = found.get(fingerprint256)
  if (known !== undefined) return known.fact
  const fact = find(certificate)
  if (found.size >= MAX_FOUND) found.clear()
  found.set(fingerprint256, { fact })
  return fact
}

function read(certificate: X509Certificate): x509.X509Certificate {
  return new x509.X509Certificate(certificate.raw)
}
