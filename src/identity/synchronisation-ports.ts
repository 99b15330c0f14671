// How far the index of a neighbouring community is alike, for the operator (docs/federation.md).

export interface SynchronisationState {
  readonly facilityId: string
  /** Ids of ours that the community was told and has. */
  readonly told: number
  /** Of them those for which it named an id of its own. */
  readonly linked: number
  /** Persons who have to be looked at, and for how long the oldest has. */
  readonly waiting: number
  readonly oldestSeconds: number
  readonly parked: number
  /** Answers that were not followed. */
  readonly conflicts: number
  /** How often in a row it could not be reached, and until when it rests. */
  readonly failures: number
  readonly retryAt?: string
}

/** What waits for staff: refused or undeliverable (`parked`), or contradicting what is known here (`conflict`). */
export interface SynchronisationTrouble {
  readonly kind: 'parked' | 'conflict'
  /** Our id of the person. */
  readonly patient?: string
  readonly since: string
  readonly why: string
  /** The exchange in which it came up. */
  readonly exchangeId?: string
}

export interface SynchronisationStore {
  /** `missing` for a facility whose community has no synchronised index. */
  readonly state: (
    facilityId: string,
  ) => Promise<(SynchronisationState & { readonly troubles: readonly SynchronisationTrouble[] }) | 'missing'>
  /** What is parked is tried again, the community is not left to rest any longer, and everybody is asked about anew. */
  readonly resume: (
    facilityId: string,
    change: { readonly by: string; readonly peer: string; readonly operation: string },
  ) => Promise<'changed' | 'missing'>
}
