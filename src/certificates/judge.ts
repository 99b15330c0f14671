// Judges a certificate that a client shows: its own faults, the way to an anchor of the door, and what the authorities revoked (ITI TF-2 3.19).

import type { X509Certificate } from 'node:crypto'
import {
  DOORS,
  type DoorName,
  type Judge,
  type Judgement,
  type ShownCertificate,
  type TrustAnchor,
} from '../model/trust.ts'
import { faultOfAuthority, faultOfClient, isInForce, pathTo } from './chain.ts'

/** `chain+registered`: it leads to an anchor and is registered. `registered`: each certificate is trusted by itself (direct comparison). */
export type TrustRule = 'chain+registered' | 'registered'

export interface TrustOptions {
  readonly rule: TrustRule
  /** How long after the end of its life a revocation list still counts; 0: not at all. */
  readonly crlGraceMs: number
}

/** What the library says when the way ends at an authority it does not hold: it asks for a root, an anchor need not be one. */
const ENDS_EARLY: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

const NO_WAY = 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'
const UNREADABLE = 'INVALID_EXTENSION: the certificate, or one that came with it, cannot be read'

/** A judge over one state of the anchors; another state needs another judge. */
export function createJudge(anchors: readonly TrustAnchor[], { rule, crlGraceMs }: TrustOptions): Judge {
  const doors = new Map(DOORS.map((door) => [door, wayFinder(anchorsOf(anchors, door))]))
  const judge: Judge = (shown, door) => {
    const now = new Date()
    const usable = anchorsOf(anchors, door)
    const fault = faultOfClient(shown.certificate, now)
    if (fault !== undefined) return refused(fault)
    const path = doors.get(door)?.(shown, now)
    if (rule === 'registered' && path === undefined) return { kind: 'trusted' }
    if (path === undefined) return refused(shown.objection ?? NO_WAY)
    const reason =
      // What stands for itself does not end with who issued it; that it was revoked by them counts.
      (rule === 'registered' ? undefined : (objectionOf(shown) ?? faultOfWay(path, now))) ??
      revocationOf(path, { anchors: usable, now, crlGraceMs })
    return reason === undefined ? trusted(usable, { path, rule, now }) : refused(reason)
  }
  return (shown, door) => {
    try {
      return judge(shown, door)
    } catch {
      // Anybody may show what the handshake takes and our reader does not; it is told before anything would catch what it throws.
      return refused(UNREADABLE)
    }
  }
}

function refused(reason: string): Judgement {
  return { kind: 'refused', reason }
}

type Way = readonly X509Certificate[] | undefined

/**
 * The way is found once for each connection, as its signatures do not change; it is found anew when one of its authorities has ended, or
 * not begun, for another certificate of the same authority may lead on.
 */
function wayFinder(anchors: readonly TrustAnchor[]): (shown: ShownCertificate, now: Date) => Way {
  // An authority that was renewed with its key stands there twice: what is valid longest leads on.
  const authorities = anchors
    .map(({ certificate }) => certificate)
    .sort((one, other) => Date.parse(other.validTo) - Date.parse(one.validTo))
  const found = new WeakMap<ShownCertificate, { readonly way: Way }>()
  return (shown, now) => {
    const known = found.get(shown)
    if (known !== undefined && (known.way ?? []).every((one) => isInForce(one, now))) return known.way
    const way = wayAt(authorities, shown, now)
    found.set(shown, { way })
    return way
  }
}

/** By authorities that are good now; where there is no such way, by any others, whose fault is then the reason. */
function wayAt(
  authorities: readonly X509Certificate[],
  { certificate, issuers }: Pick<ShownCertificate, 'certificate' | 'issuers'>,
  now: Date,
): Way {
  const trusted = authorities.filter((one) => isInForce(one, now))
  const presented = issuers.filter((one) => isInForce(one, now))
  const way = pathTo(trusted, certificate, presented)
  const isAll = trusted.length === authorities.length && presented.length === issuers.length
  return way === undefined && !isAll ? pathTo(authorities, certificate, issuers) : way
}

/** The library judged too, with all that it knows; where it had less to go by than we, its judgement says nothing. */
function objectionOf({ objection }: ShownCertificate): string | undefined {
  return objection === undefined || ENDS_EARLY.has(objection) ? undefined : objection
}

function faultOfWay(path: readonly X509Certificate[], now: Date): string | undefined {
  for (const [index, authority] of path.entries()) {
    const fault = index === 0 ? undefined : faultOfAuthority(authority, index, now)
    if (fault !== undefined) return fault
  }
  return undefined
}

/**
 * An anchor for all is for all, whatever else it is for. The authority that is reached is all its certificates that are good now: one may be
 * an anchor of one facility, and the renewed one of another, and both vouch for the same (RFC 5280, 6.1.1: a name and a key).
 */
