// The person behind a call: asserted by SAML (ITI TF-2 3.40) or logged on at the admin API; absent where a system speaks for itself.

import type { Code } from './code.ts'
import type { Oid, PatientId } from './identifiers.ts'

/** Job categories (職種); `system` is a caller without a named person. */
export const JOBS = [
  'doctor',
  'dentist',
  'pharmacist',
  'nurse',
  'public-health-nurse',
  'midwife',
  'radiological-technologist',
  'medical-technologist',
  'therapist',
  'dietitian',
  'dental-hygienist',
  'clinical-engineer',
  'emergency-technician',
  'social-worker',
  'care-manager',
  'care-worker',
  'clerk',
  'system',
] as const
export type Job = (typeof JOBS)[number]

/** Why a record is looked at; `other` opens nothing. */
export const PURPOSES = ['treatment', 'emergency', 'other'] as const
export type Purpose = (typeof PURPOSES)[number]

export interface User {
  /** `alias<user@issuer>`, as ATNA writes it (ITI TF-2 3.40.4.2); of a member of staff, the staff id. */
  readonly name: string
  readonly origin: 'assertion' | 'session'
  /** The member of staff that this is, where we know. */
  readonly staffId?: string
  readonly displayName?: string
  readonly job: Job
  /** As asserted, for the audit (RoleIDCode). */
  readonly roles: readonly Code[]
  readonly purpose: Purpose
  /** As asserted, for the audit (PurposeOfUse). */
  readonly purposeOfUse?: Code
  readonly organization?: string
  readonly organizationId?: string
  readonly homeCommunityId?: Oid
  /** How and when the person logged on, as asserted. */
  readonly authentication?: { readonly context: string; readonly at: Date }
  /** The one patient the assertion is about (resource-id). */
  readonly patientId?: PatientId
}

/** What a person may do in administration (管理権限). Nobody has clinical content by being an operator. */
export const STAFF_ROLES = [
  /** Runs the network: facilities, systems, unions, agreements, certificates; sees no clinical content. */
  'network-operator',
  /** Reads audit and journal, changes nothing. */
  'auditor',
  /** Of a facility: its staff, its contract, its certificates and emergency notices. */
  'facility-administrator',
  /** Of a facility: registers patients, consents and links. */
  'registrar',
  /** Of a facility: reads clinical content as the job allows. */
  'clinician',
] as const
export type StaffRole = (typeof STAFF_ROLES)[number]

/** Who asks the admin API. `host`: whoever may read the token file of the server; an operator without clinical content. */
export type Principal =
  | { readonly kind: 'host' }
  | {
      readonly kind: 'staff'
      readonly staffId: string
      /** Absent: staff of the network. */
      readonly facilityId?: string
      readonly roles: readonly StaffRole[]
      readonly job: Job
      readonly mayUseEms: boolean
    }
