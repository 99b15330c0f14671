// The private key of an authority, opened and with the algorithm it signs by (RFC 5280, 4.1.1.2; SHA-256 and better).

import { createPrivateKey, type KeyObject, webcrypto } from 'node:crypto'

export type SigningAlgorithm = webcrypto.Algorithm & { readonly hash: string }

export interface Signer {
  readonly key: webcrypto.CryptoKey
  readonly algorithm: SigningAlgorithm
}

const MIN_RSA_BITS = 2048
const CURVES: Readonly<Record<string, { readonly namedCurve: string; readonly hash: string }>> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
}

export interface SealedKey {
  readonly path: string
  readonly passphrase: string | undefined
  /** How its passphrase is given, for whoever has to give it. */
  readonly given?: string
}

/** A key in a file that is encrypted cannot be opened: there is no passphrase, or not this one. */
export class SealedKeyError extends Error {
  constructor({ path, passphrase, given = 'certificates.issuingPassphrase' }: SealedKey) {
    super(
      passphrase === undefined
        ? `the private key ${path} is encrypted; give its passphrase by ${given}`
        : `the private key ${path} cannot be opened with what ${given} gives; is it the passphrase of this key?`,
    )
    this.name = 'SealedKeyError'
  }
}

/**
 * The key of a PEM file, PKCS#8 encrypted or not, as PKCS#8 in the clear: for memory only.
 * @throws {SealedKeyError} naming the file, when the passphrase is missing or wrong.
 */
export function openPrivateKey(pem: string, sealed: SealedKey): string {
  const { passphrase } = sealed
  let key: KeyObject
  try {
    key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase })
  } catch {
    throw new SealedKeyError(sealed)
  }
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}

/** PKCS#8, encrypted by AES-256-CBC under a key made of the passphrase (PBES2, RFC 8018). */
export function sealPrivateKey(privateKeyPem: string, passphrase: string): string {
  return createPrivateKey(privateKeyPem)
    .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase })
    .toString()
}

/**
 * What signs with this key: ECDSA on P-256 or P-384, or RSA of at least 2048 bits.
 * @throws {Error} for a key of another kind.
 */
export async function signerOf(privateKeyPem: string): Promise<Signer> {
  const key = createPrivateKey(privateKeyPem)
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  const der = key.export({ format: 'der', type: 'pkcs8' })
  const curve = CURVES[namedCurve]
  if (curve !== undefined) {
    const algorithm = { name: 'ECDSA', hash: curve.hash }
    return { key: await imported(der, { name: 'ECDSA', namedCurve: curve.namedCurve }), algorithm }
  }
  if (key.asymmetricKeyType !== 'rsa' || modulusLength < MIN_RSA_BITS)
    throw new Error('the key of an authority is an EC key on P-256 or P-384, or an RSA key of at least 2048 bits')
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  return { key: await imported(der, algorithm), algorithm }
}

function imported(
  der: Buffer,
  algorithm: webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams,
): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign'])
}
