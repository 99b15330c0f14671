// Certificate and key as PKCS#12, for a system that cannot make a request: fetched once by a code, opened by a password (security: issuing).

import { createHash, randomInt } from 'node:crypto'
import { MAX_CERTIFICATE_DAYS } from '../../model/certificate-life.ts'
import type { Change } from '../ports.ts'
import type { IssueFault } from './issue.ts'
import type { IssuingStore, NewCertificate, RegisterFault, RenewalFault, Signed, SigningFault } from './ports.ts'

const HOUR_MS = 3_600_000
/** A code that is not used is worth nothing the next day. */
const LIFE_MS = 24 * HOUR_MS
/** Without letters and digits that look alike: code and password are read out on the telephone. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
const GROUP = 5
/** 30 letters to the power of 25 and 20: 122 and 98 bits, which nobody tries out. */
const CODE_GROUPS = 5
const PASSWORD_GROUPS = 4

export type Pkcs12Form = 'modern' | 'legacy'

export interface Pkcs12Request {
  readonly systemId: string
  readonly days?: number
  readonly terminal?: string
  readonly replaces?: string
  readonly earlyBecause?: string
  /** `legacy`: 3DES and SHA-1, which Windows before 2019 reads. */
  readonly form?: Pkcs12Form
}

/** Shown once: neither code nor password can be read again. */
export interface Pkcs12Ordered {
  readonly code: string
  /** Opens the file; goes another way than the code. */
  readonly password: string
  readonly expiresAt: Date
}

/** An order as it is kept: what was shown only as SHA-256, which is enough for what nobody can guess. */
export interface Pkcs12Order extends Omit<Pkcs12Request, 'days' | 'form'> {
  readonly days: number
  readonly form: Pkcs12Form
  readonly codeHash: string
  readonly passwordHash: string
  readonly expiresAt: Date
}

/** An order whose code and password were given rightly. */
export interface OpenOrder extends Omit<Pkcs12Order, 'codeHash' | 'passwordHash' | 'expiresAt'> {
  readonly orderId: string
}

export interface Pkcs12Store extends Pick<IssuingStore, 'facilityOf'> {
  readonly add: (order: Pkcs12Order, change: Change) => Promise<'added' | RenewalFault>
  /** The order that is open for these; a wrong password is counted, and the fifth closes the order. */
  readonly open: (given: {
    readonly codeHash: string
    readonly passwordHash: string
    readonly now: Date
  }) => Promise<OpenOrder | undefined>
  /** Ends the order and registers the certificate, in one transaction. `gone`: somebody else has fetched it meanwhile. */
  readonly complete: (
    orderId: string,
    certificate: NewCertificate,
    change: Change,
  ) => Promise<'registered' | 'gone' | RegisterFault>
}

export interface Pkcs12Ports {
  readonly store: Pkcs12Store
  readonly overlapDays: number
  /** A new key and its certificate; the key leaves by the file only. */
  readonly make: (subject: {
    readonly systemId: string
    readonly facilityOid: string
    readonly days: number
  }) => Promise<
    | (Signed & { readonly file: (options: { readonly password: string; readonly form: Pkcs12Form }) => Buffer })
    | SigningFault
  >
}

/** Code or password is wrong, or the order is over: all look alike. */
export type FetchFault = IssueFault | { readonly fault: 'no such order' }

/** Opens an order; code and password are for the operator to hand on, by two ways. */
export async function orderPkcs12(
  request: Pkcs12Request,
  change: Change,
  { store, now = new Date() }: Pick<Pkcs12Ports, 'store'> & { readonly now?: Date },
): Promise<Pkcs12Ordered | IssueFault> {
  const { systemId, days = MAX_CERTIFICATE_DAYS, form = 'modern' } = request
  if (!Number.isInteger(days) || days < 1 || days > MAX_CERTIFICATE_DAYS)
    return { fault: 'days', days, most: MAX_CERTIFICATE_DAYS }
  const facility = await store.facilityOf(systemId)
  if (facility === undefined) return { fault: 'unknown system', systemId }
  if (facility.status === 'ended') return { fault: 'facility ended', systemId }
  const code = secret(CODE_GROUPS)
  const password = secret(PASSWORD_GROUPS)
  const expiresAt = new Date(now.getTime() + LIFE_MS)
  const hashes = { codeHash: hashOf(code), passwordHash: hashOf(password) }
  const added = await store.add({ ...request, ...hashes, days, form, expiresAt }, change)
  return added === 'added' ? { code, password, expiresAt } : added
}

/**
 * Makes key and certificate, registers the certificate and ends the order, in one transaction; then gives the file. A file that is lost on
 * the way is lost: its certificate is revoked, and another one ordered.
 */
export async function fetchPkcs12(
  given: { readonly code: string; readonly password: string; readonly now?: Date },
  change: Change,
  { store, make, overlapDays }: Pkcs12Ports,
): Promise<{ readonly file: Buffer; readonly systemId: string; readonly fingerprint: string } | FetchFault> {
  const password = normal(given.password)
  const hashes = { codeHash: hashOf(normal(given.code)), passwordHash: hashOf(password) }
  const order = await store.open({ ...hashes, now: given.now ?? new Date() })
  if (order === undefined) return { fault: 'no such order' }
  const { systemId } = order
  const facility = await store.facilityOf(systemId)
  if (facility === undefined || facility.status === 'ended') return { fault: 'facility ended', systemId }
  const made = await make({ systemId, facilityOid: facility.oid, days: order.days })
  if ('fault' in made) return made
  const { fingerprint } = made.certificate
  const file = made.file({ password, form: order.form })
  const registered = await store.complete(order.orderId, newCertificate(order, made, overlapDays), {
    ...change,
    operation: `PKCS#12 fetched: certificate ${fingerprint} of system ${systemId} issued`,
  })
  if (registered === 'gone') return { fault: 'no such order' }
  return registered === 'registered' ? { file, systemId, fingerprint } : registered
}

function newCertificate(order: OpenOrder, { certificate }: Signed, overlapDays: number): NewCertificate {
  const { systemId, terminal, replaces, earlyBecause } = order
  return {
    certificate,
    systemId,
    origin: 'pkcs12',
    ...(terminal === undefined ? {} : { terminal }),
    ...(replaces === undefined
      ? {}
      : {
          replaces: {
            fingerprint: replaces,
            overlapDays,
            ...(earlyBecause === undefined ? {} : { earlyBecause }),
          },
        }),
  }
}

function secret(groups: number): string {
  const letter = (): string => ALPHABET.charAt(randomInt(ALPHABET.length))
  const group = (): string => Array.from({ length: GROUP }, letter).join('')
  return Array.from({ length: groups }, group).join('-')
}

/** As it was shown, however it was typed: in small letters, with blanks, with or without hyphens. */
function normal(typed: string): string {
  const letters = typed.toUpperCase().replace(/[\s-]/g, '')
  return (letters.match(new RegExp(`.{1,${GROUP}}`, 'g')) ?? []).join('-')
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
