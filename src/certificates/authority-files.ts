// The two levels of authorities on disk: the root where its operator keeps it, the issuing authority in the PKI directory.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Authority, issueServerCertificate } from './authority.ts'
import { certificatesIn } from './certificate.ts'
import { readPrivate, readPublic, writeAtomically } from './files.ts'
import { checkedChain, createRoot, requestIssuing, signIssuing } from './hierarchy.ts'
import { type AuthorityOptions, developmentNames, pkiPaths, readAuthority, withIssuers } from './pki-directory.ts'
import { openPrivateKey, sealPrivateKey } from './signer.ts'

const PRIVATE_DIRECTORY = 0o700
const PUBLIC_DIRECTORY = 0o755

export interface RootFiles {
  readonly certificate: string
  readonly key: string
}

export function rootPaths(directory: string): RootFiles {
  return { certificate: join(directory, 'root.crt'), key: join(directory, 'root.key') }
}

/**
 * Makes a root into a directory of its own, best a medium that is put away afterwards.
 * @throws {Error} when there is one already: a root is never overwritten.
 */
export async function createRootInto(
  directory: string,
  { name, passphrase }: { readonly name: string; readonly passphrase?: string },
): Promise<RootFiles> {
  const paths = rootPaths(directory)
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY })
  if ((await readPublic(paths.certificate)) !== undefined) throw new Error(`${paths.certificate} is there already`)
  const root = await createRoot({ name })
  // Key first: a crash in between leaves no certificate that nobody can use.
  await writeAtomically(paths.key, sealedBy(passphrase, root.privateKeyPem))
  await writeAtomically(paths.certificate, root.certificatePem, 'public')
  return paths
}

/** @throws {Error} in plain words, when certificate or key is not there, cannot be opened, or they do not belong together. */
async function readRootFrom(directory: string, passphrase?: string): Promise<Authority> {
  const paths = rootPaths(directory)
  const [certificatePem, sealed] = await Promise.all([readPublic(paths.certificate), readPrivate(paths.key)])
  if (certificatePem === undefined || sealed === undefined)
    throw new Error(`${paths.certificate} and ${paths.key} are needed`)
  const privateKeyPem = openPrivateKey(sealed, { path: paths.key, passphrase, given: '--passphrase-file' })
  if (!new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem)))
    throw new Error(`${paths.certificate} and ${paths.key} do not belong together`)
  return { certificatePem, privateKeyPem }
}

/** Signs the request of an issuing authority with the root. @returns the issuing certificate and the root's, PEM, in this order. */
export async function signIssuingFrom(rootDirectory: string, requestPem: string, passphrase?: string): Promise<string> {
  const root = await readRootFrom(rootDirectory, passphrase)
  return `${await signIssuing(root, requestPem)}${root.certificatePem}`
}

/** The key that waits for its certificate: the one in use stays in use until then. */
function nextPaths(directory: string): { readonly key: string; readonly request: string } {
  return { key: join(directory, 'issuing-next.key'), request: join(directory, 'issuing-next.csr') }
}

/** Makes key and request of a new issuing authority in the PKI directory. @returns the path of the request. */
export async function requestIssuingInto(
  directory: string,
  { name, passphrase }: { readonly name: string } & Pick<AuthorityOptions, 'passphrase'>,
): Promise<{ readonly request: string; readonly requestPem: string }> {
  const paths = nextPaths(directory)
  await mkdir(directory, { recursive: true, mode: PUBLIC_DIRECTORY })
  const { requestPem, privateKeyPem } = await requestIssuing({ name })
  await writeAtomically(paths.key, sealedBy(passphrase, privateKeyPem))
  await writeAtomically(paths.request, requestPem, 'public')
  return { request: paths.request, requestPem }
}

/**
 * Puts an issuing authority into use: its chain into issuing.crt, its key into issuing.key. What was trusted before stays trusted, so that
 * certificates of the former authority go on. Repeatable after any interruption.
 * @throws {Error} in plain words, when the chain is broken or the key that waits is not that of its first certificate.
 */
export async function installIssuing(
  directory: string,
  chainPem: string,
  { passphrase }: Pick<AuthorityOptions, 'passphrase'>,
): Promise<X509Certificate> {
  const paths = pkiPaths(directory)
  const next = nextPaths(directory)
  const chain = checkedChain(chainPem)
  const issuing = new X509Certificate(chain[0] ?? '')
  if (chain.length < 2) throw new Error('an issuing authority stands below a root; a root of its own issues nothing')
  const sealed = (await readPrivate(next.key)) ?? (await readPrivate(paths.issuingKey))
  if (sealed === undefined) throw new Error(`${next.key} is not there; "tsunagi cert authority request" makes it`)
  const key = openPrivateKey(sealed, { path: next.key, passphrase })
  if (!issuing.checkPrivateKey(createPrivateKey(key)))
    throw new Error(`the certificate ${issuing.subject.replaceAll('\n', ', ')} is not for the key ${next.key}`)
  await writeAtomically(paths.caCertificate, trusting(chain, await readPublic(paths.caCertificate)), 'public')
  await writeAtomically(paths.issuingKey, sealed)
  await writeAtomically(paths.issuingCertificate, chain.join(''), 'public')
  await rm(next.key, { force: true })
  await rm(next.request, { force: true })
  return issuing
}

/** Root first, then the authorities below it, then what was trusted before. */
function trusting(chain: readonly string[], before = ''): string {
  const all = [...[...chain].reverse(), ...certificatesIn(before)]
  const seen = new Map(all.map((pem) => [new X509Certificate(pem).fingerprint256, pem]))
  return [...seen.values()].join('')
}

/** A new certificate for the server at once, whoever issued the one in use; doors take it at their next start. */
export async function renewServer(
  directory: string,
  { serverNames = [], ...options }: AuthorityOptions & { readonly serverNames?: readonly string[] },
): Promise<X509Certificate> {
  const paths = pkiPaths(directory)
  const authority = await readAuthority(directory, options)
  const made = await issueServerCertificate(authority, { names: developmentNames(serverNames) })
  await writeAtomically(paths.serverKey, made.privateKeyPem)
  await writeAtomically(paths.serverCertificate, withIssuers(made.certificatePem, authority), 'public')
  return new X509Certificate(made.certificatePem)
}

function sealedBy(passphrase: string | undefined, privateKeyPem: string): string {
  return passphrase === undefined ? privateKeyPem : sealPrivateKey(privateKeyPem, passphrase)
}
