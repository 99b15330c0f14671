// The code of an invitation: long enough that nobody guesses it, and easy to read out and to type.

import { createHash, randomBytes } from 'node:crypto'

/** Crockford's Base32: no letter that looks like a digit, and no U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** Of five bits each: 140 bits, more than the 128 below which guessing might pay. */
const SYMBOLS = 28
const GROUP = 4

/** A new code, `K7QF-2M9X-…`: seven groups of four. */
export function newSecret(): string {
  const symbols = Array.from(randomBytes(SYMBOLS), (byte) => ALPHABET.charAt(byte % ALPHABET.length))
  const groups = Array.from({ length: SYMBOLS / GROUP }, (_, index) =>
    symbols.slice(index * GROUP, (index + 1) * GROUP).join(''),
  )
  return groups.join('-')
}

/**
 * What is kept and looked up in place of the code: SHA-256 of it as it was meant, whatever case, width or hyphens it was typed in. A hash
 * that is quick to make will do, since a code is random. How long the look-up takes tells about the hash only, which nobody can steer.
 */
export function digestOf(secret: string): string {
  const meant = secret
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[\s\p{Pd}_]/gu, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1')
  return createHash('sha256').update(meant).digest('hex')
}
