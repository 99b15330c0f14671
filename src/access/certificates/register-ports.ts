// The register of certificates as staff and upkeep work on it: state, renewal, revocation lists, coming ends (security: issuing; a.4).

import type { RevokeReason } from '../../model/revoke-reason.ts'
import type { Change, Changed } from '../ports.ts'

export type CertificateState = 'active' | 'suspended' | 'revoked' | 'expired'

/** A registered certificate; never its key, which nobody here has. */
export interface CertificateView {
  readonly fingerprint: string
  readonly systemId: string
  readonly facilityId: string
  readonly serial: string
  readonly subject: string
  readonly issuer: string
  readonly san: readonly string[]
  /** Where it is installed, as the facility calls the terminal. */
  readonly terminal?: string
  /** `registered`: issued elsewhere, or by `cert issue`. */
  readonly origin: 'registered' | 'request' | 'pkcs12'
  readonly notBefore: Date
  readonly notAfter: Date
  readonly status: CertificateState
  readonly statusSince: Date
  readonly revokedAt?: Date
  readonly revokeReason?: RevokeReason
  readonly replacedBy?: string
  /** Until when it is good beside the one that replaces it. */
  readonly overlapEndsAt?: Date
}

export interface CertificateFilter {
  readonly systemId?: string
  readonly facilityId?: string
  readonly status?: CertificateState
}

export interface StateChange {
  readonly status: 'active' | 'suspended' | 'revoked'
  /** Of a revocation; absent: unspecified. */
  readonly reason?: RevokeReason
}

export interface CertificateRegister {
  readonly list: (filter: CertificateFilter) => Promise<readonly CertificateView[]>
  readonly find: (fingerprint: string) => Promise<(CertificateView & { readonly pem?: string }) | undefined>
  /** `conflict`: revoked is for ever. */
  readonly setState: (fingerprint: string, state: StateChange, change: Change) => Promise<Changed>
  /** The new certificate is in use: what it replaces is revoked at once. `conflict` when it replaces nothing, or is not good itself. */
  readonly confirm: (fingerprint: string, change: Change) => Promise<Changed>
}
