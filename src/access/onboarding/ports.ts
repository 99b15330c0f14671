// What is kept of invitations and of a system's first steps (docs/onboarding.md); db implements it.

import type { Role } from '../../model/caller.ts'
import type { Signed } from '../certificates/ports.ts'
import type { Change, Changed } from '../ports.ts'

/** `redeemed`, `withdrawn` and `expired` are for good. */
export type InvitationState = 'open' | 'redeemed' | 'expired' | 'withdrawn'

export interface NewInvitation {
  readonly systemId: string
  readonly days: number
  /** In the operator's words: to whom it was given. */
  readonly note?: string
}

export interface InvitationRecord {
  readonly invitationId: string
  readonly systemId: string
  readonly facilityId: string
  readonly state: InvitationState
  readonly note?: string
  readonly createdAt: string
  readonly createdBy: string
  readonly expiresAt: string
  readonly redeemedAt?: string
  /** Address of whoever redeemed it. */
  readonly redeemedFrom?: string
  /** Of the certificate that was issued. */
  readonly fingerprint?: string
  readonly withdrawnAt?: string
  readonly withdrawnBy?: string
}

/** Who an invitation is for, as certificate and answer name them. */
export interface InvitedSystem {
  readonly systemId: string
  readonly facilityId: string
  readonly facilityOid: string
  readonly facilityName: string
  readonly facilityCode?: string
  readonly roles: readonly Role[]
  /** Assigning authority of the facility's patient numbers. */
  readonly patientDomain?: string
}

export interface Attempt {
  readonly secretDigest: string
  /** Of the public key in the request. */
  readonly keyDigest: string
  readonly peer: string
}

/** Why an invitation was refused: for audit and journal, never for whoever tried. */
export type RefusedBecause = 'unknown' | 'redeemed' | 'expired' | 'withdrawn' | 'its system or facility is not active'

/** Certificate and what stands above it, PEM. */
export interface Certified {
  readonly certificatePem: string
  readonly chainPem: string
}

export type Redemption =
  | ({
      /** `again`: an answer that was lost is given once more. */
      readonly kind: 'issued' | 'again'
      readonly invitationId: string
      readonly system: InvitedSystem
    } & Certified)
  | { readonly kind: 'refused'; readonly because: RefusedBecause; readonly invitationId?: string }

/** How long the same invitation and key get the same certificate again. */
export const AGAIN_WITHIN_MINUTES = 60

export interface InvitationStore {
  /** `missing`: no such system; `inactive`: it, or its facility, is suspended or has ended. */
  readonly create: (
    invitation: NewInvitation,
    secretDigest: string,
    change: Change,
  ) => Promise<InvitationRecord | 'missing' | 'inactive'>
  /** The newest first. */
  readonly list: () => Promise<readonly InvitationRecord[]>
  readonly find: (invitationId: string) => Promise<InvitationRecord | undefined>
  /** `conflict` for one that was redeemed. */
  readonly withdraw: (invitationId: string, change: Change) => Promise<Changed>
  /**
   * Once only, all of it in one transaction: invitation, certificate and audit event, or as if nothing had been. Whoever tries the same
   * invitation meanwhile waits. `sign` may be called again after a conflict, and throws when there is nothing to sign with.
   */
  readonly redeem: (
    attempt: Attempt,
    sign: (system: InvitedSystem) => Promise<Signed>,
  ) => Promise<Redemption | { readonly kind: 'key in use' }>
}

/** The first exchange of a kind that a system had. */
export interface First {
  readonly transaction: string
  readonly result: 'success' | 'partial' | 'failure'
  readonly at: string
  readonly journal: string
}

export interface LastRefusal {
  readonly transaction: string
  readonly at: string
  readonly journal: string
  readonly errors: readonly { readonly code: string; readonly at?: string; readonly rule?: string }[]
}

/** What audit and journal know of the first steps of a system. */
export interface Progress {
  readonly system: InvitedSystem
  /** The first that was registered for it. */
  readonly certificate?: { readonly at: string }
  /** Until when the one that lasts longest is valid. */
  readonly validTo?: string
  readonly firsts: readonly First[]
  readonly lastRefusal?: LastRefusal
}

export interface ProgressStore {
  /** Undefined when there is no such system. */
  readonly progress: (systemId: string, transactions: readonly string[]) => Promise<Progress | undefined>
}
