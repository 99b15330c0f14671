// What is trusted of assertions, and what is kept of their use; db implements it (ITI TF-2 3.40).

import type { CallingSystem } from '../../model/caller.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { Change, Changed, Stored } from '../ports.ts'

/** What an endpoint does with assertions: needs one, checks one that is there, does not look. */
export const XUA_POLICIES = ['required', 'optional', 'ignored'] as const
export type XuaPolicy = (typeof XUA_POLICIES)[number]

/** A certificate of an issuer, by which its signatures are verified. */
export interface IssuerCertificate {
  /** SHA-256 of the DER, as Node prints it. */
  readonly fingerprint: string
  readonly pem: string
  readonly notBefore: Date
  readonly notAfter: Date
}

/** A facility whose users an issuer may assert, with the organization-ids that mean it besides its own OID. */
export interface IssuerFacility {
  readonly facilityId: string
  readonly organizationIds: readonly string[]
}

/** An assertion provider of the network (X-Assertion Provider). */
export interface Issuer {
  readonly issuerId: string
  /** Content of saml2:Issuer. */
  readonly entityId: string
  readonly status: 'active' | 'suspended'
  /** `network`: users of every facility, each named by an organization-id; `facilities`: of those listed. */
  readonly scope: 'network' | 'facilities'
  readonly facilities: readonly IssuerFacility[]
  readonly certificates: readonly IssuerCertificate[]
  readonly allowsSha1: boolean
  /** Issuer has to have a Format, as the profiles of NHIN want it. */
  readonly needsFormats: boolean
  readonly maxLifetimeSeconds: number
  /** AuthnContextClassRef values that will do; absent: DEFAULT_AUTHN_CONTEXTS. */
  readonly authnContexts?: readonly string[]
  /** Audiences besides those of the network. */
  readonly audiences: readonly string[]
}

export interface Trust {
  /** By entityId. */
  readonly issuers: ReadonlyMap<string, Issuer>
  /** Systems that are held to more than the endpoint asks. */
  readonly strict: ReadonlySet<string>
  /** By system: further facilities whose users it may send. */
  readonly delegations: ReadonlyMap<string, readonly NamedFacility[]>
}

/** A facility as assertions name it. */
export type NamedFacility = Pick<CallingSystem, 'facilityId' | 'facilityOid'>

/** The member of staff that a subject is. */
export interface KnownSubject {
  readonly staffId: string
  readonly isActive: boolean
  readonly job: string
  /** Absent: staff of the network. */
  readonly facilityId?: string
}

/** One use of an assertion, seen by this process for the first time. */
export interface Use {
  readonly issuerId: string
  readonly assertionId: string
  readonly subject: string
  /** SHA-256 of what was signed. */
  readonly digest: string
  /** Of the client certificate that it came with. */
  readonly fingerprint: string
  readonly expiresAt: Date
}

export interface UseCount {
  /** Of all processes, this one included. */
  readonly uses: number
  /** Client certificates that it came with, in the order of their first use. */
  readonly fingerprints: readonly string[]
  /** False: another assertion of the same issuer and ID was used before. */
  readonly isSame: boolean
}

export interface AssertionStore {
  readonly trust: () => Promise<Trust>
  /** Counted in one statement that all processes share. */
  readonly use: (use: Use) => Promise<UseCount>
  readonly subject: (issuerId: string, subject: string) => Promise<KnownSubject | undefined>
  /** Are all these ids one person's? */
  readonly isOnePerson: (ids: readonly PatientId[]) => Promise<boolean>
  /** Erases what has expired; how many. */
  readonly forget: () => Promise<number>
}

export interface StaffIdentity {
  readonly issuerId: string
  readonly subject: string
  readonly staffId: string
}

export type NewIssuer = Omit<Issuer, 'status' | 'certificates'>

/** Administration of issuers, each change with its audit event. */
export interface IssuerStore {
  readonly issuers: () => Promise<readonly Issuer[]>
  readonly addIssuer: (issuer: NewIssuer, change: Change) => Promise<Stored | 'missing'>
  readonly setIssuer: (
    issuerId: string,
    set: { readonly status?: Issuer['status']; readonly facilities?: readonly IssuerFacility[] },
    change: Change,
  ) => Promise<Changed>
  readonly removeIssuer: (issuerId: string, change: Change) => Promise<Changed>
  readonly addIssuerCertificate: (
    issuerId: string,
    certificate: IssuerCertificate,
    change: Change,
  ) => Promise<Stored | 'missing'>
  readonly removeIssuerCertificate: (issuerId: string, fingerprint: string, change: Change) => Promise<Changed>
  readonly identities: (issuerId: string) => Promise<readonly StaffIdentity[]>
  readonly addIdentity: (identity: StaffIdentity, change: Change) => Promise<Stored | 'missing'>
  readonly removeIdentity: (identity: Omit<StaffIdentity, 'staffId'>, change: Change) => Promise<Changed>
  /** `required`: the system has to send assertions wherever they are not ignored. */
  readonly setSystemPolicy: (systemId: string, policy: 'required' | 'as-endpoint', change: Change) => Promise<Changed>
}
