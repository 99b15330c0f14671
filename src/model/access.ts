// Facts and answers of the access decision (design §4); the decision itself is src/access/decide.ts.

import type { Level } from './confidentiality.ts'
import type { PatientId } from './identifiers.ts'

export interface Consent {
  /** `comprehensive` (包括同意): all facilities of the union; `individual` (個別同意): the facilities named. */
  readonly kind: 'comprehensive' | 'individual'
  readonly facilities: readonly string[]
  readonly excludedFacilities: readonly string[]
  /** classCode values the patient excluded. */
  readonly excludedKinds: readonly string[]
}

/** Emergency access (EMS) that runs: it stands for the link and for being named by an individual consent (docs/adr/0024). */
export interface EmergencyAccess {
  /** classCodes that it opens; null is all. */
  readonly kinds: readonly string[] | null
  /** Under which it is reviewed. */
  readonly grantId?: string
}

/** What is true now of one person and one facility. */
export interface AccessFacts {
  /** The facility has its own patient number linked to the person. */
  readonly linked: boolean
  readonly consents: readonly Consent[]
  /** Of the facility, to this person. */
  readonly emergency: readonly EmergencyAccess[]
  /** Support was stopped at the patient's wish (支援中止): nobody sees, nobody publishes, the publisher neither. */
  readonly stopped: boolean
}

/** Why something is or is not allowed; written to audit and journal, never to the caller. */
export type Reason =
  | 'affinity-domain mode'
  | 'own document'
  | 'union, consent and link stand'
  | 'emergency access stands'
  | 'support was stopped'
  | 'no consent stands'
  | 'consent excludes the facility'
  | 'consent excludes the publishing facility'
  | 'consent excludes the kind of document'
  | 'the facility has no linked patient number'
  | 'emergency access is for other kinds of document'
  | 'no union with the publishing facility'
  | 'confidentiality above the system’s ceiling'
  | 'confidentiality above the right of the job'
  | 'confidentiality above the right of the person'
  | 'the viewing facility narrowed the right'
  | 'the facility does not publish the kind to the job'
  | 'the agreement with the community is for other kinds of document'
  | 'the purpose of use opens nothing'
  | 'facility is in no union'
  | 'unknown patient'
  | 'published by another facility'

export interface Decision {
  readonly allowed: boolean
  readonly reason: Reason
}

/** What the decision asks, in this order. */
export const FACTORS = [
  'support',
  'access mode',
  'owner',
  'purpose of use',
  'consent',
  'viewing facility',
  'link',
  'union',
  'publishing facility',
  'kind',
  'right',
] as const

/** One answer of the decision: the first that opens or closes decides; where all hold the document is seen. */
export interface Factor {
  readonly name: (typeof FACTORS)[number]
  readonly outcome: 'opens' | 'holds' | 'closes'
  /** Of what holds: whether by rule, or by emergency access alone. */
  readonly reason: Reason
}

/** How far a viewer may look, and why not further. */
export interface Right {
  readonly level: Level
  readonly reason: Reason
}

/** What of these facilities' documents is visible. */
export interface Opening {
  readonly publishers: readonly string[]
  /** What opened them. */
  readonly reason: Reason
  /** For every kind that has no right of its own. */
  readonly right: Right
  /** By classCode. */
  readonly kinds: Readonly<Record<string, Right>>
}

/**
 * What a caller may see of one person's documents, as a value that both `admits` and the SQL of the read path evaluate,
 * so that counts and limits never tell of hidden documents.
 */
export interface Scope {
  readonly mode: 'everything' | 'nothing' | 'by-rule'
  readonly ownFacility: string
  /** Other facilities that union, consent and link open, each once; rights may let nothing of theirs be seen. */
  readonly openings: readonly Opening[]
  /** Facilities of a union of the viewer's that are shown nothing of, and why. */
  readonly closed: Readonly<Record<string, Reason>>
  readonly excludedKinds: readonly string[]
  readonly decision: Decision
}

/** Other facilities of whose documents something may be visible in this scope. */
export function publishersOf({ openings }: Scope): readonly string[] {
  return openings.flatMap((opening) => (opensAnything(opening) ? opening.publishers : []))
}

/** What opens nothing of any kind hides packages too, those that hold nothing among them. */
export function opensAnything({ right, kinds }: Opening): boolean {
  return right.level !== 'none' || Object.values(kinds).some(({ level }) => level !== 'none')
}

export interface DocumentTraits {
  readonly publisher: string
  /** classCode without scheme. */
  readonly kind: string
  /** `code^^scheme`. */
  readonly confidentiality: readonly string[]
}

/** A key that no person has. */
export const NOBODY = '-1'

/** A person as one caller may know them. */
export interface PatientAccess {
  readonly personKey: string
  /** The affinity-domain id that metadata carries. */
  readonly patientId: PatientId
  readonly scope: Scope
  readonly publish: Decision
  /** Grants of emergency access that run, for the audit. */
  readonly emergency?: readonly string[]
}

/** Emergency access under which these persons are looked at, as evidence has it. */
export function emergencyOf(accesses: Iterable<Pick<PatientAccess, 'emergency'>>): Pick<PatientAccess, 'emergency'> {
  const grants = new Set([...accesses].flatMap(({ emergency = [] }) => emergency))
  return grants.size === 0 ? {} : { emergency: [...grants] }
}
