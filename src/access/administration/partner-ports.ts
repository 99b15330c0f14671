// Neighbouring communities (XCA) as administration knows them: which facility of ours stands for which community (docs/federation.md).

import type { Change, Stored } from '../change.ts'

export interface Partner {
  /** The facility under which the community's systems, certificates and patient numbers are registered here. */
  readonly facilityId: string
  /** Its homeCommunityId, without urn:oid:. */
  readonly community: string
  /** Addresses of its Responding Gateway for ITI-38 and ITI-39; absent: it is not asked. */
  readonly queryUrl?: string
  readonly retrieveUrl?: string
}

export interface PartnerRecord extends Partner {
  readonly name: string
  readonly addedAt: string
  readonly addedBy: string
}

export interface PartnerStore {
  readonly partners: () => Promise<readonly PartnerRecord[]>
  /** `conflict` when facility or community stand for another already; `missing` for an unknown facility. */
  readonly addPartner: (partner: Partner, change: Change) => Promise<Stored | 'missing'>
}
