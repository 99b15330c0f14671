// May this verified assertion be used here: issuer, times, audience, authentication, confirmation (ITI TF-2 3.40.4.1.3; SAML Core 2.4, 2.5).

import type { KeyObject } from 'node:crypto'
import { iheError } from '../../../profiles/errors/index.ts'
import type { Assertion, ConfirmedKey, SubjectConfirmation } from '../../model/assertion.ts'
import type { Issuer, NamedFacility } from './ports.ts'

/** The client certificate of the connection. */
export interface PeerCertificate {
  readonly raw: Buffer
  readonly publicKey: KeyObject
}

/** Where the assertion was received, and from whom. */
export interface Place {
  readonly now: Date
  readonly skewMs: number
  /** Address of the endpoint: what Recipient has to be, where it stands. */
  readonly endpoint: string
  /** Names of this network and its addresses. */
  readonly audiences: readonly string[]
  /** Communities whose users this system may send, ours for systems of facilities. */
  readonly communities: readonly string[]
  /** A neighbouring community's gateway: the organisations of its users are none of ours. */
  readonly isGateway: boolean
  /** Of the client certificate, then those for which its system is delegated. */
  readonly facilities: readonly [NamedFacility, ...NamedFacility[]]
  readonly peer: PeerCertificate
}

interface Judged {
  readonly assertion: Assertion
  readonly issuer: Issuer
  readonly place: Place
}

/** How the subject shows that the assertion is its own. */
const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
const HOLDER_OF_KEY = 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key'

const AC = 'urn:oasis:names:tc:SAML:2.0:ac:classes:'
/** Authentications strong enough to see health data (SAML Authentication Context, 3.4). */
export const DEFAULT_AUTHN_CONTEXTS: readonly string[] = [
  'SmartcardPKI',
  'X509',
  'TLSClient',
  'MobileTwoFactorContract',
  'MobileTwoFactorUnregistered',
  'PasswordProtectedTransport',
].map((name) => `${AC}${name}`)

/**
 * Everything that may change from one use to the next, so it is judged every time.
 * @throws {IheError} XUA_TOKEN, XUA_NOT_HERE
 */
export function judge(judged: Judged): void {
  judgeIssuer(judged)
  judgeTimes(judged)
  judgeAudience(judged)
  judgeOrganization(judged)
  judgeConfirmation(judged)
  judgeAuthentication(judged)
}

function judgeIssuer({ assertion, issuer, place }: Judged): void {
  if (issuer.needsFormats && (assertion.issuerFormat === undefined || assertion.nameIdFormat === undefined))
    throw invalid('Issuer/@Format', 'Issuer and NameID say their formats')
  if (issuer.scope === 'facilities' && facilitiesOf(issuer, place).length === 0)
    throw notHere('Issuer', 'an issuer of users of this facility')
}

function judgeTimes({ assertion, issuer, place }: Judged): void {
  const now = place.now.getTime()
  const { skewMs } = place
  const [issued, from, to] = [assertion.issueInstant, assertion.notBefore, assertion.notOnOrAfter].map((at) =>
    at.getTime(),
  ) as [number, number, number]
  if (issued > now + skewMs) throw invalid('Assertion/@IssueInstant', 'not in the future')
  if (from > now + skewMs) throw invalid('Conditions/@NotBefore', 'not later than now')
  if (to + skewMs <= now) throw invalid('Conditions/@NotOnOrAfter', 'later than now')
  if (to - from > issuer.maxLifetimeSeconds * 1000)
    throw invalid('Conditions/@NotOnOrAfter', `at most ${issuer.maxLifetimeSeconds} seconds after NotBefore`)
}

/** Of every restriction one audience is ours: several restrictions all have to hold (SAML erratum E46). */
function judgeAudience({ assertion, issuer, place }: Judged): void {
  const ours = new Set([...place.audiences, ...issuer.audiences, place.endpoint])
  const { audiences } = assertion
  if (audiences.length === 0 || !audiences.every((restriction) => restriction.some((audience) => ours.has(audience))))
    throw invalid('Conditions/AudienceRestriction', 'in every restriction an audience of this network')
}

/** The certificate says which facility it is; the assertion may agree with it, never overrule it. */
function judgeOrganization(judged: Judged): void {
  const { assertion, issuer, place } = judged
  const { organizationIds, homeCommunityIds } = assertion.attributes
  const named = facilitiesOf(issuer, place)
  const names = new Set(
    named.flatMap(({ facilityOid, organizationIds }) => [`urn:oid:${facilityOid}`, facilityOid, ...organizationIds]),
  )
  if (!isOfCommunity(judged) && !organizationIds.every((id) => names.has(id)))
    throw notHere('organization-id', 'the organisation of the client certificate')
  if (!homeCommunityIds.every((id) => place.communities.includes(id)))
    throw notHere('homeCommunityId', 'the community of the client certificate')
}

