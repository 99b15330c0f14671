// Two levels: a root whose key lies offline, and below it the authority that issues (RFC 5280, 4.2.1.9; docs/certificates.md).

import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { type Authority, newSerial, pemOf, privatePem, validity } from './authority.ts'
import { certificatesIn } from './certificate.ts'
import { readCertificateRequest } from './request.ts'
import { signerOf } from './signer.ts'

/** A root is replaced by hand everywhere, so it lives long; an issuing authority is not. */
const ROOT_DAYS = 7300
const ISSUING_DAYS = 1825
const ROOT_KEY = { name: 'ECDSA', namedCurve: 'P-384' } as const
const ISSUING_KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const
const AUTHORITY_USAGE = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign

interface Named {
  readonly name: string
  readonly now?: Date
}

/** A self-signed ECDSA P-384 root, which signs authorities that issue to systems and servers, and nothing else. */
export async function createRoot({ name, now = new Date() }: Named): Promise<Authority> {
  const keys = await generated(ROOT_KEY)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: subjectOf(name),
    ...validity(now, ROOT_DAYS),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-384' },
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(AUTHORITY_USAGE, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificatePem: pemOf(certificate), privateKeyPem: await privatePem(keys.privateKey) }
}

/** A new ECDSA P-256 key for an issuing authority and the request to take to the root. */
export async function requestIssuing({
  name,
}: Named): Promise<{ readonly requestPem: string; readonly privateKeyPem: string }> {
  const keys = await generated(ISSUING_KEY)
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subjectOf(name),
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  })
  return { requestPem: `${request.toString('pem').trim()}\n`, privateKeyPem: await privatePem(keys.privateKey) }
}

/**
 * The certificate of an issuing authority, which issues end certificates only; its name is that of the request.
 * @throws {RequestRefused} as for any request.
 */
export async function signIssuing(root: Authority, requestPem: string, now: Date = new Date()): Promise<string> {
  const { publicKey, subject } = await readCertificateRequest(requestPem)
  const issuer = new x509.X509Certificate(root.certificatePem)
  const { key, algorithm } = await signerOf(root.privateKeyPem)
  const { notBefore, notAfter } = validity(now, ISSUING_DAYS)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject,
    issuer: issuer.subjectName,
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), issuer.notAfter.getTime())),
    publicKey,
    signingKey: key,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(AUTHORITY_USAGE, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  })
  return pemOf(certificate)
}

/**
 * The certificates of a chain, the issuing authority first and its root last.
 * @throws {Error} in plain words, when one is not signed by the next, the last not by itself, or one may not issue, or has ended.
 */
export function checkedChain(pem: string, now: Date = new Date()): readonly string[] {
  const chain = certificatesIn(pem)
  const read = chain.map((one) => new X509Certificate(one))
  if (read.length === 0) throw new Error('the file holds no certificate')
  for (const [index, certificate] of read.entries()) {
    const issuer = read[index + 1] ?? certificate
    const name = certificate.subject.replaceAll('\n', ', ')
    if (!certificate.ca) throw new Error(`${name} is no authority (basicConstraints CA is not true)`)
    if (new Date(certificate.validTo) <= now) throw new Error(`${name} ended on ${certificate.validTo}`)
    if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey))
      throw new Error(
        `${name} is not signed by the certificate after it; the file holds the issuing authority first, then each above it, the root last`,
      )
  }
  return chain
}

function subjectOf(name: string): x509.JsonName {
  return [{ C: ['JP'] }, { O: ['Tsunagi'] }, { CN: [name] }]
}

function generated(algorithm: webcrypto.EcKeyGenParams): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>
}
