// What the matcher says about records and persons: features, comparisons with their evidence, decisions (Fellegi and Sunter).

import type { MatchRule } from '../../../profiles/matching/policy.ts'
import type { Demographics } from '../../model/person.ts'
import type { MatchFeatures } from './features.ts'

/** Surrogate key of a person, as the ports have it. */
type PersonKey = string

/** One record as the matcher is asked about it. */
export interface MatchRecord {
  /** OID of the assigning authority: two numbers of one domain are never linked by similarity. */
  readonly domain: string
  readonly features: MatchFeatures
}

export interface CandidateRecord extends MatchRecord {
  /** Surrogate key of the record. */
  readonly record: string
  /** Staff decided that this record and the one asked about are different people. */
  readonly vetoed: boolean
}

/** A person who has at least one record in a block of the record asked about, with every active record of that person. */
export interface CandidatePerson {
  readonly person: PersonKey
  readonly records: readonly CandidateRecord[]
}

/** How one field of two records compares; the sum of `bits` over all fields is the score. */
export interface FieldEvidence {
  readonly field: string
  /** Comparison level, best first, e.g. `equal`, `variant`, `one character`, `differs`, `missing`. */
  readonly level: string
  /** log2(m/u) of the level, 0 for a missing value. */
  readonly bits: number
}

/** A hard rule that fired. `veto`: never the same person; `cap`: staff decide, whatever the score. */
export interface RuleHit {
  readonly rule: MatchRule
  readonly effect: 'veto' | 'cap'
}

export interface Comparison {
  /** Sum over the fields, bits. */
  readonly score: number
  readonly fields: readonly FieldEvidence[]
  readonly rules: readonly RuleHit[]
  /** Name of the rule that links without a score (deterministic rule), if one holds. */
  readonly deterministic?: string
}

export interface MatchPolicy {
  /** `auto`: link above autoBits. `review`: staff decide everything. `off`: nobody is asked. */
  readonly mode: 'auto' | 'review' | 'off'
  readonly autoBits: number
  readonly reviewBits: number
  /** How far the best person must be ahead of the second, bits. */
  readonly marginBits: number
  /** Authorities whose every number is one person's alone; numbers of others are not compared. */
  readonly personalIdentifiers?: readonly string[]
  /** Rules that do not hold; for data without families only, never for patients. */
  readonly suspended?: readonly MatchRule[]
}

export interface ReviewFinding {
  readonly person: PersonKey
  /** The record of that person that compares best. */
  readonly record: string
  /** Why staff are asked: `possible`, `tie`, `bridge`, `unlike-another-record` (of that person), or the rule that capped. */
  readonly reason: string
  readonly comparison: Comparison
}

export type Decision =
  | {
      readonly kind: 'link'
      readonly person: PersonKey
      readonly record: string
      readonly comparison: Comparison
      /** Others who were close enough that staff should know. */
      readonly reviews: readonly ReviewFinding[]
    }
  | { readonly kind: 'apart'; readonly reviews: readonly ReviewFinding[] }

/** What features are made of: the person as the source described them, and further identifiers that came with the record. */
export interface Described {
  readonly demographics: Demographics
  /** Identifiers of persons (region, insurance with branch), as `value^^^&OID&ISO`. */
  readonly identifiers: readonly string[]
}
