// What emergency access (EMS) keeps and asks of its surroundings; db implements it (docs/emergency.md).

import type { AccessFacts } from '../../model/access.ts'
import type { CallingSystem } from '../../model/caller.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { Job } from '../../model/user.ts'
import type { Disaster, EmergencyForm } from './form.ts'

/** Who uses emergency access: a member of staff, or whom an assertion names. */
export interface EmsUser {
  readonly facilityId: string
  readonly staffId?: string
  readonly name: string
  readonly job: Job
}

/** Of an active facility, active, with the EMS right. */
export interface EmsStaff extends EmsUser {
  readonly staffId: string
}

/** Who has the number, as the decision about a facility needs it. */
export interface NumberHolder {
  readonly personKey: string
  /** Id of the affinity domain. */
  readonly patientId: PatientId
  /** The number as it is kept. */
  readonly number: PatientId
  readonly facts: AccessFacts
}

/** Is the facility told by an entry in its inbox only, or is the user to tell it besides, which disaster mode may waive? */
export type Contact = 'due' | 'waived' | 'not-due'

export interface NewGrant {
  readonly user: EmsUser
  readonly personKey: string
  readonly patientId: PatientId
  /** Whose number was given; absent for an id of the affinity domain. */
  readonly publisherId?: string
  readonly number: PatientId
  readonly origin: 'staff' | 'assertion'
  readonly reasonCode: EmergencyForm['reasonCode'] | 'asserted'
  readonly reason: string
  readonly consentKind: NonNullable<EmergencyForm['consentKind']> | 'omitted' | 'asserted'
  readonly consentBy?: string
  readonly chartNoted: boolean
  readonly disasterId?: string
  readonly hours: number
  readonly notices: readonly { readonly facilityId: string; readonly contact: Contact }[]
}

/** Who did it, from where, and in which exchange, for the audit event. */
export interface Act {
  readonly by: string
  readonly peer: string
  readonly exchangeId?: string
  /** Where the exchange came in; the admin API when left out. */
  readonly endpoint?: string
}

export interface StandingGrant {
  readonly grantId: string
  readonly startedAt: Date
  readonly endsAt: Date
}

/** The newest grant of a user to a person. */
export interface FormerGrant extends StandingGrant {
  readonly state: 'running' | 'unreviewed' | 'reviewed'
}

/** Why a patient was not opened, for the audit; the caller learns as little as with an unknown number. */
export type Refusal =
  | 'nothing to open'
  | 'too many entries that opened nothing'
  | 'too many patients in an hour'
  | 'renewal without review'

/** One transaction: the grant, its notices and its audit event stand together or not at all. */
export interface EmergencyTransaction {
  /** Locked, so that the attempts of a person follow one another. */
  readonly lockStaff: (staffId: string) => Promise<EmsStaff | undefined>
  /** Entries of a member of staff within an hour that opened nothing. */
  readonly misses: (staffId: string) => Promise<number>
  /** Undefined for a facility that is not active. */
  readonly viewer: (facilityId: string) => Promise<CallingSystem | undefined>
  /** Undefined when nobody has the number in that facility's form, or more than one person. */
  readonly holderOfNumber: (asked: AskedNumber) => Promise<NumberHolder | undefined>
  readonly holderOfPatientId: (asked: AskedPatientId) => Promise<NumberHolder | undefined>
  /** The one person whom these documents are about. */
  readonly holderOfDocuments: (asked: AskedDocuments) => Promise<NumberHolder | undefined>
  /** Of a union that the facility shares with one of the others. */
  readonly disaster: (facilityId: string, others: readonly string[]) => Promise<Disaster | undefined>
  /** May assertions open patients for the facility, and for the member of staff that the user is, if they are one? */
  readonly mayAssert: (user: EmsUser) => Promise<boolean>
  /** Grants of a user within an hour. */
  readonly grantsOf: (user: EmsUser) => Promise<number>
  /** What has run out is ended before. */
  readonly former: (user: EmsUser, personKey: string) => Promise<FormerGrant | undefined>
  /** Which of these facilities published about the person. */
  readonly publishersOf: (personKey: string, among: ReadonlySet<string>) => Promise<readonly string[]>
  /** With its notices and the alert 110127; undefined when the same user opened the same person at this moment. */
  readonly open: (grant: NewGrant, act: Act) => Promise<StandingGrant | undefined>
  /** Counts for the limit where `staffId` is given, and is audited (110132). */
  readonly refuse: (refused: Refused, act: Act) => Promise<void>
}

export interface AskedNumber {
  readonly viewerId: string
  readonly publisherId: string
  /** Of the domains of a facility that has several. */
  readonly domain?: string
  readonly number: string
}

export interface AskedPatientId {
  readonly viewerId: string
  readonly patientId: PatientId
  /** The one patient whom the assertion is about. */
  readonly about?: PatientId
}

export interface AskedDocuments extends Omit<AskedPatientId, 'patientId'> {
  readonly repositoryUniqueId: string
  readonly uniqueIds: readonly string[]
}

export interface Refused {
  readonly why: Refusal
  /** Of the user. */
  readonly facilityId: string
  /** Whose number was given. */
  readonly publisherId?: string
  readonly staffId?: string
  readonly patient?: PatientId
}

export interface EmergencySettings {
  /** Hours that a grant runs. */
  readonly hours: number
  /** Entries of one person within an hour that may open nothing. */
  readonly misses: number
  /** Do assertions of the purpose emergency open patients at all? */
  readonly byAssertion: boolean
}

export interface EmergencyPorts {
  readonly settings: EmergencySettings
  readonly inTransaction: <T>(work: (tx: EmergencyTransaction) => Promise<T>) => Promise<T>
}
