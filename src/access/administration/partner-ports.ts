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
  /** Its ITI-55 address, and the ITI-44 and ITI-45 address of its PIX Manager. */
  readonly discoveryUrl?: string
  readonly pixUrl?: string
  /** How a patient of ours is found there; absent: by the numbers of it that are linked here. */
  readonly identity?: 'none' | 'xcpd' | 'pix'
  /** Its answers come on a connection of their own (WS-Addressing). */
  readonly isAsynchronous?: boolean
  /** It wants an assertion about who asks, for this audience (XUA). */
  readonly assertionAudience?: string
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
