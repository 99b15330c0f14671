// What we keep of a certificate (security: certificate → system → facility), read by node:crypto.

import { X509Certificate } from 'node:crypto'

export interface CertificateFacts {
  /** SHA-256 of the DER, upper-case hex with colons, as getPeerX509Certificate().fingerprint256 prints it. */
  readonly fingerprint256: string
  /** Upper-case hex. */
  readonly serial: string
  /** One line, `C=JP, O=…, OU=…, CN=…`, in the order of the certificate. */
  readonly subject: string
  readonly issuer: string
  /** As OpenSSL prints them: `URI:urn:oid:…`, `DNS:…`, `IP Address:…`. */
  readonly subjectAlternativeNames: readonly string[]
  readonly notBefore: Date
  readonly notAfter: Date
}

/**
 * The facts of a certificate in PEM (the first, when there are several) or DER.
 * @throws {Error} when the bytes are no certificate.
 */
export function readCertificate(certificate: string | Buffer): CertificateFacts {
  return factsOf(new X509Certificate(certificate))
}

/** The facts of a certificate that node:crypto or a TLS socket has parsed already. */
export function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    fingerprint256: certificate.fingerprint256,
    serial: certificate.serialNumber,
    subject: certificate.subject.replaceAll('\n', ', '),
    issuer: certificate.issuer.replaceAll('\n', ', '),
    subjectAlternativeNames: certificate.subjectAltName?.split(', ') ?? [],
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----/g

/** The certificates of a PEM text, one each, in its order. */
export function certificatesIn(pem: string): readonly string[] {
  return (pem.match(CERTIFICATE) ?? []).map((one) => `${one}\n`)
}

/** A revocation list as OpenSSL reads it: BEGIN X509 CRL, which the library that signs them writes otherwise (RFC 7468, 6). */
export function revocationListPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN X509 CRL-----', ...lines, '-----END X509 CRL-----', ''].join('\n')
}
