// Neighbouring communities (XCA) as administration knows them: which facility of ours stands for which community (docs/federation.md).

import type { Change, Changed, Stored } from '../change.ts'

/** `test`: asked for `testSystems` alone. `paused`: not asked. */
export const PARTNER_STATES = ['active', 'test', 'paused'] as const
export type PartnerState = (typeof PARTNER_STATES)[number]

/** What can be changed of it; what is absent is as it usually is. */
export interface PartnerTerms {
  /** Addresses of its Responding Gateway for ITI-38 and ITI-39; absent: it is not asked. */
  readonly queryUrl?: string
  readonly retrieveUrl?: string
  /** Its ITI-55 address, and the ITI-44 and ITI-45 address of its PIX Manager. */
  readonly discoveryUrl?: string
  readonly pixUrl?: string
  /** How long a call may take, from the request to the whole answer, milliseconds. */
  readonly queryMs?: number
  readonly retrieveMs?: number
  /** How a patient of ours is found there; absent: by the numbers of it that are linked here. */
  readonly identity?: 'none' | 'xcpd' | 'pix'
  /** Its answers come on a connection of their own (WS-Addressing). */
  readonly isAsynchronous?: boolean
  /** It wants an assertion about who asks, for this audience (XUA). */
  readonly assertionAudience?: string
  readonly status?: PartnerState
  /** Systems for which it is asked while it is tried. */
  readonly testSystems?: readonly string[]
}

export interface Partner extends PartnerTerms {
  /** The facility under which the community's systems, certificates and patient numbers are registered here. */
  readonly facilityId: string
  /** Its homeCommunityId, without urn:oid:. */
  readonly community: string
}

/** Null takes a member away. */
export type PartnerEdit = {
  readonly [Name in keyof PartnerTerms]?:
    | PartnerTerms[Name]
    | (Name extends 'queryUrl' | 'retrieveUrl' | 'discoveryUrl' | 'pixUrl' | 'assertionAudience' ? null : never)
}

export interface PartnerRecord extends Omit<Partner, 'status'> {
  readonly status: PartnerState | 'removed'
  readonly name: string
  readonly addedAt: string
  readonly addedBy: string
  readonly changedAt?: string
  readonly changedBy?: string
}

/** How calls of one transaction to it ended, by the journal of all processes. */
export interface PartnerCalls {
  readonly transaction: string
  readonly lastSuccessAt?: string
  readonly lastFailureAt?: string
  /** Code and rule of the last failure. */
  readonly lastFailure?: string
  readonly inTheLastHour: { readonly succeeded: number; readonly failed: number }
}

/** Ids of patients that are known from it, and that it knows of us (ITI-55), beside numbers of it that are linked here. */
export interface PartnerPatients {
  readonly linked: number
  readonly theirs: number
  readonly unknownThere: number
  readonly ours: number
}

/** What terms may not say. */
export type PartnerFault =
  | { readonly fault: 'query and retrieve together' }
  | { readonly fault: 'no address for identity'; readonly identity: 'xcpd' | 'pix' }
  | { readonly fault: 'no address'; readonly member: string; readonly value: string }
  | { readonly fault: 'unknown system'; readonly systemId: string }

export interface PartnerStore {
  /** Removed ones too. */
  readonly partners: () => Promise<readonly PartnerRecord[]>
  /** `conflict` when facility or community stand for another already; `missing` for an unknown facility. One that was removed comes back. */
  readonly addPartner: (partner: Partner, change: Change) => Promise<Stored | 'missing' | PartnerFault>
  /** `missing` for one that was removed too. */
  readonly editPartner: (facilityId: string, edit: PartnerEdit, change: Change) => Promise<Changed | PartnerFault>
  /** Nothing is asked of it or shown to it any more; what was learned of patients from it, and what was tolerated of it, ends. */
  readonly removePartner: (facilityId: string, change: Change) => Promise<Changed>
  readonly partnerCalls: (facilityId: string) => Promise<readonly PartnerCalls[]>
  readonly partnerPatients: (facilityId: string) => Promise<PartnerPatients>
}
