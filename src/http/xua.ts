// Assertions at the SOAP door: policy, hardened reading, signature, then the decision whether this user may act here (ITI TF-2 3.40.4.1.3).

import { createHash, type X509Certificate } from 'node:crypto'
import type { RoleTable } from '../../profiles/access/index.ts'
import { iheError } from '../../profiles/errors/index.ts'
import { type Admissible, type AdmissionPorts, admit, issuerOf, standingCertificates } from '../access/xua/admit.ts'
import type { AssertionStore, Trust, XuaPolicy } from '../access/xua/ports.ts'
import { type PresentedAssertion, readSecurity } from '../codec/saml/header.ts'
import { verifyAssertion } from '../codec/saml/verify.ts'
import { SECURITY, SOAP12 } from '../codec/soap/constants.ts'
import { decodeXml } from '../codec/xml/decode.ts'
import type { XmlElement } from '../codec/xml/read.ts'
import type { ClaimedUser } from '../model/assertion.ts'
import type { CallingSystem, Exchange } from '../model/caller.ts'
import { formatCx, parseCx } from '../model/identifiers.ts'
import type { User } from '../model/user.ts'

export interface XuaOptions {
  /** By path of the endpoint. */
  readonly policies: ReadonlyMap<string, XuaPolicy>
  /** What becomes of an assertion whose issuer nobody registered: refused, or taken as if it were not there. */
  readonly unknownIssuer: 'refuse' | 'ignore'
  readonly skewMs: number
  readonly publicUrl: string
  readonly audiences: readonly string[]
  readonly homeCommunityId: string
  /** In words why no time in an assertion can be judged now. */
  readonly clockConcern: () => Promise<string | undefined>
  readonly trust: () => Promise<Trust>
  readonly store: AssertionStore
  readonly roles: RoleTable
  readonly revision: () => number
  readonly alert: (exchange: Exchange, use: Parameters<AdmissionPorts['alert']>[0]) => Promise<void>
}

/** A message that has been read, and the connection it came on. */
export interface Received {
  readonly root: XmlElement
  readonly bytes: Buffer
  readonly charset: string | undefined
  readonly path: string
  readonly system: CallingSystem
  /** Client certificate of the system. */
  readonly certificate: X509Certificate
  readonly exchange: Exchange
}

export interface XuaGate {
  readonly policyOf: (path: string, systemId: string) => Promise<XuaPolicy>
  /**
   * The user of a message, undefined where it names none and need not.
   * @param claim hears who the assertion says it is, before and after that is known to be true.
   * @throws {IheError} XUA_…, SOAP_MUST_UNDERSTAND; BUSY while our clock is wrong
   */
  readonly userOf: (
    received: Received,
    policy: XuaPolicy,
    claim: (claimed: ClaimedUser) => void,
  ) => Promise<User | undefined>
  /**
   * An assertion about one patient serves for that patient only.
   * @param patients CX of those that the message is about.
   * @throws {IheError} XUA_NOT_HERE
   */
  readonly assertPatients: (user: User, patients: readonly string[]) => Promise<void>
}

/** Header blocks that are understood where assertions are looked at. */
export const UNDERSTOOD_WITH_XUA: ReadonlySet<string> = new Set([SECURITY])

const MAX_REMEMBERED = 10_000

export function createXuaGate(options: XuaOptions): XuaGate {
  const remembered = createMemory(MAX_REMEMBERED)
  return {
    policyOf: async (path, systemId) => {
      const policy = options.policies.get(path) ?? 'optional'
      if (policy !== 'optional') return policy
      return (await options.trust()).strict.has(systemId) ? 'required' : policy
    },
    userOf: async (received, policy, claim) => {
      if (policy === 'ignored') return undefined
      const now = new Date()
      const presented = readSecurity({
        root: received.root,
        text: () => decodeXml(received.bytes, received.charset).text,
        now,
        skewMs: options.skewMs,
      })
      if (presented === undefined) {
        if (policy === 'required') throw iheError('XUA_MISSING', { at: 'Envelope/Header', rule: 'wsse:Security' })
        return undefined
      }
      const concern = await options.clockConcern()
      if (concern !== undefined) throw iheError('BUSY', { at: 'Envelope/Header', rule: concern })
      return admitted({ presented, received, policy, now, claim }, { options, remembered })
    },
    assertPatients: (user, patients) => assertPatients(user, patients, options.store),
  }
}

interface Arriving {
  readonly presented: PresentedAssertion
  readonly received: Received
  readonly policy: XuaPolicy
  readonly now: Date
  readonly claim: (claimed: ClaimedUser) => void
}

