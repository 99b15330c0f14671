// The matcher as the bench asks it: one model and one policy for all records of a run.

import { FAMILY_RULES } from '../../../../profiles/matching/policy.ts'
import { blocksOf } from '../../../identity/matching/blocks.ts'
import { decide } from '../../../identity/matching/decide.ts'
import type { MatchFeatures } from '../../../identity/matching/features.ts'
import { featuresOf } from '../../../identity/matching/features-of.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY, type MatchModel } from '../../../identity/matching/model.ts'
import { train } from '../../../identity/matching/train.ts'
import type {
  CandidatePerson,
  Decision,
  Described,
  MatchPolicy,
  MatchRecord,
} from '../../../identity/matching/types.ts'

/** A record folded once, with the blocks that it is found by. */
export interface Prepared {
  readonly features: MatchFeatures
  readonly blocks: readonly string[]
}

export interface Matcher {
  readonly prepare: (described: Described) => Prepared
  readonly decide: (record: MatchRecord, candidates: readonly CandidatePerson[]) => Decision
}

/** As it is delivered. */
export function defaultMatcher(): Matcher {
  return matcherOf(DEFAULT_MODEL, DEFAULT_POLICY)
}

/**
 * For files of persons without families, FEBRL: the rules that keep families apart do not hold, nor that an identifier with
 * another name and birth date is wrong (its duplicates change both); two persons who compare alike are one person twice; and
 * 6 bits above the prior (20 of a million) are enough.
 */
const WITHOUT_FAMILIES: MatchPolicy = {
  ...DEFAULT_POLICY,
  suspended: [...FAMILY_RULES, 'identifier-of-another'],
  marginBits: 0,
  autoBits: 26,
}

/** Weighed by what the records teach without labels. */
export function trainedMatcher(records: readonly Described[]): Matcher {
  const model = train(
    records.map((record) => featuresOf(record)),
    { version: 'bench' },
  )
  return matcherOf(model, WITHOUT_FAMILIES)
}

function matcherOf(model: MatchModel, policy: MatchPolicy): Matcher {
  return {
    prepare: (described) => {
      const features = featuresOf(described)
      return { features, blocks: blocksOf(features) }
    },
    decide: (record, candidates) => decide(record, candidates, { model, policy }),
  }
}
