// What a person shows besides the password: codes by time (RFC 6238) and recovery codes; and the secrets that we make up.

import { createHash, randomBytes, randomInt } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'

const PERIOD_S = 30
const SECRET_BYTES = 20
/** A clock may be one step off, either way. */
const WINDOW = 1
const RECOVERY_CODES = 10

function totpOf(secret: Buffer, label = ''): TOTP {
  // SHA-1, 6 digits, 30 seconds: what every authenticator can do.
  return new TOTP({
    issuer: 'Tsunagi',
    label,
    secret: new Secret({ buffer: new Uint8Array(secret).buffer }),
    algorithm: 'SHA1',
    digits: 6,
    period: PERIOD_S,
  })
}

export function newSecret(): Buffer {
  return randomBytes(SECRET_BYTES)
}

/** What an authenticator reads: the secret in Base32, and the address that a QR code carries. */
export function enrolment(secret: Buffer, staffId: string): { readonly secret: string; readonly uri: string } {
  const totp = totpOf(secret, staffId)
  return { secret: totp.secret.base32, uri: totp.toString() }
}

/** The time step that a code is of; undefined when it is none of now. Whether it was taken before is for the store to say. */
export function stepOf(code: string, secret: Buffer, nowMs: number): number | undefined {
  const digits = code.normalize('NFKC').replaceAll(/\s/g, '')
  if (!/^\d{6}$/.test(digits)) return undefined
  const delta = totpOf(secret).validate({ token: digits, timestamp: nowMs, window: WINDOW })
  return delta === null ? undefined : Math.floor(nowMs / 1000 / PERIOD_S) + delta
}

/** Without the letters and digits that look alike. */
const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz'

/** Groups of five, to be read out and typed. */
function spoken(groups: number): string {
  const letter = (): string => ALPHABET[randomInt(ALPHABET.length)] ?? ''
  return Array.from({ length: groups }, () => Array.from({ length: 5 }, letter).join('')).join('-')
}

/** The first password of an account (アクセスコード), nearly 100 bits. */
export function newAccessCode(): string {
  return spoken(4)
}

/** Each opens once what the authenticator would. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () => spoken(3))
}

/** 74 random bits need no slow derivation. */
export function recoveryDigest(staffId: string, code: string): Buffer {
  const written = code
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
  return createHash('sha256').update(`${staffId}\0${written}`).digest()
}

const SESSION_BYTES = 32
const SESSION = /^[A-Za-z0-9_-]{43}$/

/** 256 random bits; only its digest is kept. */
export function newSession(): string {
  return randomBytes(SESSION_BYTES).toString('base64url')
}

export function isSession(text: string): boolean {
  return SESSION.test(text)
}

export function sessionDigest(session: string): Buffer {
  return createHash('sha256').update(session).digest()
}
