// What a simulation reads: a day of looks from the journal with the facts of today, and all that is set in the network (docs/adr/0033).

import type { AccessFacts, DocumentTraits } from '../../model/access.ts'
import type { CallingSystem } from '../../model/caller.ts'
import type { Confidentiality } from '../../model/confidentiality.ts'
import type { AccessRules } from '../../model/rights.ts'
import type { User } from '../../model/user.ts'

/** All that a change of policy may change, but consents, which belong to patients. */
export interface NetworkPolicy {
  /** Of every facility; unions with their active members. */
  readonly rules: AccessRules
  readonly facilities: ReadonlyMap<string, 'active' | 'not active'>
  readonly ceilings: ReadonlyMap<string, Confidentiality>
}

/** A document as it would be judged, with the facts of its patient. */
export interface Candidate {
  readonly facts: AccessFacts
  readonly traits: DocumentTraits
}

/** What was looked at once: seen if one of the candidates is. */
export interface LookedAt {
  readonly candidates: readonly Candidate[]
  /** Documents alike. */
  readonly documents: number
}

export type SimulatedViewer = CallingSystem & { readonly user?: User }

/** One access of the journal. */
export interface Look {
  readonly journalId: string
  /** `query`: of all documents of its patients; `document`: of those that were asked for. */
  readonly look: 'query' | 'document'
  readonly facilityId: string
  /** As the doors know it today; undefined where they let nobody in. */
  readonly viewer: SimulatedViewer | undefined
  readonly lookedAt: readonly LookedAt[]
  /** Patients and documents that are no more. */
  readonly gone: number
}

export interface SimulationPorts {
  readonly network: () => Promise<NetworkPolicy>
  readonly isStaff: (staffId: string) => Promise<boolean>
  /** Page by page, as the journal has them. */
  readonly looks: (day: string) => AsyncIterable<readonly Look[]>
  readonly record: (tried: {
    readonly by: string
    readonly peer: string
    readonly operation: string
    readonly patients: readonly string[]
  }) => Promise<void>
}
