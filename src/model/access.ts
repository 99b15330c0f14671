// Facts and answers of the access decision (design §4); the decision itself is src/access/decide.ts.

import type { PatientId } from './identifiers.ts'

export interface Consent {
  /** `comprehensive` (包括同意): all facilities of the union; `individual` (個別同意): the facilities named. */
  readonly kind: 'comprehensive' | 'individual'
  readonly facilities: readonly string[]
  readonly excludedFacilities: readonly string[]
  /** classCode values the patient excluded. */
  readonly excludedKinds: readonly string[]
}

/** What is true now of one person and one facility. */
export interface AccessFacts {
  /** The facility has its own patient number linked to the person. */
  readonly linked: boolean
  readonly consents: readonly Consent[]
}

/** Why something is or is not allowed; written to audit and journal, never to the caller. */
export type Reason =
  | 'affinity-domain mode'
  | 'own document'
  | 'union, consent and link stand'
  | 'no consent stands'
  | 'consent excludes the facility'
  | 'consent excludes the kind of document'
  | 'the facility has no linked patient number'
  | 'no union with the publishing facility'
  | 'confidentiality above the system’s ceiling'
  | 'facility is in no union'
  | 'unknown patient'
  | 'published by another facility'

export interface Decision {
  readonly allowed: boolean
  readonly reason: Reason
}

/**
 * What a caller may see of one person's documents, as a value that both `admits` and the SQL of the read path evaluate,
 * so that counts and limits never tell of hidden documents.
 */
export interface Scope {
  readonly mode: 'everything' | 'by-rule'
  readonly ownFacility: string
  /** Other facilities whose documents are visible. */
  readonly publishers: readonly string[]
  readonly excludedKinds: readonly string[]
  /** Confidentiality codes (`code^^scheme`) that are visible; a document with any other code is not. */
  readonly confidentiality: readonly string[]
  readonly decision: Decision
}

export interface DocumentTraits {
  readonly publisher: string
  /** classCode without scheme. */
  readonly kind: string
  /** `code^^scheme`. */
  readonly confidentiality: readonly string[]
}

/** A person as one caller may know them. */
export interface PatientAccess {
  readonly personKey: string
  /** The affinity-domain id that metadata carries. */
  readonly patientId: PatientId
  readonly scope: Scope
  readonly publish: Decision
}