function trusted(
  anchors: readonly TrustAnchor[],
  { path, rule, now }: { readonly path: readonly X509Certificate[]; readonly rule: TrustRule; readonly now: Date },
): Judgement {
  const last = path.at(-1)
  const reached = anchors.filter(
    ({ certificate }) =>
      last !== undefined && isInForce(certificate, now) && issuerIdOf(certificate) === issuerIdOf(last),
  )
  const facilities = reached.flatMap(({ facilityId }) => facilityId ?? [])
  const isForAll = rule === 'registered' || facilities.length < reached.length
  return isForAll ? { kind: 'trusted' } : { kind: 'trusted', facilities: new Set(facilities) }
}

interface Asked {
  readonly anchors: readonly TrustAnchor[]
  readonly now: Date
  readonly crlGraceMs: number
}

/**
 * What the authorities of a server that we call have revoked of its certificate or of those above it, or that they leave us without a list;
 * everything else the TLS library judges.
 * @param anchors to which the way leads; lists of others with their name and key count too.
 */
export function revocationOfServer(
  shown: Pick<ShownCertificate, 'certificate' | 'issuers'>,
  anchors: { readonly trusted: readonly TrustAnchor[]; readonly listed: readonly TrustAnchor[] },
  { crlGraceMs }: Pick<TrustOptions, 'crlGraceMs'>,
): string | undefined {
  const now = new Date()
  const authorities = anchors.trusted.map(({ certificate }) => certificate)
  const path = wayAt(authorities, shown, now)
  if (path === undefined) return NO_WAY
  return revocationOf(path, { anchors: anchors.listed, now, crlGraceMs })
}

/**
 * What the authorities have revoked of a certificate that signs assertions, or that they leave us without a list; one of an authority that is
 * not trusted here stands for itself, as it was registered (RFC 5280, 6.3; SAML Core 5).
 */
export function revocationOfSigner(
  certificate: X509Certificate,
  anchors: readonly TrustAnchor[],
  { crlGraceMs }: Pick<TrustOptions, 'crlGraceMs'>,
): string | undefined {
  const now = new Date()
  const authorities = anchors.map((anchor) => anchor.certificate)
  const path = wayAt(authorities, { certificate, issuers: [] }, now)
  return path === undefined ? undefined : revocationOf(path, { anchors, now, crlGraceMs })
}

/**
 * Each certificate of the way against the lists of its issuer, where that is an anchor with a list (RFC 5280, 6.3). An issuer that stands
 * there more than once is the same issuer: whom one of its lists has is revoked, and one that is in force is enough.
 */
function revocationOf(path: readonly X509Certificate[], asked: Asked): string | undefined {
  for (const [index, certificate] of path.entries()) {
    const issuer = path[index + 1]
    if (issuer === undefined) continue
    const lists = asked.anchors.flatMap(({ certificate: authority, revocation }) =>
      revocation === undefined || issuerIdOf(authority) !== issuerIdOf(issuer) ? [] : [revocation],
    )
    const reason = judgeByLists(certificate, lists, asked)
    if (reason !== undefined) return reason
  }
  return undefined
}

const issuerIds = new WeakMap<X509Certificate, string>()

/** Name and key: a list is of these, whatever certificates the authority has for them (RFC 5280, 6.3.3). */
function issuerIdOf(authority: X509Certificate): string {
  const known =
    issuerIds.get(authority) ??
    `${authority.subject} ${authority.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`
  issuerIds.set(authority, known)
  return known
}

function judgeByLists(
  certificate: X509Certificate,
  lists: readonly NonNullable<TrustAnchor['revocation']>[],
  { now, crlGraceMs }: Asked,
): string | undefined {
  if (lists.length === 0) return undefined
  const serial = normalSerial(certificate.serialNumber)
  if (lists.some(({ list }) => list?.serials.has(serial) === true)) return 'CERT_REVOKED by its authority'
  const known = lists.flatMap(({ list }) => list ?? [])
  // What is waited for does not make up for a list that is out of date.
  const ends = known.length > 0 ? known.map(({ nextUpdate }) => nextUpdate) : lists.map(({ since }) => since)
  if (ends.some((end) => now.getTime() <= end.getTime() + crlGraceMs)) return undefined
  return known.length > 0 ? 'CRL_HAS_EXPIRED' : 'UNABLE_TO_GET_CRL'
}

/** Upper-case hexadecimal without leading zeros: libraries write the same number differently. */
export function normalSerial(serial: string): string {
  return serial.toUpperCase().replace(/^0+(?=.)/, '')
}

/** Anchors that count at a door. */
export function anchorsOf(anchors: readonly TrustAnchor[], door: DoorName): readonly TrustAnchor[] {
  return anchors.filter((anchor) => anchor.door === undefined || anchor.door === door)
}
