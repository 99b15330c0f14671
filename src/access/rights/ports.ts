// Access rights and audiences as administration keeps them (idlink R-2, U-7). db implements it.

import type { AccessRight, Audience, RightHolder } from '../../model/rights.ts'
import type { Change, Changed, Stored } from '../ports.ts'

/** Of whom: one holder, one job or all, one kind or all. */
export type RightKey = Omit<AccessRight, 'ceiling'>

interface Validity {
  readonly validFrom?: string
  readonly validTo?: string
}

interface Kept {
  readonly validFrom: string
  readonly validTo: string | null
  readonly setAt: string
  readonly setBy: string
  readonly reason: string | null
  /** Taken back before its time. */
  readonly endedAt: string | null
  readonly endedBy: string | null
}

export type NewRight = AccessRight & Validity
export type RightRecord = AccessRight & Kept & { readonly rightId: string }
export type NewAudience = Audience & Validity
export type AudienceRecord = Audience & Kept & { readonly audienceId: string }

/** What is set later goes before what was set earlier, while it holds. */
export interface RightsStore {
  /** The newest first, ended ones too; of one holder, or of all. */
  readonly rights: (holder: RightHolder | undefined) => Promise<readonly RightRecord[]>
  readonly setRight: (right: NewRight, change: Change) => Promise<Stored | 'missing'>
  /** Ends all that holds or will hold of the key. */
  readonly removeRight: (key: RightKey, change: Change) => Promise<Changed>
  /** Undefined when there is no such facility. */
  readonly audiences: (facilityId: string) => Promise<readonly AudienceRecord[] | undefined>
  readonly setAudience: (audience: NewAudience, change: Change) => Promise<Stored | 'missing'>
  readonly removeAudience: (key: Omit<Audience, 'jobs'>, change: Change) => Promise<Changed>
  readonly setEmergencyOpensV: (unionId: string, opens: boolean, change: Change) => Promise<Changed>
}
