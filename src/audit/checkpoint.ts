// Signed statements of how far a chain had come: what was before cannot be written anew without the key, which the database does not have.

import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { canonicalJson } from './seal.ts'

/** What is signed, as its canonical JSON. Hashes are lower-case hex. */
export interface CheckpointStatement {
  /** From 1, over all chains. */
  readonly number: number
  readonly chain: string
  readonly seq: number
  readonly hash: string
  /** ISO 8601 with milliseconds, UTC. */
  readonly at: string
  /** No event of this month was expected any more. */
  readonly closes: boolean
  readonly keyId: string
  /** SHA-256 of the checkpoint before with its signature; zeros before the first. */
  readonly previous: string
}

export interface Checkpoint extends CheckpointStatement {
  /** Ed25519, base64. */
  readonly signature: string
}

export interface Signer {
  readonly keyId: string
  readonly sign: (statement: CheckpointStatement) => Checkpoint
}

/** By the id of the key. */
export type PublicKeys = ReadonlyMap<string, KeyObject>

export const NO_CHECKPOINT = '0'.repeat(64)
const KEY_ID_LENGTH = 32
const PEM_KEY = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g

export function createSigner(privateKey: KeyObject): Signer {
  const keyId = keyIdOf(createPublicKey(privateKey))
  return {
    keyId,
    sign: (statement) => ({
      ...statement,
      signature: sign(null, Buffer.from(canonicalJson(statement)), privateKey).toString('base64'),
    }),
  }
}

export function isSigned({ signature, ...statement }: Checkpoint, key: KeyObject): boolean {
  const bytes = Buffer.from(signature, 'base64')
  // Base64 has several texts for the same bytes; only one of them was written.
  if (bytes.toString('base64') !== signature) return false
  return verify(null, Buffer.from(canonicalJson(statement)), key, bytes)
}

/** What the next checkpoint names as the one before. */
export function checkpointHash(checkpoint: Checkpoint): string {
  return createHash('sha256').update(canonicalJson(checkpoint)).digest('hex')
}

/** The first half of the SHA-256 of the public key (SubjectPublicKeyInfo), hex. */
export function keyIdOf(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('hex').slice(0, KEY_ID_LENGTH)
}

/** Keys of a PEM file that may hold several. @throws {Error} when one is no public key of Ed25519. */
export function publicKeysIn(pem: string): PublicKeys {
  const keys = (pem.match(PEM_KEY) ?? []).map((one) => createPublicKey(one))
  if (keys.some(({ asymmetricKeyType }) => asymmetricKeyType !== 'ed25519'))
    throw new Error('a key that signs checkpoints is one of Ed25519')
  return new Map(keys.map((key) => [keyIdOf(key), key]))
}
