// Revocation lists of authorities: read, checked against their issuer and the clock, and kept as serial numbers (RFC 5280, 5 and 6.3).

import 'reflect-metadata'
import { constants, verify, webcrypto, type X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { CRL_NUMBER, REASONS } from './crl.ts'
import { type CrlParts, takeApart } from './crl-entries.ts'
import { normalSerial } from './judge.ts'

x509.cryptoProvider.set(webcrypto)

/** Some ten thousand certificates; a list is read at once, so its size bounds how long that takes. */
export const MAX_CRL_BYTES = 2 * 1024 * 1024
/** Clocks of authorities run ahead. */
const CLOCK_SKEW_MS = 5 * 60_000
const WEAK_HASHES: ReadonlySet<string> = new Set(['SHA-1', 'MD5', 'MD2'])
const PEM = /-----BEGIN (?:X509 )?CRL-----([A-Za-z0-9+/=\s]+)-----END (?:X509 )?CRL-----/

export interface ReadCrl {
  /** DER. */
  readonly raw: Buffer
  /** Upper-case hexadecimal without leading zeros. */
  readonly serials: readonly string[]
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

/**
 * A list in DER or PEM that the authority has signed and that is in force.
 * @throws {Error} with the reason, in words without what the list holds.
 */
export async function readCrl(bytes: Buffer, authority: X509Certificate, now: Date): Promise<ReadCrl> {
  if (bytes.length > MAX_CRL_BYTES) throw new Error(`the list is larger than ${MAX_CRL_BYTES} bytes`)
  const raw = derOf(bytes)
  const parts = takeApart(raw)
  const list = parse(parts.frame)
  const issuer = new x509.X509Certificate(authority.raw)
  if (list.issuerName.toString() !== issuer.subjectName.toString()) throw new Error('the list is of another issuer')
  if (WEAK_HASHES.has(list.signatureAlgorithm.hash?.name)) throw new Error('the list is signed with a weak hash')
  const usages = issuer.getExtension(x509.KeyUsagesExtension)?.usages
  if (usages !== undefined && (usages & x509.KeyUsageFlags.cRLSign) === 0)
    throw new Error('the authority may not sign lists (keyUsage without cRLSign)')
  if (!isSigned(parts, list, authority)) throw new Error('the signature is not that of the authority')
  refuseCritical(list, parts)
  return { raw, serials: parts.serials.map(normalSerial), ...datesOf(list, now) }
}

/** A list of our own as it was published, in force or not. */
export interface ReadOwnCrl {
  /** Of the list (RFC 5280, 5.2.3). */
  readonly number: bigint
  readonly entries: () => readonly { readonly serial: string; readonly since: Date; readonly reason: string }[]
}

/** Undefined for what is no numbered list with the signature of the authority. */
export function readOwnCrl(bytes: Buffer, authority: X509Certificate): ReadOwnCrl | undefined {
  try {
    const raw = derOf(bytes)
    const parts = takeApart(raw)
    const list = parse(parts.frame)
    const value = list.extensions.find(({ type }) => type === CRL_NUMBER)?.value
    if (value === undefined || !isSigned(parts, list, authority)) return undefined
    return {
      // Behind tag and length.
      number: BigInt(`0x${Buffer.from(value).toString('hex', 2)}`),
      entries: () =>
        parse(raw).entries.map(({ serialNumber, revocationDate, reason }) => ({
          serial: serialNumber.toUpperCase(),
          since: revocationDate,
          reason: Object.keys(REASONS).find((name) => REASONS[name] === reason) ?? 'unspecified',
        })),
    }
  } catch {
    return undefined
  }
}

function derOf(bytes: Buffer): Buffer {
  const [, base64] = PEM.exec(bytes.subarray(0, MAX_CRL_BYTES).toString('latin1')) ?? []
  return base64 === undefined ? bytes : Buffer.from(base64, 'base64')
}

function parse(raw: Buffer): x509.X509Crl {
  try {
    return new x509.X509Crl(new Uint8Array(raw))
  } catch (cause) {
    throw new Error('what came is no revocation list', { cause })
  }
}

function isSigned({ signed, signature }: CrlParts, list: x509.X509Crl, { publicKey }: X509Certificate): boolean {
  const { name, hash } = list.signatureAlgorithm as typeof list.signatureAlgorithm & { readonly name: string }
  // Without a hash the library would choose one.
  if (hash === undefined) return false
  const padding = name === 'RSA-PSS' ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {}
  try {
    return verify(hash.name.replace('-', ''), signed, { key: publicKey, ...padding }, signature)
  } catch {
    return false
  }
}

/** Lists for parts of what was issued, and additions to other lists, say so critically; whoever does not read them must not use them (5.2). */
function refuseCritical(list: x509.X509Crl, { hasCritical }: CrlParts): void {
  const critical = list.extensions.find((extension) => extension.critical)
  if (critical !== undefined) throw new Error(`the list has the critical extension ${critical.type}, which is not read`)
  if (hasCritical) throw new Error('an entry of the list has a critical extension, which is not read')
}

function datesOf(list: x509.X509Crl, now: Date): Pick<ReadCrl, 'thisUpdate' | 'nextUpdate'> {
  const { thisUpdate, nextUpdate } = list
  if (nextUpdate === undefined) throw new Error('the list does not say when the next one comes (nextUpdate)')
  if (thisUpdate.getTime() > now.getTime() + CLOCK_SKEW_MS) throw new Error('the list is of the future')
  if (nextUpdate <= now) throw new Error('the list is out of date (nextUpdate)')
  return { thisUpdate, nextUpdate }
}
