// Verifies an assertion with a key of its issuer and reads what was signed, nothing else (XML Signature 3.2; SAML Core 5.4).

import { createHash, X509Certificate } from 'node:crypto'
import { SignedXml } from 'xml-crypto'
import { iheError } from '../../../profiles/errors/index.ts'
import type { Assertion } from '../../model/assertion.ts'
import { readXml, type XmlElement } from '../xml/read.ts'
import { SAML2 } from './constants.ts'
import type { PresentedAssertion } from './header.ts'
import { readAssertion } from './read.ts'
import { readSignature, type SignatureShape } from './signature.ts'

/** A certificate that was registered for the issuer. */
export interface TrustedCertificate {
  /** SHA-256 of the DER, as Node prints it. */
  readonly fingerprint: string
  readonly pem: string
}

export interface VerifiedAssertion {
  readonly assertion: Assertion
  /** Which certificate verified it. */
  readonly fingerprint: string
  readonly usesSha1: boolean
  /** SHA-256 of what was signed: the same however the message around it was written. */
  readonly digest: string
}

/** What the issuer is allowed, and with which keys. */
export interface IssuerKeys {
  readonly certificates: readonly TrustedCertificate[]
  readonly allowsSha1: boolean
}

/**
 * Algorithms, signature, then the assertion as it was signed.
 * @throws {IheError} XUA_SECURITY, XUA_ALGORITHM, XUA_SIGNATURE, XUA_TOKEN
 */
export function verifyAssertion(presented: PresentedAssertion, keys: () => IssuerKeys): VerifiedAssertion {
  const shape = readSignature(presented)
  const { certificates, allowsSha1 } = keys()
  if (shape.usesSha1 && !allowsSha1)
    throw iheError('XUA_ALGORITHM', { at: 'Signature', rule: 'no SHA-1 from this issuer' })
  const signature = presented.part(shape.place)
  for (const certificate of candidates(certificates, shape)) {
    const signed = signedBytes(presented.xml, signature, certificate)
    if (signed === undefined) continue
    const root = readXml(Buffer.from(signed))
    assertSame(root, presented)
    return {
      assertion: readAssertion(root),
      fingerprint: certificate.fingerprint,
      usesSha1: shape.usesSha1,
      digest: createHash('sha256').update(signed).digest('hex'),
    }
  }
  throw iheError('XUA_SIGNATURE', { at: 'Signature', rule: 'made with a key of the issuer' })
}

/** KeyInfo may pick among the certificates of the issuer, and brings none of its own. */
function candidates(
  certificates: readonly TrustedCertificate[],
  { certificates: named }: SignatureShape,
): readonly TrustedCertificate[] {
  const picked = certificates.filter(({ pem }) => named.includes(new X509Certificate(pem).raw.toString('base64')))
  return picked.length > 0 ? picked : certificates
}

/** The one reference as it was signed, in canonical form; undefined when the signature is not made with this key. */
function signedBytes(xml: string, signature: string, { pem }: TrustedCertificate): string | undefined {
  const publicCert = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' })
  const checker = new SignedXml({ publicCert, getCertFromKeyInfo: () => null })
  checker.idAttributes = ['ID']
  try {
    checker.loadSignature(signature)
    if (!checker.checkSignature(xml)) return undefined
  } catch {
    // A signature that does not verify is told by an exception too.
    return undefined
  }
  const [signed, ...more] = checker.getSignedReferences()
  return more.length > 0 ? undefined : signed
}

/** @throws {IheError} XUA_SECURITY */
function assertSame(root: XmlElement, { id }: PresentedAssertion): void {
  if (root.ns !== SAML2 || root.name !== 'Assertion' || root.attributes.get('ID') !== id)
    throw iheError('XUA_SECURITY', { at: 'Assertion', rule: 'what was signed is the assertion itself' })
}