interface House {
  readonly options: XuaOptions
  readonly remembered: Memory
}

async function admitted(arriving: Arriving, { options, remembered }: House): Promise<User | undefined> {
  const { presented, received, now, claim } = arriving
  const { issuer, subject } = presented
  claim({ issuer, subject, verified: false })
  const trust = await options.trust()
  if (!trust.issuers.has(issuer) && mayPass(arriving, options)) return undefined
  const admissible = verified({ presented, trust, now }, remembered)
  claim({ issuer: admissible.assertion.issuer, subject: admissible.assertion.nameId, verified: true })
  const { path, system, certificate } = received
  return admit(
    {
      admissible,
      trust,
      arrival: {
        now,
        skewMs: options.skewMs,
        endpoint: `${options.publicUrl}${path}`,
        audiences: [options.publicUrl, options.homeCommunityId, ...options.audiences],
        communities: [system.community ?? options.homeCommunityId],
        isGateway: system.community !== undefined,
        facilities: [system, ...(trust.delegations.get(system.systemId) ?? [])],
        peer: certificate,
        peerFingerprint: certificate.fingerprint256,
      },
    },
    {
      store: options.store,
      roles: options.roles,
      revision: options.revision,
      alert: (use) => options.alert(received.exchange, use),
    },
  )
}

/** What has to be understood cannot be passed over. */
function mayPass({ policy, received }: Arriving, { unknownIssuer }: XuaOptions): boolean {
  return unknownIssuer === 'ignore' && policy === 'optional' && !isMandatory(received.root)
}

function isMandatory(root: XmlElement): boolean {
  const blocks = root.children.flatMap((part) => (typeof part === 'string' ? [] : part.children))
  return blocks.some((block) => {
    if (typeof block === 'string' || `{${block.ns}}${block.name}` !== SECURITY) return false
    return ['1', 'true'].includes((block.attributes.get(`{${SOAP12}}mustUnderstand`) ?? '').trim())
  })
}

/** Verified now, or before: the signature of the same bytes need not be checked twice. */
function verified(
  given: { readonly presented: PresentedAssertion; readonly trust: Trust; readonly now: Date },
  remembered: Memory,
): Admissible {
  const { presented, trust, now } = given
  const key = createHash('sha256').update(presented.xml).digest('base64')
  const known = remembered.get(key, now)
  if (known !== undefined && isStillCertified(known, trust, now)) return known
  const result = verifyAssertion(presented, () => {
    const issuer = issuerOf(trust, presented.issuer)
    return { certificates: standingCertificates(issuer, now), allowsSha1: issuer.allowsSha1 }
  })
  if (result.assertion.issuer !== presented.issuer)
    throw iheError('XUA_SECURITY', { at: 'Assertion/Issuer', rule: 'the issuer whose key was used' })
  const admissible: Admissible = { ...result, counted: new Set() }
  remembered.put(key, admissible)
  return admissible
}

/** A key that has another certificate now verifies what it signed with the former one: that is for the signature to say again. */
function isStillCertified({ assertion, fingerprint }: Admissible, trust: Trust, now: Date): boolean {
  const certificates = standingCertificates(issuerOf(trust, assertion.issuer), now)
  return certificates.some((certificate) => certificate.fingerprint === fingerprint)
}

interface Memory {
  readonly get: (key: string, now: Date) => Admissible | undefined
  readonly put: (key: string, admissible: Admissible) => void
}

/** The assertions used last, until they expire. */
function createMemory(most: number): Memory {
  const known = new Map<string, Admissible>()
  return {
    get: (key, now) => {
      const found = known.get(key)
      if (found === undefined) return undefined
      known.delete(key)
      if (found.assertion.notOnOrAfter <= now) return undefined
      known.set(key, found)
      return found
    },
    put: (key, admissible) => {
      const [oldest] = known.keys()
      if (known.size >= most && oldest !== undefined) known.delete(oldest)
      known.set(key, admissible)
    },
  }
}

/** The same id, or another one of the same person (ITI TF-2 3.40.4.1.2, resource-id). */
async function assertPatients(user: User, patients: readonly string[], store: AssertionStore): Promise<void> {
  const { patientId } = user
  if (patientId === undefined) return
  const others = [...new Set(patients)].filter((patient) => patient !== formatCx(patientId))
  if (others.length === 0) return
  const ids = others.flatMap((patient) => parseCx(patient) ?? [])
  if (ids.length < others.length || !(await store.isOnePerson([patientId, ...ids])))
    throw iheError('XUA_NOT_HERE', { at: 'resource-id', rule: 'the patient of the message' })
}
