// What staff, accounts and sessions need of the database; db implements it.

import type { Principal, StaffRole } from '../../model/user.ts'
import type { Change, Changed, Stored } from '../ports.ts'
import type { Hasher, PasswordHash } from './hasher.ts'
import type { StaffChange, StaffEntry, StaffStatus } from './staff.ts'

/** A person with the state of the account, without anything that opens it. */
export interface StaffRecord extends StaffEntry {
  readonly status: StaffStatus
  readonly validFrom: string
  readonly registeredAt: string
  readonly registeredBy: string
  /** `none`: never given an access code. `access-code`: not yet used. `unused`: not used for so long that it is closed. */
  readonly account: 'none' | 'access-code' | 'own' | 'unused'
  readonly secondFactor: boolean
  readonly usedAt?: string
}

export interface StaffHistory {
  readonly changedAt: string
  readonly changedBy: string
  readonly operation: string
  readonly reason?: string
  readonly state: Readonly<Record<string, unknown>>
}

/** Writes keep the history and the audit event in their commit. */
export interface StaffStore {
  /** Of one facility, or of the whole network; by name a person. */
  readonly list: (filter: {
    readonly facilityId?: string
    readonly staffId?: string
  }) => Promise<readonly StaffRecord[]>
  readonly history: (staffId: string) => Promise<readonly StaffHistory[]>
  readonly add: (entry: StaffEntry, change: Change) => Promise<Stored | 'missing'>
  /** `conflict` for a person who has ended. */
  readonly change: (staffId: string, changed: StaffChange, change: Change) => Promise<Changed>
  readonly setStatus: (staffId: string, status: StaffStatus, change: Change) => Promise<Changed>
}

/** What a log-on is judged by. */
export interface LoginAccount {
  readonly staffId: string
  readonly facilityId?: string
  /** Person and facility active and within their times, the account neither unused for long nor its access code over. */
  readonly isOpen: boolean
  readonly password: PasswordHash
  readonly kind: 'access-code' | 'own'
  /** Absent: none that was confirmed. */
  readonly secondFactor?: { readonly secret: Buffer }
}

/** What still has to be done before a session opens anything else. */
export type Pending = 'password' | 'second-factor'

export interface SessionView {
  readonly principal: Extract<Principal, { kind: 'staff' }>
  readonly name: string
  readonly facilityName?: string
  readonly startedAt: string
  /** At the latest; sooner when nothing is asked for. */
  readonly endsAt: string
  readonly idleMinutes: number
  readonly secondFactor: boolean
  readonly pending: readonly Pending[]
  /** Open sessions of the person besides this one. */
  readonly others: readonly { readonly startedAt: string; readonly usedAt: string; readonly peer: string }[]
}

/** Who tried, as far as known, for the audit (User Authentication, DICOM PS3.15 A.5.3.8). */
export interface Attempt {
  readonly staffId?: string
  readonly facilityId?: string
  readonly peer: string
  readonly reason: string
}

export interface OpenedSession {
  readonly staffId: string
  readonly digest: Buffer
  readonly peer: string
  readonly secondFactor: boolean
}

export interface OwnAccount extends LoginAccount {
  readonly roles: readonly StaffRole[]
  readonly former: readonly PasswordHash[]
  /** Id, names and facility: what the password may not be made of. */
  readonly words: readonly string[]
}

export interface AccountStore {
  /** Counts the attempt as a failure until it is settled. @returns milliseconds to wait, 0 when it may be made. */
  readonly claimAttempt: (asked: { readonly user: string; readonly address: string }) => Promise<number>
  /** `uncounted`: it neither failed nor succeeded. */
  readonly settleAttempt: (
    asked: { readonly user: string; readonly address: string },
    outcome: 'succeeded' | 'uncounted',
  ) => Promise<void>
  /** Counts a sheet of paper that a member of staff looks somebody up by, until it found them. @returns as claimAttempt. */
  readonly claimSheet: (staffId: string) => Promise<number>
  readonly sheetFound: (staffId: string) => Promise<void>
  readonly find: (user: string) => Promise<LoginAccount | undefined>
  readonly recordFailure: (attempt: Attempt) => Promise<void>
  /** False when a code of this step or a later one was taken before. */
  readonly takeStep: (staffId: string, step: number) => Promise<boolean>
  readonly takeRecoveryCode: (staffId: string, digest: Buffer) => Promise<boolean>
  /** Audited in its commit; at most so many of a person are open, the oldest ends. False when the password `shown` was replaced meanwhile. */
  readonly openSession: (session: OpenedSession, shown: PasswordHash) => Promise<boolean>
  /** The session as it is now, used by this request; undefined when it opens nothing any more. */
  readonly session: (digest: Buffer) => Promise<SessionView | undefined>
  readonly endSession: (digest: Buffer, peer: string) => Promise<void>
  readonly own: (staffId: string) => Promise<OwnAccount | undefined>
  /** All sessions of the person end, and `session` begins. False when the password is no longer the one that it replaces. */
  readonly setPassword: (
    session: OpenedSession,
    password: { readonly made: PasswordHash; readonly replaces: PasswordHash },
    change: Change,
  ) => Promise<boolean>
  /**
   * A password of ours until it is replaced by an own one, and for days only. Sessions end, and the second factor where it shall be set up
   * anew. `conflict` for a person who has ended, or when another code was given meanwhile.
   */
  readonly giveAccessCode: (
    staffId: string,
    password: PasswordHash,
    given: Change & { readonly secondFactor: 'keep' | 'reset' },
  ) => Promise<'given' | 'missing' | 'conflict'>
  readonly beginSecondFactor: (staffId: string, secret: Buffer) => Promise<'begun' | 'confirmed'>
  readonly unconfirmedSecret: (staffId: string) => Promise<Buffer | undefined>
  /** All sessions of the person end, and `session` begins. False when it was confirmed meanwhile. */
  readonly confirmSecondFactor: (
    session: OpenedSession,
    confirmed: { readonly step: number; readonly recoveryCodes: readonly Buffer[] },
    change: Change,
  ) => Promise<boolean>
  /** The wait after failed log-ons is over. */
  readonly unlock: (staffId: string, change: Change) => Promise<Changed>
  readonly setIdleMinutes: (facilityId: string, minutes: number | null, change: Change) => Promise<Changed>
  readonly idleMinutes: (
    facilityId: string,
  ) => Promise<{ readonly minutes: number; readonly origin: 'facility' | 'network' } | undefined>
}

export interface AccountPorts {
  readonly staff: StaffStore
  readonly accounts: AccountStore
  readonly hasher: Hasher
  /** A name in kana as it is typed in Latin letters. */
  readonly reading: (name: string) => string
  readonly now: () => number
}
