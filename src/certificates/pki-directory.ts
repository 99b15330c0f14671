// The PKI on disk (design §5): var/pki/ca.crt, server.{crt,key}, clients/<system>.{crt,key,p12}; the authority that issues is ca.{crt,key}
// of a development PKI, or issuing.{crt,key} below a root whose key is kept elsewhere (docs/certificates.md).

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Authority, IssuedCertificate, SystemSubject } from './authority.ts'
import { type CertificateFacts, certificatesIn, factsOf } from './certificate.ts'
import { readPrivate, readPublic, writeAtomically } from './files.ts'
import { openPrivateKey, SealedKeyError } from './signer.ts'

export interface DevelopmentPki {
  /** Certificate of the authority, PEM. */
  readonly ca: string
  readonly server: IssuedCertificate
  readonly paths: PkiPaths
  /** What this call made, for the log: `ca`, `server`. */
  readonly created: readonly ('ca' | 'server')[]
}

/** How the key of the authority is opened, and what it puts into certificates. */
export interface AuthorityOptions {
  readonly passphrase?: string
  readonly crlUrl?: string
}

/** The settings of certificates as options. */
export function authorityOptions(settings: {
  readonly issuingPassphrase: string | undefined
  readonly crlUrl: string | undefined
}): AuthorityOptions {
  const { issuingPassphrase, crlUrl } = settings
  return {
    ...(issuingPassphrase === undefined ? {} : { passphrase: issuingPassphrase }),
    ...(crlUrl === undefined ? {} : { crlUrl }),
  }
}

export interface PkiPaths {
  /** What certificates of this network are trusted by: root, authorities below it, and former ones. */
  readonly caCertificate: string
  readonly caKey: string
  /** The issuing authority, then the certificates above it. */
  readonly issuingCertificate: string
  readonly issuingKey: string
  readonly serverCertificate: string
  readonly serverKey: string
  readonly clients: string
}

export interface IssuedClient extends CertificateFacts {
  readonly systemId: string
  readonly paths: { readonly certificate: string; readonly key: string; readonly pkcs12: string }
}

/** Password of the .p12 files of the development PKI. It protects nothing: the key lies beside it, mode 0600. */
export const DEVELOPMENT_PASSWORD = 'tsunagi'

const RENEWAL_MS = 30 * 86_400_000
const SYSTEM_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const DIRECTORY_MODE = 0o755

export function pkiPaths(directory: string): PkiPaths {
  return {
    caCertificate: join(directory, 'ca.crt'),
    caKey: join(directory, 'ca.key'),
    issuingCertificate: join(directory, 'issuing.crt'),
    issuingKey: join(directory, 'issuing.key'),
    serverCertificate: join(directory, 'server.crt'),
    serverKey: join(directory, 'server.key'),
    clients: join(directory, 'clients'),
  }
}

/** What the server is called, as the settings have it. */
export function serverNamesOf({
  https,
  tls,
}: {
  readonly https: { readonly publicUrl: string }
  readonly tls: { readonly serverNames: readonly string[] }
}): readonly string[] {
  return [new URL(https.publicUrl).hostname, ...tls.serverNames]
}

/** Names a development server certificate carries in any case. */
export function developmentNames(further: readonly string[] = []): readonly string[] {
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...further])].filter((name) => name !== '')
}

/**
 * Makes authority and server certificate when they are absent, and renews the server certificate when it ends within 30 days
 * or lacks a name, if it is ours to renew: issued by this authority, whose key is here.
 * @throws {Error} in plain words, when a key can be read by others, or key and certificate do not belong together.
 */
export async function ensureDevelopmentPki(
  directory: string,
  {
    serverNames = [],
    now = new Date(),
    ...options
  }: AuthorityOptions & { readonly serverNames?: readonly string[]; readonly now?: Date } = {},
): Promise<DevelopmentPki> {
  const paths = pkiPaths(directory)
  await mkdir(paths.clients, { recursive: true, mode: DIRECTORY_MODE })
  const authority = await ensureAuthority(paths, { now, ...options })
  const server = await ensureServer(paths, authority, { names: developmentNames(serverNames), now })
  const created = [...(authority.isNew ? (['ca'] as const) : []), ...(server.isNew ? (['server'] as const) : [])]
  return { ca: authority.trustedPem, server: server.issued, paths, created }
}

/**
 * Issues a certificate for a system into clients/<system>.{crt,key,p12}, replacing the files of an earlier one (which stays valid
 * until it is revoked or ends). The .p12 has `password`, by default that of the development PKI.
 * @throws {Error} in plain words, when the authority is not here or the system id cannot be a file name.
 */
