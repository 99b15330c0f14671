// A certificate authority of our own: issues the server's and the connected systems' certificates (security: certificate → system, issuing).

import 'reflect-metadata'
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import { MAX_CERTIFICATE_DAYS } from '../model/certificate-life.ts'
import { readCertificateRequest } from './request.ts'
import { signerOf } from './signer.ts'

type CryptoKey = webcrypto.CryptoKey
type CryptoKeyPair = webcrypto.CryptoKeyPair

x509.cryptoProvider.set(webcrypto)

export interface IssuedCertificate {
  readonly certificatePem: string
  /** PKCS#8, not encrypted. */
  readonly privateKeyPem: string
}

/** An authority is its certificate and its key, and the certificates above it. */
export interface Authority extends IssuedCertificate {
  /** PEM, one each, the one that issued this authority first, the root last; absent for an authority that is its own root. */
  readonly above?: readonly string[]
  /** Address of the revocation list, in every certificate issued for a system. */
  readonly crlUrl?: string
}

export interface ServerRequest {
  /** DNS names and IP addresses. */
  readonly names: readonly string[]
  readonly days?: number
  readonly now?: Date
}

/** Whom a certificate is for: subject `C=JP, O=<network OID>, OU=<facility OID>, CN=<system id>`. */
export interface SystemSubject {
  readonly systemId: string
  readonly facilityOid: string
  readonly networkOid?: string
  readonly days?: number
  readonly now?: Date
}

type KeyKind = 'EC-P256' | 'RSA-2048' | 'RSA-3072'

const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3650
/** Neighbours register it by hand; replaced by `tsunagi xua rotate`. */
const ASSERTION_DAYS = 1095
/** Clocks of senders run behind. */
const BACKDATE_MS = 5 * 60_000
const SERIAL_BYTES = 16
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const
const EC_KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const
const RSA_KEY = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) } as const
const KEYS = {
  'EC-P256': EC_KEY,
  'RSA-2048': { ...RSA_KEY, modulusLength: 2048 },
  'RSA-3072': { ...RSA_KEY, modulusLength: 3072 },
} as const satisfies Readonly<Record<KeyKind, webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams>>

/** Makes a self-signed ECDSA P-256 authority that may issue end certificates only. */
export async function createAuthority({
  name = 'Tsunagi development CA',
  now = new Date(),
}: {
  readonly name?: string
  readonly now?: Date
} = {}): Promise<Authority> {
  const keys = await generate('EC-P256')
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ C: ['JP'] }, { O: ['Tsunagi'] }, { CN: [name] }],
    ...validity(now, AUTHORITY_DAYS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificatePem: pemOf(certificate), privateKeyPem: await privatePem(keys.privateKey) }
}

/** A self-signed RSA certificate for a key that signs assertions: its receivers register it as it is (XML Signature knows RSA everywhere). */
export async function createAssertionCertificate({
  name,
  now = new Date(),
}: {
  readonly name: string
  readonly now?: Date
}): Promise<IssuedCertificate> {
  const keys = await generate('RSA-3072')
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ C: ['JP'] }, { O: ['Tsunagi'] }, { CN: [name] }],
    ...validity(now, ASSERTION_DAYS),
    signingAlgorithm: RSA_KEY,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ],
  })
  return { certificatePem: pemOf(certificate), privateKeyPem: await privatePem(keys.privateKey) }
}

/** Issues an ECDSA P-256 certificate for a TLS server of these names, with which it also calls others (asynchronous answers). */
export async function issueServerCertificate(authority: Authority, request: ServerRequest): Promise<IssuedCertificate> {
  const keys = await generate('EC-P256')
  const names = request.names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const)
  const certificatePem = await issue(authority, keys.publicKey, {
    subject: [{ C: ['JP'] }, { O: ['Tsunagi'] }, { CN: [request.names[0] ?? 'localhost'] }],
    names,
    purposes: [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth],
    ...validity(request.now ?? new Date(), request.days ?? MAX_CERTIFICATE_DAYS),
  })
  return { certificatePem, privateKeyPem: await privatePem(keys.privateKey) }
}

