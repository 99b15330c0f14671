// What administration keeps: facilities, systems, certificates, unions, consents (design §4). db implements it.

import type { AccessMode, FacilityStatus, Role } from '../model/caller.ts'
import type { Confidentiality } from '../model/confidentiality.ts'
import type { RuleSwitches } from '../model/rule-switch.ts'
import type { AgreementStore } from './administration/agreement-ports.ts'
import type { ConsentStore } from './administration/consent-ports.ts'
import type { ServiceContractStore } from './administration/contract-ports.ts'
import type { LedgerStore } from './administration/ledger-ports.ts'
import type { PartnerStore } from './administration/partner-ports.ts'
import type { PartnerToleranceStore } from './administration/partner-tolerance-ports.ts'
import type { RepositoryStore } from './administration/repository-ports.ts'
import type { FacilityKind, RevisionStore } from './administration/revision-ports.ts'
import type { SupportStore } from './administration/support-ports.ts'
import type { Change, Changed, Stored } from './change.ts'

export type { Change, Changed, Stored } from './change.ts'

export interface Facility {
  readonly facilityId: string
  readonly oid: string
  readonly code?: string
  readonly name: string
  readonly nameKana?: string
  readonly nameEnglish?: string
  readonly postalCode?: string
  readonly address?: string
  readonly phone?: string
  readonly email?: string
  /** Area that it serves, as the unions name areas. */
  readonly area?: string
  /** Licensed general beds (一般病床). */
  readonly beds?: number
  readonly kind: FacilityKind
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
  /** XDSSubmissionSet.sourceId values that it may send; none: any. */
  readonly sourceIds: readonly string[]
  /** Facilities for which it acts besides its own. */
  readonly delegatedFacilities: readonly string[]
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
  readonly san?: readonly string[]
  readonly pem?: string
  /** SHA-256 of its SubjectPublicKeyInfo, hex. */
  readonly keyHash?: string
}

export interface CertificateRecord extends Omit<Certificate, 'notBefore' | 'notAfter' | 'san' | 'pem' | 'keyHash'> {
  readonly systemId: string
  readonly status: 'active' | 'suspended' | 'revoked'
  readonly notBefore: string
  readonly notAfter: string
}

export interface Union {
  readonly unionId: string
  readonly name: string
  readonly kind: 'open' | 'closed'
  readonly areas?: readonly string[]
  /** Where the range of joint use is published (共同利用の公表). */
  readonly noticeUrl?: string
  readonly validFrom?: string
  readonly validTo?: string
}

export interface UnionRecord extends Omit<Union, 'validFrom' | 'validTo'> {
  readonly areas: readonly string[]
  readonly validFrom: string
  readonly validTo: string | null
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

/** Writes answer `missing` when what they refer to is not there. */
export interface AdministrationStore
  extends ConsentStore,
    SupportStore,
    RevisionStore,
    AgreementStore,
    PartnerStore,
    PartnerToleranceStore,
    RepositoryStore,
    ServiceContractStore,
    LedgerStore {
  readonly facilities: () => Promise<readonly Facility[]>
  readonly addFacility: (facility: Facility, change: Change) => Promise<Stored>
  /** `conflict` for a facility that has ended. What is withheld for one that ends is erased with it. */
  readonly setFacilityStatus: (facilityId: string, status: FacilityStatus, change: Change) => Promise<Changed>
  readonly facilityStatuses: (facilityId: string) => Promise<readonly FacilityStatusRecord[]>
  readonly systems: () => Promise<readonly SystemRecord[]>
  readonly addSystem: (system: SystemRecord, change: Change) => Promise<Stored | 'missing'>
  readonly certificates: (systemId: string) => Promise<readonly CertificateRecord[]>
  readonly addCertificate: (systemId: string, certificate: Certificate, change: Change) => Promise<Stored | 'missing'>
  readonly unions: () => Promise<readonly UnionRecord[]>
  /** Facilities whose registrations the staff of one may know: of its unions, and of open unions where it is in one; itself too. */
  readonly registrationPeers: (facilityId: string) => Promise<readonly string[]>
  readonly addUnion: (union: Union, change: Change) => Promise<Stored>
  readonly addMember: (membership: Membership, change: Change) => Promise<Stored | 'missing'>
  readonly endMembership: (membership: Membership, change: Change) => Promise<Changed>
  readonly setting: (name: string) => Promise<string | undefined>
  readonly putSetting: (name: string, value: string, change: Change) => Promise<Changed>
}
