// Discovery of patients at other communities in the hands of staff: asked for on purpose, what was learned and told, what was left open (docs/federation.md).

import type { Discovered } from './discover.ts'
import type { QuestionReason } from './discovery-ports.ts'

/** An id that a community told us of a person, or that we told it; without an id: the community does not know the person. */
export interface Correlation {
  readonly correlationId: string
  readonly facilityId: string
  readonly side: 'theirs' | 'ours'
  readonly home: string
  readonly domain?: string
  readonly value?: string
  /** The exchange in the journal from which it is known. */
  readonly exchangeId: string
  readonly learnedAt: string
  readonly expiresAt: string
  readonly endedAt?: string
  readonly endedReason?: string
}

/** An answer from which nobody was chosen. */
export interface OpenQuestion {
  readonly questionId: string
  readonly facilityId: string
  /** The network's own id of the person. */
  readonly patient: string
  readonly reason: QuestionReason
  readonly told: readonly string[]
  readonly exchangeId: string
  readonly askedAt: string
  /** Until then the community is not asked again by itself. */
  readonly expiresAt: string
}

/** `no partner`: nothing lets us ask it; `no consent`: none for sharing covers it. */
export type Sought = Discovered | { readonly kind: 'no partner' | 'no consent' }

export interface DiscoveryAdministration {
  /** Asks a community who a patient is there, whatever is known already; audited. */
  readonly discover: (
    asked: {
      readonly facilityId: string
      readonly patient: string
      /** For which it is asked, where the agreement is with some facilities only. */
      readonly forFacility?: string
    },
    who: { readonly by: string; readonly peer: string },
  ) => Promise<Sought>
  /** The newest first. */
  readonly correlations: (personKey: string) => Promise<readonly Correlation[]>
  /** Those that no later answer and no linked number has settled, the oldest first. */
  readonly questions: () => Promise<readonly OpenQuestion[]>
}
