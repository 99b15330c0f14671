// The PKI on disk (design §5): var/pki/ca.crt, server.{crt,key}, clients/<system>.{crt,key,p12}; the authority that issues is ca.{crt,key}
// of a development PKI, or issuing.{crt,key} below a root whose key is kept elsewhere (docs/certificates.md).

import { X509Certificate } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Authority, IssuedCertificate, SystemSubject } from './authority.ts'
import { type CertificateFacts, certificatesIn, factsOf } from './certificate.ts'
import { readPrivate, readPublic, writeAtomically } from './files.ts'
import { type PkiPaths, pkiPaths } from './pki-paths.ts'
import {
  type AuthorityOptions,
  belongTogether,
  openedIssuing,
  readAuthority,
  readRoot,
  withIssuers,
} from './read-authority.ts'

export { type PkiPaths, pkiPaths } from './pki-paths.ts'
export {
  type AuthorityOptions,
  authorityOptions,
  readAuthority,
  readIssuerCertificate,
  withIssuers,
} from './read-authority.ts'

export interface DevelopmentPki {
  /** Certificate of the authority, PEM. */
  readonly ca: string
  readonly server: IssuedCertificate
  readonly paths: PkiPaths
  /** What this call made, for the log: `ca`, `server`. */
  readonly created: readonly ('ca' | 'server')[]
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
 * While a server runs: renews its certificate where it is due and ours to renew, and makes nothing else: an authority that vanished is a
 * mistake that a restart shows.
 */
export async function renewServerWhenDue(
  directory: string,
  { serverNames, now, ...options }: AuthorityOptions & { readonly serverNames: readonly string[]; readonly now: Date },
): Promise<'renewed' | 'not due'> {
  const paths = pkiPaths(directory)
  const trustedPem = await readPublic(paths.caCertificate)
  const present = (await openedIssuing(paths, options)) ?? (await readRoot(paths))
  if (trustedPem === undefined || present?.authority === undefined) return 'not due'
  const trusted = { trustedPem, authority: present.authority, isNew: false }
  const { isNew } = await ensureServer(paths, trusted, { names: developmentNames(serverNames), now })
  return isNew ? 'renewed' : 'not due'
}

interface Trusted {
  /** All that is trusted. */
  readonly trustedPem: string
  readonly authority: Authority | undefined
  readonly isNew: boolean
}

async function ensureAuthority(
  paths: PkiPaths,
  { now, ...options }: AuthorityOptions & { readonly now: Date },
): Promise<Trusted> {
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

async function ensureServer(
  paths: PkiPaths,
  { trustedPem, authority }: Trusted,
  { names, now }: { readonly names: readonly string[]; readonly now: Date },
): Promise<{ readonly issued: IssuedCertificate; readonly isNew: boolean }> {
  const [certificatePem, privateKeyPem] = await Promise.all([
    readPublic(paths.serverCertificate),
    readPrivate(paths.serverKey),
  ])
  const present =
    certificatePem === undefined || privateKeyPem === undefined ? undefined : { certificatePem, privateKeyPem }
  const isOurs = certificatePem === undefined || isIssuedByAny(certificatePem, trustedPem)
  if (present !== undefined && (!isOurs || authority === undefined || !isDue(present, authority, { names, now }))) {
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

/** One that ends with its authority is not renewed for its end: another would end then too, and be due as soon as it is made. */
function isDue(
  { certificatePem, privateKeyPem }: IssuedCertificate,
  authority: Authority,
  { names, now }: { readonly names: readonly string[]; readonly now: Date },
): boolean {
  const certificate = new X509Certificate(certificatePem)
  const end = Date.parse(certificate.validTo)
  const endsSoon =
    end - now.getTime() < RENEWAL_MS && end < Date.parse(new X509Certificate(authority.certificatePem).validTo)
  const covers = (name: string): boolean =>
    (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined
  return endsSoon || !names.every(covers) || !belongTogether(certificatePem, privateKeyPem)
}
