// The key that signs our assertions, with its certificate in one file, so that both are replaced at once (ITI TF-2 3.40; docs/xua.md).

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { certificatesIn } from './certificate.ts'
import { createAtomically, readPrivate } from './files.ts'

export interface AssertionKey {
  /** PEM; RSA. */
  readonly key: string
  /** PEM. */
  readonly certificate: string
}

const MIN_RSA_BITS = 2048

/** Where the pair waits that will be used next. */
export function nextOf(path: string): string {
  return `${path}.next`
}

/**
 * The pair in the file; made when there is none, by whichever process comes first.
 * @throws {Error} in plain words, when others may read it, or it holds no RSA key with its certificate.
 */
export async function ensureAssertionKey(path: string, { name }: { readonly name: string }): Promise<AssertionKey> {
  const present = await readAssertionKey(path)
  if (present !== undefined) return present
  const { createAssertionCertificate } = await import('./authority.ts')
  const { privateKeyPem, certificatePem } = await createAssertionCertificate({ name })
  await mkdir(dirname(path), { recursive: true })
  await createAtomically(path, `${privateKeyPem}${certificatePem}`)
  const read = await readAssertionKey(path)
  if (read === undefined) throw new Error(`${path} was removed while it was made`)
  return read
}

/** @throws {Error} as ensureAssertionKey */
export async function readAssertionKey(path: string): Promise<AssertionKey | undefined> {
  const text = await readPrivate(path)
  if (text === undefined) return undefined
  const [certificate] = certificatesIn(text)
  const key = keyIn(text)
  if (certificate === undefined || key === undefined || !isGood(key))
    throw new Error(`${path} needs an RSA key of at least ${MIN_RSA_BITS} bits and its certificate, both in PEM`)
  if (!new X509Certificate(certificate).checkPrivateKey(key))
    throw new Error(`the key and the certificate in ${path} do not belong together`)
  return { certificate, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** The pair that waited is used from now on; the former one is gone. @throws {Error} when none waits, or what waits is no pair */
export async function useNextAssertionKey(path: string): Promise<AssertionKey> {
  const next = await readAssertionKey(nextOf(path))
  if (next === undefined) throw new Error(`no key waits to be used: make one with "tsunagi xua certificate --next"`)
  await rename(nextOf(path), path)
  return next
}

function keyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    // What the library says of it may quote it.
    return undefined
  }
}

function isGood({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS
}
