// How emergency access is reviewed: grants, the notices of publishers, disaster mode, and what becomes of them (docs/emergency.md).

import type { Changed } from '../ports.ts'
import type { Disaster, Relaxable } from './form.ts'
import type { Act, NewGrant } from './ports.ts'

/** `waived` by disaster mode; `not-due`: told by the inbox only. */
export type ContactState = 'contacted' | 'due' | 'overdue' | 'waived' | 'not-due'

export interface ContactView {
  readonly facilityId: string
  readonly name: string
  readonly state: ContactState
  readonly dueAt: string
  readonly contactedAt: string | null
  readonly contactBy: string | null
  readonly remindedAt: string | null
}

/** A grant as it is reviewed. */
export interface GrantView {
  readonly grantId: string
  readonly facilityId: string
  readonly facilityName: string
  readonly user: string
  readonly staffId: string | null
  readonly job: string | null
  readonly origin: NewGrant['origin']
  readonly publisherId: string | null
  readonly publisherName: string | null
  readonly number: string | null
  readonly reasonCode: NewGrant['reasonCode']
  readonly reason: string | null
  readonly consentKind: NewGrant['consentKind']
  readonly consentBy: string | null
  readonly chartNoted: boolean
  readonly inDisaster: boolean
  readonly startedAt: string
  readonly endsAt: string
  readonly endedAt: string | null
  readonly endedBy: string | null
  readonly endReason: string | null
  readonly state: 'running' | 'ended'
  /** The most urgent of its contacts. */
  readonly contact: ContactState
  readonly contacts: readonly ContactView[]
  readonly reviewedAt: string | null
  readonly reviewedBy: string | null
  readonly reviewComment: string | null
}

/** What the publishing facility finds in its inbox. */
export interface NoticeView {
  readonly noticeId: string
  readonly grantId: string
  readonly facilityId: string
  readonly facilityName: string
  readonly user: string
  readonly job: string | null
  readonly origin: NewGrant['origin']
  /** The publishing facility's own numbers of the patient. */
  readonly numbers: readonly string[]
  readonly reasonCode: NewGrant['reasonCode']
  readonly reason: string
  readonly consentKind: NewGrant['consentKind']
  readonly consentBy: string | null
  readonly inDisaster: boolean
  readonly startedAt: string
  readonly endsAt: string
  readonly endedAt: string | null
  readonly state: ContactState
  readonly dueAt: string
  readonly contactedAt: string | null
  readonly notedAt: string | null
  readonly notedBy: string | null
}

export interface GrantFilter {
  readonly facilityId?: string
  readonly state?: 'running' | 'ended' | 'overdue' | 'unreviewed'
  /** First moment, and first moment after it, of when grants began. */
  readonly from?: Date
  readonly to?: Date
  readonly limit: number
  /** Newest first: those before this one. */
  readonly after?: string
}

export interface EmergencyCounts {
  readonly running: number
  readonly unreviewed: number
  readonly overdue: number
  readonly unread: number
  /** Entries of the last day that opened nothing. */
  readonly misses: number
}

export interface DisasterMode extends Disaster {
  readonly unionId: string
  readonly validFrom: string
  readonly validTo: string
  readonly words: string
  readonly setAt: string
  readonly setBy: string
  readonly endedAt: string | null
  readonly endedBy: string | null
  readonly endReason: string | null
  readonly state: 'coming' | 'standing' | 'over'
}

export interface NewDisaster {
  readonly unionId: string
  readonly validFrom?: string
  readonly validTo: string
  readonly words: string
  readonly relaxed: readonly Relaxable[]
  readonly grantDays: number
}

/** Reading and what becomes of grants; every change is audited in its transaction. */
export interface EmergencyStore {
  readonly grants: (filter: GrantFilter) => Promise<readonly GrantView[]>
  readonly grant: (grantId: string) => Promise<GrantView | undefined>
  readonly counts: () => Promise<EmergencyCounts>
  /** With the alert 110138; `unchanged` when it has ended. */
  readonly end: (grantId: string, act: Act & { readonly reason: string }) => Promise<Changed>
  /** The user told the facility, or all that were to be told; `conflict` for another day than the one that stands. */
  readonly contacted: (
    grantId: string,
    act: Act & { readonly facilityId?: string; readonly at: Date },
  ) => Promise<Changed>
  readonly review: (grantId: string, act: Act & { readonly comment: string }) => Promise<Changed>
  readonly notices: (asked: NoticeFilter) => Promise<readonly NoticeView[]>
  readonly acknowledge: (noticeId: string, act: Act & { readonly facilityId: string }) => Promise<Changed>
  /** A report of personal data left the network (110101 Audit Log Used). */
  readonly reported: (act: Act & { readonly operation: string }) => Promise<void>
  readonly disasters: () => Promise<readonly DisasterMode[]>
  /** `conflict` with one that stands or comes. */
  readonly declare: (
    disaster: NewDisaster,
    act: Act,
  ) => Promise<
    | { readonly stored: 'created'; readonly disasterId: string }
    | { readonly stored: 'conflict' }
    | { readonly stored: 'missing' }
  >
  readonly lift: (disasterId: string, act: Act & { readonly reason: string }) => Promise<Changed>
  readonly setAssertions: (facilityId: string, allowed: 'yes' | 'no', act: Act) => Promise<Changed>
}

export interface NoticeFilter {
  readonly facilityId: string
  readonly state?: 'unread' | 'overdue' | 'due'
  readonly limit: number
  readonly after?: string
}
