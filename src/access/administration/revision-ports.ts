// What can be edited of facilities, systems and unions, and the revisions that keep what was there before (idlink, U-1).

import type { Role } from '../../model/caller.ts'
import type { Confidentiality } from '../../model/confidentiality.ts'
import type { RuleSwitches } from '../../model/rule-switch.ts'
import type { Change, Changed } from '../change.ts'

/** One change of what is registered, member by member. */
export interface Revision {
  readonly at: string
  readonly by: string
  readonly reason?: string
  readonly changed: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>
}

export type RevisedSubject = 'facility' | 'system' | 'union' | 'partner' | 'repository'

export const FACILITY_KINDS = ['gateway', 'store-client', 'manual', 'viewing'] as const
export type FacilityKind = (typeof FACILITY_KINDS)[number]

/** Profile of a facility (施設情報); null takes a member away. */
export interface FacilityEdit {
  readonly name?: string
  readonly kind?: FacilityKind
  readonly code?: string | null
  readonly facilityType?: string | null
  readonly nameKana?: string | null
  readonly nameEnglish?: string | null
  readonly postalCode?: string | null
  readonly address?: string | null
  readonly phone?: string | null
  readonly email?: string | null
  readonly area?: string | null
  /** Licensed general beds (一般病床). */
  readonly beds?: number | null
}

export interface SystemEdit {
  readonly status?: 'active' | 'suspended'
  readonly roles?: readonly Role[]
  readonly repositories?: readonly string[]
  readonly sourceIds?: readonly string[]
  readonly delegatedFacilities?: readonly string[]
  readonly confidentialityCeiling?: Confidentiality
  readonly ruleSwitches?: RuleSwitches
}

export interface UnionEdit {
  readonly name?: string
  readonly kind?: 'open' | 'closed'
  readonly areas?: readonly string[]
  readonly noticeUrl?: string | null
}

/** Live figures of a facility (連携患者数, 患者登録数). */
export interface FacilityCounts {
  /** Patients with an active number of the facility. */
  readonly registeredPatients: number
  /** Those of them who have a number of another facility too. */
  readonly linkedPatients: number
}

export interface RevisionStore {
  /** The newest first. */
  readonly revisions: (subject: RevisedSubject, subjectId: string) => Promise<readonly Revision[]>
  /** `conflict` for a code that another facility has. */
  readonly editFacility: (facilityId: string, edit: FacilityEdit, change: Change) => Promise<Changed>
  /** `conflict` when a system of another facility feeds the affinity domain. */
  readonly editSystem: (systemId: string, edit: SystemEdit, change: Change) => Promise<Changed>
  readonly editUnion: (unionId: string, edit: UnionEdit, change: Change) => Promise<Changed>
  /** Ends a union and every membership in it. */
  readonly endUnion: (unionId: string, change: Change) => Promise<Changed>
  readonly facilityCounts: (facilityId: string) => Promise<FacilityCounts>
}
