// Seals bytes that are kept and must not be read where they lie: AES-256-GCM, each under a key that is named beside it (NIST SP 800-38D).

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
/** Random, as NIST SP 800-38D 8.2.2 has it; a key seals far fewer messages than the 2^32 that it allows. */
const IV_BYTES = 12
const TAG_BYTES = 16

export interface SealKey {
  readonly keyId: string
  readonly key: Buffer
}

/** The first key seals; the others open what was sealed before. */
export interface KeyRing {
  readonly current: SealKey
  readonly keys: ReadonlyMap<string, SealKey>
}

const KEY_LINE = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/

/** A key as a line of a key ring. */
export function newKeyLine(): string {
  return `${randomBytes(4).toString('hex')}:${randomBytes(KEY_BYTES).toString('base64')}`
}

/**
 * Keys written as `id:base64`, separated by line ends or commas, the one that seals first.
 * @throws {Error} that names the place and never the key.
 */
export function parseKeyRing(text: string): KeyRing {
  const lines = text.split(/[\s,]+/).filter((line) => line !== '')
  const keys = lines.map((line, index): SealKey => {
    const [, keyId, key] = KEY_LINE.exec(line) ?? []
    if (keyId === undefined || key === undefined)
      throw new Error(`key ${index + 1} is not written as id:base64 with 32 bytes`)
    return { keyId, key: Buffer.from(key, 'base64') }
  })
  const [current] = keys
  if (current === undefined) throw new Error('there is no key')
  const byId = new Map(keys.map((key) => [key.keyId, key]))
  if (byId.size < keys.length) throw new Error('two keys have the same id')
  return { current, keys: byId }
}

/** IV, tag, ciphertext; `boundTo` must be the same when it is opened. */
export function seal(bytes: Buffer, { key }: SealKey, boundTo: string): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(boundTo))
  const body = cipher.update(bytes)
  const rest = cipher.final()
  return Buffer.concat([iv, cipher.getAuthTag(), body, rest])
}

/** @throws {Error} when the key is unknown, or the bytes are not what was sealed under it. */
export function unseal(
  sealed: Buffer,
  ring: KeyRing,
  { keyId, boundTo }: { readonly keyId: string; readonly boundTo: string },
): Buffer {
  const found = ring.keys.get(keyId)
  if (found === undefined) throw new Error(`no key ${keyId}`)
  const decipher = createDecipheriv(ALGORITHM, found.key, sealed.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(boundTo))
    .setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  const body = decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES))
  return Buffer.concat([body, decipher.final()])
}
