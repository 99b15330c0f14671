// Steps 7 to 13 of every use of a verified assertion, and what is remembered of it in between (ITI TF-2 3.40.4.1.3).

import { type RoleTable, withSystemRole } from '../../../profiles/access/index.ts'
import { iheError } from '../../../profiles/errors/index.ts'
import type { Assertion } from '../../model/assertion.ts'
import type { User } from '../../model/user.ts'
import { isOfCommunity, judge, type Place } from './judge.ts'
import type { AssertionStore, Issuer, KnownSubject, Trust } from './ports.ts'
import { userOf } from './user.ts'

/** An assertion whose signature was verified, by which certificate, and what this process remembers of its use. */
export interface Admissible {
  readonly assertion: Assertion
  readonly fingerprint: string
  readonly usesSha1: boolean
  /** SHA-256 of what was signed. */
  readonly digest: string
  /** Client certificates whose use was counted. */
  readonly counted: Set<string>
  subject?: { readonly known: Promise<KnownSubject | undefined>; readonly untilMs: number; readonly revision: number }
}

export interface AdmissionPorts {
  readonly store: Pick<AssertionStore, 'use' | 'subject'>
  readonly roles: RoleTable
  readonly revision: () => number
  /** An assertion came with a client certificate other than the first one's. */
  readonly alert: (use: { readonly issuerId: string; readonly certificates: number }) => Promise<void>
}

export interface Arrival extends Place {
  /** SHA-256 fingerprint of the client certificate. */
  readonly peerFingerprint: string
}

/** How long a person is remembered as active; a change by administration counts at once. */
const SUBJECT_TTL_MS = 5000

/**
 * The issuer behind an entity id, for its keys.
 * @throws {IheError} XUA_TOKEN when nobody registered it, or it is suspended
 */
export function issuerOf(trust: Trust, entityId: string): Issuer {
  const issuer = trust.issuers.get(entityId)
  if (issuer === undefined || issuer.status !== 'active')
    throw iheError('XUA_TOKEN', { at: 'Assertion/Issuer', rule: 'an issuer that is registered and active' })
  return issuer
}

/** Certificates of an issuer that are valid now. */
export function standingCertificates(issuer: Issuer, now: Date): Issuer['certificates'] {
  return issuer.certificates.filter(({ notBefore, notAfter }) => notBefore <= now && now < notAfter)
}

/** @throws {IheError} XUA_TOKEN, XUA_ALGORITHM, XUA_SIGNATURE, XUA_NOT_HERE */
export async function admit(
  given: { readonly admissible: Admissible; readonly trust: Trust; readonly arrival: Arrival },
  ports: AdmissionPorts,
): Promise<User> {
  const { admissible, arrival } = given
  const { assertion } = admissible
  const issuer = issuerOf(given.trust, assertion.issuer)
  assertStillTrusted(admissible, issuer, arrival.now)
  const judged = { assertion, issuer, place: arrival }
  judge(judged)
  const known = await subjectOf(admissible, issuer, ports)
  if (known?.facilityId !== undefined && !arrival.facilities.some(({ facilityId }) => facilityId === known.facilityId))
    throw iheError('XUA_NOT_HERE', { at: 'NameID', rule: 'staff of the facility of the client certificate' })
  const user = userOf(assertion, isOfCommunity(judged) ? withSystemRole(ports.roles) : ports.roles, known)
  await count({ admissible, issuer, arrival }, ports)
  return user
}

/** What was verified before may have been revoked since. */
function assertStillTrusted(admissible: Admissible, issuer: Issuer, now: Date): void {
  if (!standingCertificates(issuer, now).some(({ fingerprint }) => fingerprint === admissible.fingerprint))
    throw iheError('XUA_SIGNATURE', { at: 'Signature', rule: 'made with a key of the issuer' })
  if (admissible.usesSha1 && !issuer.allowsSha1)
    throw iheError('XUA_ALGORITHM', { at: 'Signature', rule: 'no SHA-1 from this issuer' })
}

function subjectOf(admissible: Admissible, issuer: Issuer, ports: AdmissionPorts): Promise<KnownSubject | undefined> {
  const current = ports.revision()
  const { subject } = admissible
  if (subject !== undefined && subject.untilMs > performance.now() && subject.revision === current) return subject.known
  const known = ports.store.subject(issuer.issuerId, admissible.assertion.nameId)
  admissible.subject = { known, untilMs: performance.now() + SUBJECT_TTL_MS, revision: current }
  known.catch(() => {
    delete admissible.subject
  })
  return known
}

/**
 * Replay: all processes count in one row. An assertion that may be used again is counted once a process and client certificate, so that
 * repeats cost nothing; one for a single use is counted every time.
 */
async function count(
  given: { readonly admissible: Admissible; readonly issuer: Issuer; readonly arrival: Arrival },
  { store, alert }: AdmissionPorts,
): Promise<void> {
  const { admissible, issuer, arrival } = given
  const { assertion, counted } = admissible
  const fingerprint = arrival.peerFingerprint
  if (!assertion.oneTimeUse && counted.has(fingerprint)) return
  const expiresAt = new Date(assertion.notOnOrAfter.getTime() + 2 * arrival.skewMs)
  const use = {
    issuerId: issuer.issuerId,
    assertionId: assertion.id,
    digest: admissible.digest,
    fingerprint,
    expiresAt,
  }
  const { uses, fingerprints, isSame } = await store.use({ ...use, subject: assertion.nameId })
  if (!isSame) throw iheError('XUA_NOT_HERE', { at: 'Assertion/@ID', rule: 'no ID that another assertion had' })
  if (assertion.oneTimeUse && uses > 1)
    throw iheError('XUA_NOT_HERE', { at: 'Conditions/OneTimeUse', rule: 'used once' })
  const isNew = !counted.has(fingerprint)
  counted.add(fingerprint)
  if (isNew && fingerprints[0] !== fingerprint)
    await alert({ issuerId: issuer.issuerId, certificates: fingerprints.length })
}
