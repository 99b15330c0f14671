// What an explanation of access asks of the house: who looks, the patient with the facts of the decision, and what stands behind those facts.

import type { AccessFacts, DocumentTraits } from '../../model/access.ts'
import type { FacilityStatus } from '../../model/caller.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { Job, Purpose } from '../../model/user.ts'
import type { Viewer } from '../viewer.ts'

/** Whose look is asked about. */
export interface AskedViewer {
  readonly facilityId: string
  /** Absent: as its staff look, or by the only system that queries. */
  readonly systemId?: string
  readonly staffId?: string
  readonly job?: Job
  readonly purpose?: Purpose
}

export interface AskedAccess extends AskedViewer {
  readonly patient: PatientId
  /** uniqueId; absent: documents of the patient in general. */
  readonly document?: string
  /** Facility whose staff asks; absent: who runs the network. */
  readonly askedFor?: string
}

/** A certificate of the system, newest first in a list. */
export interface CertificateState {
  readonly status: 'active' | 'suspended' | 'revoked' | 'expired'
  readonly notAfter: string
}

/** What the doors look at before anything else. */
export interface DoorState {
  readonly facility: { readonly facilityId: string; readonly name: string; readonly status: FacilityStatus }
  readonly system?: {
    readonly systemId: string
    readonly status: 'active' | 'suspended'
    readonly certificates: readonly CertificateState[]
  }
  /** Whether the person may log on at all. */
  readonly staff?: {
    readonly staffId: string
    readonly facilityId?: string
    readonly job: Job
    readonly status: 'active' | 'suspended' | 'ended'
    readonly isInPeriod: boolean
  }
}

export interface FoundPerson {
  readonly personKey: string
  /** In the network. */
  readonly patientId: PatientId
  readonly facts: AccessFacts
  /** Facility of the number that was given, if it is one's. */
  readonly numberOf?: string
}

export interface ConsentBehind {
  readonly consentId: string
  readonly kind: 'comprehensive' | 'individual'
  readonly relation?: string
  readonly recordedBy: string
  readonly validFrom: string
  readonly validTo?: string
  readonly withdrawnAt?: string
  readonly facilities: readonly string[]
  readonly excludedFacilities: readonly string[]
  readonly excludedKinds: readonly string[]
  readonly stands: boolean
}

/** What stands behind the facts: rows with their dates. */
export interface Behind {
  /** Those that stand, or else the one that ended last. */
  readonly consents: readonly ConsentBehind[]
  /** Numbers of the viewing facility. */
  readonly links: readonly { readonly value: string; readonly since: string }[]
  /** Unions of viewer and publisher, now or before. */
  readonly unions: readonly UnionBehind[]
  readonly emergency: readonly {
    readonly grantId: string
    readonly startedAt: string
    readonly endsAt: string
    readonly kinds: readonly string[] | null
  }[]
  readonly stop?: { readonly stoppedAt: string; readonly stoppedBy: string }
}

export interface UnionBehind {
  readonly unionId: string
  readonly name: string
  readonly facilityId: string
  readonly since: string
  readonly until?: string
  readonly stands: boolean
}

export interface ExplainingPorts {
  /** Undefined where facility, system or person is unknown, or the system is of another facility. */
  readonly doors: (asked: AskedViewer) => Promise<DoorState | undefined>
  /** The viewer as the doors read it; undefined when the facility is not active and no system is named. */
  readonly viewer: (asked: AskedViewer) => Promise<Viewer | undefined>
  readonly person: (asked: Pick<AskedAccess, 'patient' | 'facilityId'>) => Promise<FoundPerson | undefined>
  readonly isPatientOf: (personKey: string, facilityId: string) => Promise<boolean>
  /** Traits of the newest versions of a person's entries with this uniqueId. */
  readonly documents: (personKey: string, uniqueId: string) => Promise<readonly DocumentTraits[]>
  readonly behind: (about: {
    readonly personKey: string
    readonly facilityId: string
    readonly publisher?: string
  }) => Promise<Behind>
  /** Audit of the question. */
  readonly record: (asked: {
    readonly by: string
    readonly peer: string
    readonly operation: string
    readonly patients: readonly string[]
  }) => Promise<void>
}
