// What our authority issues, judged by node:crypto and by PKCS#12 importers (security: certificate → system, issuing).

import { webcrypto, X509Certificate } from 'node:crypto'
import 'reflect-metadata'
import { createSecureContext } from 'node:tls'
import * as x509 from '@peculiar/x509'
import t from 'tap'
import {
  createAuthority,
  issueClientCertificate,
  issueServerCertificate,
  signCertificateRequest,
} from '../../src/certificates/authority.ts'
import { readCertificate } from '../../src/certificates/certificate.ts'
import { writePkcs12 } from '../../src/certificates/pkcs12.ts'
import { MAX_CERTIFICATE_DAYS } from '../../src/model/certificate-life.ts'

const authority = await createAuthority()
const anchor = new X509Certificate(authority.certificatePem)
const subject = { systemId: 'hospital-a', facilityOid: '2.25.17', networkOid: '2.25.4' }

async function requestFor(algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams): Promise<string> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=somebody-else, O=Other',
    keys,
    signingAlgorithm: algorithm.name === 'ECDSA' ? { name: 'ECDSA', hash: 'SHA-256' } : algorithm,
  })
  return request.toString('pem')
}

t.test('the certificate of a system names network, facility and system, and is for clients only', async (t) => {
  const issued = await issueClientCertificate(authority, subject)
  const certificate = new X509Certificate(issued.certificatePem)
  t.equal(certificate.subject, 'C=JP\nO=2.25.4\nOU=2.25.17\nCN=hospital-a')
  t.equal(certificate.subjectAltName, 'URI:urn:oid:2.25.17')
  t.strictSame(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  t.notOk(certificate.ca)
  t.ok(certificate.verify(anchor.publicKey))
  t.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
  const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000
  t.equal(days, MAX_CERTIFICATE_DAYS)
})

t.test('serial numbers are positive, random and of more than 64 bits', async (t) => {
  const issue = async (): Promise<string> =>
    readCertificate((await issueServerCertificate(authority, { names: ['localhost'] })).certificatePem).serial
  const [first, second] = await Promise.all([issue(), issue()])
  t.match(first, /^[4-7][0-9A-F]{31}$/)
  t.not(first, second)
})

t.test('more than 397 days are refused', async (t) => {
  await t.rejects(issueClientCertificate(authority, { ...subject, days: 398 }), /at most 397 days/)
})

t.test('a server certificate carries names and addresses', async (t) => {
  const { certificatePem } = await issueServerCertificate(authority, { names: ['localhost', '127.0.0.1', '::1'] })
  const certificate = new X509Certificate(certificatePem)
  t.ok(certificate.checkHost('localhost'))
  t.ok(certificate.checkIP('127.0.0.1'))
  t.ok(certificate.checkIP('::1'))
  t.strictSame(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'], 'it serves, and calls with answers')
})

t.test('a request gets the subject of the registered system, never its own', async (t) => {
  const pem = await signCertificateRequest(authority, await requestFor({ name: 'ECDSA', namedCurve: 'P-256' }), subject)
  t.equal(readCertificate(pem).subject, 'C=JP, O=2.25.4, OU=2.25.17, CN=hospital-a')
  t.ok(new X509Certificate(pem).verify(anchor.publicKey))
})

t.test('requests with weak or unusual keys are refused', async (t) => {
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 1024,
  }
  await t.rejects(signCertificateRequest(authority, await requestFor(rsa), subject), /at least 2048 bits/)
  await t.rejects(
    signCertificateRequest(authority, await requestFor({ name: 'ECDSA', namedCurve: 'P-521' }), subject),
    /P-256 or P-384/,
  )
})

t.test('PKCS#12 opens with its password and holds the certificate byte for byte (RFC 7292)', async (t) => {
  const issued = await issueClientCertificate(authority, subject)
  const pfx = writePkcs12(issued, {
    password: 'correct',
    friendlyName: 'hospital-a',
    chain: [authority.certificatePem],
  })
  t.doesNotThrow(() => createSecureContext({ pfx, passphrase: 'correct' }))
  t.throws(() => createSecureContext({ pfx, passphrase: 'wrong' }), /mac verify failure/)
  t.ok(pfx.includes(new X509Certificate(issued.certificatePem).raw))
  t.ok(pfx.includes(anchor.raw))
})
