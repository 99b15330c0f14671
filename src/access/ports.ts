// What administration keeps: facilities, systems, certificates, unions, consents (design §4). db implements it.

import type { AccessMode, Confidentiality, FacilityStatus, Role } from '../model/caller.ts'
import type { RuleSwitches } from '../model/rule-switch.ts'

/** Who did it and from where; every change is audited in the transaction that makes it. */
export interface Change {
  readonly by: string
  readonly peer: string
  /** What was done, in words without personal data. */
  readonly operation: string
  /** In the words of whoever did it; kept with what keeps a history. */
  readonly reason?: string
}

/** `created`, `unchanged` when the same content was there, `conflict` when other content was. */
export type Stored = 'created' | 'unchanged' | 'conflict'

/** `unchanged` when it is so already, `conflict` when it cannot be taken back. */
export type Changed = 'changed' | 'unchanged' | 'conflict' | 'missing'

export interface Facility {
  readonly facilityId: string
  readonly oid: string
  readonly code?: string
  readonly name: string
  readonly nameKana?: string
  readonly kind: 'gateway' | 'store-client' | 'manual' | 'viewing'
  readonly patientIdForm: string
  readonly facilityType?: string
  readonly patientDomain: { readonly oid: string; readonly name: string }
  readonly status: FacilityStatus
}

/** One change of a facility's state, the newest first in a list. */
export interface FacilityStatusRecord {
  readonly status: FacilityStatus
  readonly setAt: string
  readonly setBy: string
  readonly reason?: string
}

export interface SystemRecord {
  readonly systemId: string
  readonly facilityId: string
  readonly roles: readonly Role[]
  readonly accessMode?: AccessMode
  readonly assigningAuthority?: string
  readonly repositories: readonly string[]
  readonly confidentialityCeiling: Confidentiality
  readonly ruleSwitches: RuleSwitches
  readonly status: 'active' | 'suspended'
}

export interface Certificate {
  readonly fingerprint: string
  readonly serial: string
  readonly subject: string
  readonly issuer: string
  readonly notBefore: Date
  readonly notAfter: Date
}

export interface CertificateRecord extends Omit<Certificate, 'notBefore' | 'notAfter'> {
  readonly systemId: string
  readonly status: 'active' | 'suspended' | 'revoked'
  readonly notBefore: string
  readonly notAfter: string
}

export interface Union {
  readonly unionId: string
  readonly name: string
  readonly kind: 'open' | 'closed'
}

export interface UnionRecord extends Union {
  readonly members: readonly {
    readonly facilityId: string
    readonly validFrom: string
    readonly validTo: string | null
  }[]
}

export interface Membership {
  readonly unionId: string
  readonly facilityId: string
  readonly validFrom?: string
  readonly validTo?: string
}

export interface NewConsent {
  readonly personKey: string
  readonly kind: 'comprehensive' | 'individual'
  readonly facilities: readonly string[]
  readonly excludedFacilities: readonly string[]
  readonly excludedKinds: readonly string[]
  readonly validFrom?: string
  readonly validTo?: string
  readonly evidence?: string
}

export interface ConsentRecord extends Omit<NewConsent, 'personKey' | 'validFrom' | 'validTo' | 'evidence'> {
  readonly consentId: string
  readonly validFrom: string
  readonly validTo: string | null
  readonly withdrawnAt: string | null
  readonly recordedBy: string
  readonly evidence: string | null
}

/** Writes answer `missing` when what they refer to is not there. */
export interface AdministrationStore {
  readonly facilities: () => Promise<readonly Facility[]>
  readonly addFacility: (facility: Facility, change: Change) => Promise<Stored>
  /** `conflict` for a facility that has ended. What is withheld for one that ends is erased with it. */
  readonly setFacilityStatus: (facilityId: string, status: FacilityStatus, change: Change) => Promise<Changed>
  readonly facilityStatuses: (facilityId: string) => Promise<readonly FacilityStatusRecord[]>
  readonly systems: () => Promise<readonly SystemRecord[]>
  readonly addSystem: (system: SystemRecord, change: Change) => Promise<Stored | 'missing'>
  readonly setSystemStatus: (systemId: string, status: SystemRecord['status'], change: Change) => Promise<Changed>
  /** Replaces all rule switches of a system. */
  readonly setRuleSwitches: (systemId: string, switches: RuleSwitches, change: Change) => Promise<Changed>
  readonly certificates: (systemId: string) => Promise<readonly CertificateRecord[]>
  readonly addCertificate: (systemId: string, certificate: Certificate, change: Change) => Promise<Stored | 'missing'>
  readonly setCertificateStatus: (
    fingerprint: string,
    status: CertificateRecord['status'],
    change: Change,
  ) => Promise<Changed>
  readonly unions: () => Promise<readonly UnionRecord[]>
  readonly addUnion: (union: Union, change: Change) => Promise<Stored>
  readonly addMember: (membership: Membership, change: Change) => Promise<Stored | 'missing'>
  readonly endMembership: (membership: Membership, change: Change) => Promise<Changed>
  readonly consents: (personKey: string) => Promise<readonly ConsentRecord[]>
  readonly addConsent: (
    consent: NewConsent,
    change: Change,
  ) => Promise<{ readonly stored: 'created' | 'unchanged'; readonly consentId: string }>
  readonly withdrawConsent: (consentId: string, change: Change) => Promise<Changed>
  readonly setting: (name: string) => Promise<string | undefined>
  readonly putSetting: (name: string, value: string, change: Change) => Promise<Changed>
}
