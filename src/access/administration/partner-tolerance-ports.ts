// Deviations of a neighbouring community that are taken for a time, with the reason (docs/federation.md).

import type { ToleranceCode } from '../../../profiles/partners/tolerances.ts'
import type { Change, Changed, Stored } from '../change.ts'

export interface NewPartnerTolerance {
  readonly tolerance: ToleranceCode
  /** First and last day in Japan, YYYY-MM-DD; without a last one it goes on until it is ended. */
  readonly since: string
  readonly until?: string
  readonly reason: string
}

export interface PartnerTolerance extends NewPartnerTolerance {
  readonly toleranceId: string
  readonly state: 'in force' | 'not yet' | 'ended'
  readonly addedAt: string
  readonly addedBy: string
  readonly endedAt?: string
}

export interface PartnerToleranceStore {
  /** Former ones too, the newest first. */
  readonly partnerTolerances: (facilityId: string) => Promise<readonly PartnerTolerance[]>
  /** `missing` for an unknown or removed community. */
  readonly addPartnerTolerance: (
    facilityId: string,
    tolerance: NewPartnerTolerance,
    change: Change,
  ) => Promise<Exclude<Stored, 'conflict'> | 'missing'>
  readonly endPartnerTolerance: (facilityId: string, toleranceId: string, change: Change) => Promise<Changed>
}