export async function issueClientInto(
  directory: string,
  { password = DEVELOPMENT_PASSWORD, ...subject }: SystemSubject & { readonly password?: string },
  options: AuthorityOptions = {},
): Promise<IssuedClient> {
  const { systemId } = subject
  if (!SYSTEM_ID.test(systemId)) {
    throw new Error(`the system id "${systemId}" must be 1 to 64 letters, digits, dots, hyphens or underscores`)
  }
  const authority = await readAuthority(directory, options)
  const { clients } = pkiPaths(directory)
  const [{ issueClientCertificate }, { writePkcs12 }] = await Promise.all([
    import('./authority.ts'),
    import('./pkcs12.ts'),
  ])
  const issued = await issueClientCertificate(authority, subject)
  const { above = [] } = authority
  const paths = {
    certificate: join(clients, `${systemId}.crt`),
    key: join(clients, `${systemId}.key`),
    pkcs12: join(clients, `${systemId}.p12`),
  }
  await mkdir(clients, { recursive: true, mode: DIRECTORY_MODE })
  await writeAtomically(paths.key, issued.privateKeyPem)
  await writeAtomically(
    paths.pkcs12,
    writePkcs12(issued, { password, friendlyName: systemId, chain: [authority.certificatePem, ...above] }),
  )
  await writeAtomically(paths.certificate, withIssuers(issued.certificatePem, authority), 'public')
  return { systemId, ...factsOf(new X509Certificate(issued.certificatePem)), paths }
}

/**
 * What is known of the certificate of a system in clients/<system>.crt; undefined when none was issued.
 * @throws {Error} when the file is no certificate.
 */
export async function readClient(directory: string, systemId: string): Promise<IssuedClient | undefined> {
  const base = join(pkiPaths(directory).clients, systemId)
  const pem = await readPublic(`${base}.crt`)
  if (pem === undefined) return undefined
  const paths = { certificate: `${base}.crt`, key: `${base}.key`, pkcs12: `${base}.p12` }
  return { systemId, ...factsOf(new X509Certificate(pem)), paths }
}

/**
 * The authority that issues.
 * @throws {Error} in plain words, when its certificate or key is not there, can be read by others, cannot be opened, or they do not belong
 * together.
 */
export async function readAuthority(directory: string, options: AuthorityOptions = {}): Promise<Authority> {
  const paths = pkiPaths(directory)
  const present = (await readIssuing(paths, options)) ?? (await readRoot(paths))
  if (present?.authority !== undefined) return { ...present.authority, ...urlOf(options) }
  const [certificate, key] =
    present?.kind === 'issuing' ? [paths.issuingCertificate, paths.issuingKey] : [paths.caCertificate, paths.caKey]
  throw new Error(`no certificate can be issued: ${certificate} and ${key} are needed`)
}

/** The certificate of the authority that issues, PEM, also where its key is not here. */
export async function readIssuerCertificate(directory: string): Promise<string | undefined> {
  const paths = pkiPaths(directory)
  const text = (await readPublic(paths.issuingCertificate)) ?? (await readPublic(paths.caCertificate))
  return text === undefined ? undefined : certificatesIn(text)[0]
}

/** Leaf first, then what stands between it and the root: what a TLS peer that knows the root needs. */
export function withIssuers(certificatePem: string, { certificatePem: issuer, above = [] }: Authority): string {
  return above.length === 0 ? certificatePem : [certificatePem, issuer, ...above.slice(0, -1)].join('')
}

function urlOf({ crlUrl }: AuthorityOptions): Pick<Authority, 'crlUrl'> {
  return crlUrl === undefined ? {} : { crlUrl }
}

interface Present {
  readonly kind: 'issuing' | 'root'
  /** Absent where the operator keeps the authority's key elsewhere. */
  readonly authority: Authority | undefined
}

/** The authority below a root; undefined in a PKI of one level. */
async function readIssuing(paths: PkiPaths, { passphrase }: AuthorityOptions): Promise<Present | undefined> {
  const text = await readPublic(paths.issuingCertificate)
  if (text === undefined) return undefined
  const [certificatePem, ...above] = certificatesIn(text)
  if (certificatePem === undefined) throw new Error(`${paths.issuingCertificate} holds no certificate`)
  const sealed = await readPrivate(paths.issuingKey)
  if (sealed === undefined) return { kind: 'issuing', authority: undefined }
  const privateKeyPem = openPrivateKey(sealed, { path: paths.issuingKey, passphrase })
  if (!belongTogether(certificatePem, privateKeyPem)) throw apart(paths.issuingCertificate, paths.issuingKey)
  return { kind: 'issuing', authority: { certificatePem, privateKeyPem, above } }
}

