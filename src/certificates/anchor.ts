// What may be a trust anchor: the certificate of an authority that is good now (RFC 5280, 6.1.1).

import { X509Certificate } from 'node:crypto'
import { factsOf } from './certificate.ts'
import { faultOfAuthority } from './chain.ts'

export interface AnchorFacts {
  readonly pem: string
  readonly fingerprint: string
  readonly subject: string
  readonly notBefore: Date
  readonly notAfter: Date
}

/** @throws {Error} with the reason, when the text is no certificate of an authority or the authority is not good. */
export function readAnchor(pem: string, now: Date): AnchorFacts {
  const certificate = parse(pem)
  const fault = faultOfAuthority(certificate, 1, now)
  if (fault !== undefined && fault !== 'CERT_NOT_YET_VALID') throw new Error(fault)
  const { fingerprint256: fingerprint, subject, notBefore, notAfter } = factsOf(certificate)
  return { pem: certificate.toString(), fingerprint, subject, notBefore, notAfter }
}

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new Error('no certificate can be read from it', { cause })
  }
}
