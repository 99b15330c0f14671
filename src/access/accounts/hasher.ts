// Passwords as scrypt digests (RFC 7914), a bounded number at a time: each derivation takes 128 MiB, and anybody may ask for one.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { iheError } from '../../../profiles/errors/index.ts'

/** A digest with what it was made with, so that the cost can rise without anybody's password being lost. */
export interface PasswordHash {
  readonly salt: Buffer
  readonly hash: Buffer
  readonly n: number
  readonly r: number
  readonly p: number
}

export interface Hasher {
  /** @param salt of a former digest, to compare with it by one derivation; a new one when left out. */
  readonly hash: (password: string, salt?: Buffer) => Promise<PasswordHash>
  /** Compares with a decoy when there is nothing to compare with, so that an unknown name takes as long as a known one. */
  readonly verify: (password: string, stored: PasswordHash | undefined) => Promise<boolean>
}

export interface HasherOptions {
  /** N; less only in tests, which are about something else. */
  readonly cost?: number
  readonly atOnce?: number
  /** More than these wait in vain. */
  readonly waiting?: number
}

export const USUAL_COST = 2 ** 17
const R = 8
const P = 1
const HASH_BYTES = 32
const SALT_BYTES = 16
const USUAL_AT_ONCE = 2
const USUAL_WAITING = 32

/** Every method throws {IheError} BUSY when too many wait already. */
export function createHasher({
  cost = USUAL_COST,
  atOnce = USUAL_AT_ONCE,
  waiting = USUAL_WAITING,
}: HasherOptions = {}): Hasher {
  const turn = createTurns(atOnce, waiting)
  const parameters = { n: cost, r: R, p: P }
  const decoy: PasswordHash = { ...parameters, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) }
  return {
    hash: async (password, salt = randomBytes(SALT_BYTES)) => ({
      ...parameters,
      salt,
      hash: await turn(() => derive(password, { ...parameters, salt })),
    }),
    verify: async (password, stored) => {
      const compared = stored ?? decoy
      return isSame(await turn(() => derive(password, compared)), compared.hash) && stored !== undefined
    },
  }
}

export function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

/** What an input method may write in several ways is one password (RFC 8265 4.2, with compatibility forms: full-width letters). */
export function prepared(password: string): string {
  return password.normalize('NFKC')
}

function derive(password: string, { salt, n, r, p }: Omit<PasswordHash, 'hash'>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: n, r, p, maxmem: 256 * n * r }
    scrypt(prepared(password), salt, HASH_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}

function createTurns(atOnce: number, waiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const queue: (() => void)[] = []
  return async (work) => {
    if (running < atOnce) running += 1
    else {
      if (queue.length >= waiting) throw iheError('BUSY')
      // Whoever leaves hands the place over, so `running` stays.
      await new Promise<void>((resolve) => queue.push(resolve))
    }
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