/**
 * Issues an RSA certificate for a connected system (RSA, so that PKCS#12 can be written for any importer).
 * @throws {Error} when `days` is more than 397.
 */
export async function issueClientCertificate(
  authority: Authority,
  { key = 'RSA-2048', ...subject }: SystemSubject & { readonly key?: 'RSA-2048' | 'RSA-3072' },
): Promise<IssuedCertificate> {
  const keys = await generate(key)
  return {
    certificatePem: await issueForSystem(authority, keys.publicKey, subject),
    privateKeyPem: await privatePem(keys.privateKey),
  }
}

/**
 * Issues a certificate for the public key of a PKCS#10 request. Its subject and extensions are ignored: they come from the registered system.
 * @throws {RequestRefused} when the request is damaged, not signed by its own key, or its key is weaker than RSA 2048 or other than P-256 and P-384.
 */
export async function signCertificateRequest(
  authority: Authority,
  requestPem: string,
  subject: SystemSubject,
): Promise<string> {
  const { publicKey } = await readCertificateRequest(requestPem)
  return issueForSystem(authority, publicKey, subject)
}

/**
 * Issues a certificate for the public key of a system.
 * @throws {Error} when `days` is more than 397.
 */
export function issueForSystem(authority: Authority, publicKey: CryptoKey, subject: SystemSubject): Promise<string> {
  const { systemId, facilityOid, networkOid, days = MAX_CERTIFICATE_DAYS, now = new Date() } = subject
  if (days > MAX_CERTIFICATE_DAYS)
    throw new Error(`a certificate is issued for at most ${MAX_CERTIFICATE_DAYS} days, not ${days}`)
  const organisation = networkOid === undefined ? [] : [{ O: [networkOid] }]
  return issue(authority, publicKey, {
    subject: [{ C: ['JP'] }, ...organisation, { OU: [facilityOid] }, { CN: [systemId] }],
    names: [{ type: 'url', value: `urn:oid:${facilityOid}` }],
    purposes: [x509.ExtendedKeyUsage.clientAuth],
    ...(authority.crlUrl === undefined ? {} : { crlUrl: authority.crlUrl }),
    ...validity(now, days),
  })
}

interface Content {
  readonly subject: x509.JsonName
  readonly names: readonly { readonly type: 'dns' | 'ip' | 'url'; readonly value: string }[]
  readonly purposes: readonly string[]
  readonly crlUrl?: string
  readonly notBefore: Date
  readonly notAfter: Date
}

async function issue(authority: Authority, publicKey: CryptoKey, content: Content): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certificatePem)
  const { key, algorithm } = await signerOf(authority.privateKeyPem)
  const revocation = content.crlUrl === undefined ? [] : [new x509.CRLDistributionPointsExtension([content.crlUrl])]
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: content.subject,
    issuer: issuer.subjectName,
    notBefore: content.notBefore,
    notAfter: new Date(Math.min(content.notAfter.getTime(), issuer.notAfter.getTime())),
    publicKey,
    signingKey: key,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([...content.purposes]),
      new x509.SubjectAlternativeNameExtension([...content.names]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...revocation,
    ],
  })
  return pemOf(certificate)
}

function generate(kind: KeyKind): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEYS[kind], true, ['sign', 'verify']) as Promise<CryptoKeyPair>
}

/** PKCS#8, not encrypted. */
export async function privatePem(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString()
}

export function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`
}

/** 127 random bits, positive (RFC 5280, 4.1.2.2). */
export function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0)
  return bytes.toString('hex')
}

/** From a little before now, for so many days. */
export function validity(now: Date, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const start = now.getTime() - BACKDATE_MS
  return { notBefore: new Date(start), notAfter: new Date(start + days * DAY_MS) }
}
