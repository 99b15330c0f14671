// Reads the authority that issues: that of one level, or the one below a root whose key is kept elsewhere (docs/certificates.md).

import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Authority } from './authority.ts'
import { certificatesIn } from './certificate.ts'
import { readPrivate, readPublic } from './files.ts'
import { type PkiPaths, pkiPaths } from './pki-paths.ts'
import { openPrivateKey, SealedKeyError } from './signer.ts'

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

export interface PresentAuthority {
  readonly kind: 'issuing' | 'root'
  /** Absent where the operator keeps the authority's key elsewhere. */
  readonly authority: Authority | undefined
}

/** The authority below a root; undefined in a PKI of one level. */
async function readIssuing(paths: PkiPaths, { passphrase }: AuthorityOptions): Promise<PresentAuthority | undefined> {
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

export async function readRoot(paths: PkiPaths): Promise<PresentAuthority | undefined> {
  const [certificatePem, privateKeyPem] = await Promise.all([readPublic(paths.caCertificate), readPrivate(paths.caKey)])
  if (certificatePem === undefined) return undefined
  if (privateKeyPem === undefined) return { kind: 'root', authority: undefined }
  if (!belongTogether(certificatePem, privateKeyPem)) throw apart(paths.caCertificate, paths.caKey)
  return { kind: 'root', authority: { certificatePem, privateKeyPem } }
}

function apart(certificate: string, key: string): Error {
  return new Error(`${certificate} and ${key} do not belong together; restore both from one backup`)
}

/** A key whose passphrase was not given stays closed: the doors open without it. One that was given and is wrong is a mistake. */
export async function openedIssuing(paths: PkiPaths, options: AuthorityOptions): Promise<PresentAuthority | undefined> {
  try {
    return await readIssuing(paths, options)
  } catch (error) {
    if (error instanceof SealedKeyError && options.passphrase === undefined)
      return { kind: 'issuing', authority: undefined }
    throw error
  }
}

export function belongTogether(certificatePem: string, privateKeyPem: string): boolean {
  return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem))
}
