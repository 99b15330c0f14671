// Access rights (アクセス権): how strictly marked documents a job may see, by kind, and what a facility publishes to whom (security b.2, b.3; idlink R-2, U-7).

import type { Level } from './confidentiality.ts'
import type { Job } from './user.ts'

/** Whose right it is. A union's takes the place of the network's; a facility narrows that of its own staff; a person is named. */
export type RightHolder =
  | { readonly of: 'network' }
  | { readonly of: 'union'; readonly unionId: string }
  | { readonly of: 'facility'; readonly facilityId: string }
  | { readonly of: 'person'; readonly staffId: string }

export interface AccessRight {
  readonly holder: RightHolder
  /** Absent: every job. Of a person there is none. */
  readonly job?: Job
  /** classCode; absent: every kind without a right of its own. */
  readonly kind?: string
  /** The strictest documents of other facilities that may be seen. */
  readonly ceiling: Level
}

/** To whom a facility publishes a kind: its own staff see it in any case. */
export interface Audience {
  readonly facilityId: string
  /** classCode; absent: every kind without an audience of its own. */
  readonly kind?: string
  /** None: nobody outside. */
  readonly jobs: 'all' | readonly Job[]
}

/** A union with its active members. */
export interface SharingUnion {
  readonly unionId: string
  readonly facilities: readonly string[]
  /** Does emergency access open what is very restricted (V)? */
  readonly emergencyOpensV: boolean
  /** classCodes that an agreement with a neighbouring community lets through; absent: all. */
  readonly kinds?: readonly string[]
}

/** All that is set about a facility as viewer: read with its systems. */
export interface AccessRules {
  readonly unions: readonly SharingUnion[]
  /** Those that hold now, at most one of a holder, job and kind. */
  readonly rights: readonly AccessRight[]
  /** Of the facilities it shares a union with. */
  readonly audiences: readonly Audience[]
}

/** Of a network that set nothing. */
export const NO_RULES: AccessRules = { unions: [], rights: [], audiences: [] }
