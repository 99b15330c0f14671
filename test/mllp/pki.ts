// A throw-away CA with certificates for the tests of the TLS doors (RFC 5280).

import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

export interface Identity {
  readonly key: string
  readonly cert: string
}

export interface TestPki {
  readonly ca: string
  readonly server: Identity
  readonly client: Identity
  /** Signed by nobody but itself. */
  readonly stranger: Identity
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 86_400_000

export async function createTestPki(): Promise<TestPki> {
  const caKeys = await newKeys()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    serialNumber: '01',
    name: 'CN=Test CA',
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  })
  const issuer = { name: ca.subject, key: caKeys.privateKey }
  const strangerKeys = await newKeys()
  return {
    ca: ca.toString('pem'),
    server: await issue(issuer, { name: 'CN=localhost', serial: '02' }),
    client: await issue(issuer, { name: 'CN=sender', serial: '03' }),
    stranger: await issue(
      { name: 'CN=stranger', key: strangerKeys.privateKey },
      { name: 'CN=stranger', serial: '04', keys: strangerKeys },
    ),
  }
}

async function issue(
  issuer: { readonly name: string; readonly key: webcrypto.CryptoKey },
  subject: { readonly name: string; readonly serial: string; readonly keys?: webcrypto.CryptoKeyPair },
): Promise<Identity> {
  const keys = subject.keys ?? (await newKeys())
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(),
    serialNumber: subject.serial,
    subject: subject.name,
    issuer: issuer.name,
    publicKey: keys.publicKey,
    signingKey: issuer.key,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
    ],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) }
}