async function readRoot(paths: PkiPaths): Promise<Present | undefined> {
  const [certificatePem, privateKeyPem] = await Promise.all([readPublic(paths.caCertificate), readPrivate(paths.caKey)])
  if (certificatePem === undefined) return undefined
  if (privateKeyPem === undefined) return { kind: 'root', authority: undefined }
  if (!belongTogether(certificatePem, privateKeyPem)) throw apart(paths.caCertificate, paths.caKey)
  return { kind: 'root', authority: { certificatePem, privateKeyPem } }
}

function apart(certificate: string, key: string): Error {
  return new Error(`${certificate} and ${key} do not belong together; restore both from one backup`)
}

interface PresentAuthority {
  /** All that is trusted. */
  readonly trustedPem: string
  readonly authority: Authority | undefined
  readonly isNew: boolean
}

async function ensureAuthority(
  paths: PkiPaths,
  { now, ...options }: AuthorityOptions & { readonly now: Date },
): Promise<PresentAuthority> {
  const trustedPem = await readPublic(paths.caCertificate)
  if (trustedPem === undefined) {
    const { createAuthority } = await import('./authority.ts')
    const authority = await createAuthority({ now })
    // Key first: a crash in between leaves no certificate, so the next start makes both anew.
    await writeAtomically(paths.caKey, authority.privateKeyPem)
    await writeAtomically(paths.caCertificate, authority.certificatePem, 'public')
    return { trustedPem: authority.certificatePem, authority, isNew: true }
  }
  const present = (await openedIssuing(paths, options)) ?? (await readRoot(paths))
  return { trustedPem, authority: present?.authority, isNew: false }
}

/** A key whose passphrase was not given stays closed: the doors open without it. One that was given and is wrong is a mistake. */
async function openedIssuing(paths: PkiPaths, options: AuthorityOptions): Promise<Present | undefined> {
  try {
    return await readIssuing(paths, options)
  } catch (error) {
    if (error instanceof SealedKeyError && options.passphrase === undefined)
      return { kind: 'issuing', authority: undefined }
    throw error
  }
}

async function ensureServer(
  paths: PkiPaths,
  { trustedPem, authority }: PresentAuthority,
  { names, now }: { readonly names: readonly string[]; readonly now: Date },
): Promise<{ readonly issued: IssuedCertificate; readonly isNew: boolean }> {
  const [certificatePem, privateKeyPem] = await Promise.all([
    readPublic(paths.serverCertificate),
    readPrivate(paths.serverKey),
  ])
  const present =
    certificatePem === undefined || privateKeyPem === undefined ? undefined : { certificatePem, privateKeyPem }
  const isOurs = certificatePem === undefined || isIssuedByAny(certificatePem, trustedPem)
  if (present !== undefined && (!isOurs || authority === undefined || !isDue(present, names, now))) {
    if (belongTogether(present.certificatePem, present.privateKeyPem)) return { issued: present, isNew: false }
    throw new Error(`${paths.serverCertificate} and ${paths.serverKey} do not belong together`)
  }
  if (!isOurs) throw new Error(`${paths.serverKey} is missing, and ${paths.serverCertificate} is not ours to replace`)
  if (authority === undefined) {
    throw new Error(
      `no server certificate can be issued without the key of the authority (${paths.caKey}, or ${paths.issuingKey} and its passphrase); put one into ${paths.serverCertificate}`,
    )
  }
  const { issueServerCertificate } = await import('./authority.ts')
  const made = await issueServerCertificate(authority, { names, now })
  const issued = { ...made, certificatePem: withIssuers(made.certificatePem, authority) }
  await writeAtomically(paths.serverKey, issued.privateKeyPem)
  await writeAtomically(paths.serverCertificate, issued.certificatePem, 'public')
  return { issued, isNew: true }
}

function isIssuedByAny(certificatePem: string, trustedPem: string): boolean {
  const certificate = new X509Certificate(certificatePem)
  return certificatesIn(trustedPem).some((trusted) => certificate.checkIssued(new X509Certificate(trusted)))
}

function isDue({ certificatePem, privateKeyPem }: IssuedCertificate, names: readonly string[], now: Date): boolean {
  const certificate = new X509Certificate(certificatePem)
  const endsSoon = new Date(certificate.validTo).getTime() - now.getTime() < RENEWAL_MS
  const covers = (name: string): boolean =>
    (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined
  return endsSoon || !names.every(covers) || !belongTogether(certificatePem, privateKeyPem)
}

function belongTogether(certificatePem: string, privateKeyPem: string): boolean {
  return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem))
}