/**
 * The user of a neighbouring community, said so by an issuer of that community: what binds it to the certificate is the community, and it
 * may be of any organisation there.
 */
export function isOfCommunity({ assertion, issuer, place }: Judged): boolean {
  return place.isGateway && issuer.scope === 'facilities' && assertion.attributes.homeCommunityIds.length > 0
}

function judgeConfirmation(judged: Judged): void {
  const failures: unknown[] = []
  for (const confirmation of judged.assertion.confirmations) {
    try {
      confirm(confirmation, judged)
      return
    } catch (error) {
      failures.push(error)
    }
  }
  throw failures[0]
}

function confirm(confirmation: SubjectConfirmation, judged: Judged): void {
  const { assertion, issuer, place } = judged
  const now = place.now.getTime()
  const { recipient, notBefore, notOnOrAfter, method } = confirmation
  if (notOnOrAfter !== undefined && notOnOrAfter.getTime() + place.skewMs <= now)
    throw invalid('SubjectConfirmationData/@NotOnOrAfter', 'later than now')
  if (recipient !== undefined && recipient !== place.endpoint)
    throw notHere('SubjectConfirmationData/@Recipient', 'the address of this endpoint')
  switch (method) {
    case BEARER: {
      if (notBefore !== undefined) throw invalid('SubjectConfirmationData/@NotBefore', 'absent for a bearer')
      // Whoever finds it could bear it; so it has to be bound to the facility whose certificate it comes with. Of several facilities
      // of one issuer another would bear it as well.
      const ofOne = issuer.scope === 'facilities' && issuer.facilities.length === 1
      const isBound = assertion.attributes.organizationIds.length > 0 || ofOne || isOfCommunity(judged)
      if (!isBound) throw notHere('organization-id', 'required of a bearer')
      return
    }
    case HOLDER_OF_KEY: {
      if (notBefore !== undefined && notBefore.getTime() > now + place.skewMs)
        throw invalid('SubjectConfirmationData/@NotBefore', 'not later than now')
      if (!confirmation.keys.some((key) => isPeer(key, place.peer)))
        throw notHere('SubjectConfirmationData/KeyInfo', 'the key of the client certificate')
      return
    }
  }
  throw notHere('SubjectConfirmation/@Method', 'bearer or holder-of-key')
}

function isPeer(key: ConfirmedKey, { raw, publicKey }: PeerCertificate): boolean {
  if (key.kind === 'certificate') return key.der.equals(raw)
  const { kty, n = '', e = '' } = publicKey.export({ format: 'jwk' })
  const bytes = (text: string): Buffer => unsigned(Buffer.from(text, 'base64url'))
  return kty === 'RSA' && bytes(n).equals(unsigned(key.modulus)) && bytes(e).equals(unsigned(key.exponent))
}

/** Without leading zeros, which some write and some do not (XML Signature 4.5.2.1). */
function unsigned(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? Buffer.alloc(0) : bytes.subarray(first)
}

/** One authentication that will do is enough; none may have ended or lie in the future. */
function judgeAuthentication({ assertion, issuer, place }: Judged): void {
  const now = place.now.getTime()
  const allowed = issuer.authnContexts ?? DEFAULT_AUTHN_CONTEXTS
  for (const { instant, sessionEnds } of assertion.authentications) {
    if (instant.getTime() > now + place.skewMs) throw invalid('AuthnStatement/@AuthnInstant', 'not in the future')
    if (sessionEnds !== undefined && sessionEnds.getTime() + place.skewMs <= now)
      throw invalid('AuthnStatement/@SessionNotOnOrAfter', 'later than now')
  }
  if (!assertion.authentications.some(({ contexts }) => contexts.some((context) => allowed.includes(context))))
    throw invalid('AuthnStatement/AuthnContext', 'an authentication that is accepted of this issuer')
}

/** Facilities of the certificate whose users the issuer may assert. */
function facilitiesOf(
  issuer: Issuer,
  { facilities }: Place,
): readonly (NamedFacility & { readonly organizationIds: readonly string[] })[] {
  return facilities.flatMap((facility) => {
    const listed = issuer.facilities.find(({ facilityId }) => facilityId === facility.facilityId)
    if (listed === undefined && issuer.scope === 'facilities') return []
    return [{ ...facility, organizationIds: listed?.organizationIds ?? [] }]
  })
}

function invalid(at: string, rule: string): Error {
  return iheError('XUA_TOKEN', { at, rule })
}

function notHere(at: string, rule: string): Error {
  return iheError('XUA_NOT_HERE', { at, rule })
}
