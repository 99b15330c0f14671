// What became of a sample, in figures: pairs of records that are one person against pairs that ended as one.

import { grouped } from '../../../model/grouped.ts'
import { type Fed, recordAt } from './feeding.ts'
import { errorsOfPair, type Relation, type Sample } from './sample.ts'

export interface Share {
  readonly of: number
  readonly count: number
  /** 1 when there is nothing to be a share of. */
  readonly share: number
}

export interface Pair {
  readonly one: number
  readonly other: number
}

export interface Figures {
  readonly precision: Share
  readonly recall: Share
  /** Recall of the pairs with kana and birth date intact and nothing of a life changed. */
  readonly intactRecall: Share
  readonly recallByError: ReadonlyMap<string, Share>
  /** Of the true pairs those that share a block. */
  readonly blockingRecall: Share
  /** Pairs of records that became one though they are not, by how their persons are related. */
  readonly wrongPairs: ReadonlyMap<Relation, readonly Pair[]>
  readonly missedPairs: readonly Pair[]
  /** Review items a record. */
  readonly reviews: Share
  readonly reviewReasons: ReadonlyMap<string, number>
}

/** Errors after which kana and birth date no longer say what is true. */
const NOT_INTACT: ReadonlySet<string> = new Set([
  'missingKana',
  'smallKana',
  'longVowel',
  'eraSlip',
  'dateDigit',
  'swappedNames',
  'unnamed',
  'formerName',
])

export function figuresOf(sample: Sample, fed: Fed): Figures {
  const truePairs = pairsWithin(sample.records.map(({ truth }) => truth))
  const isLinked = ({ one, other }: Pair): boolean => fed.persons[one] === fed.persons[other]
  const withErrors = truePairs.map((pair) => ({
    linked: isLinked(pair),
    errors: errorsOfPair(recordAt(sample, pair.one), recordAt(sample, pair.other)),
  }))
  const intact = withErrors.filter(({ errors }) => !errors.some((error) => NOT_INTACT.has(error)))
  const made = pairsWithin(fed.persons)
  const wrong = made.filter(({ one, other }) => recordAt(sample, one).truth !== recordAt(sample, other).truth)
  const reviews = fed.decisions.flatMap((decision) => decision.reviews)
  return {
    precision: shareOf(made.length - wrong.length, made.length),
    recall: shareOf(withErrors.filter(({ linked }) => linked).length, withErrors.length),
    intactRecall: shareOf(intact.filter(({ linked }) => linked).length, intact.length),
    recallByError: byError(withErrors),
    blockingRecall: shareOf(truePairs.filter((pair) => sharesBlock(fed, pair)).length, truePairs.length),
    wrongPairs: grouped(wrong, ({ one, other }) =>
      sample.relation(recordAt(sample, one).truth, recordAt(sample, other).truth),
    ),
    missedPairs: truePairs.filter((pair) => !isLinked(pair)),
    reviews: shareOf(reviews.length, sample.records.length),
    reviewReasons: new Map(
      [...grouped(reviews, ({ reason }) => reason)].map(([reason, { length }]) => [reason, length]),
    ),
  }
}

function shareOf(count: number, of: number): Share {
  return { count, of, share: of === 0 ? 1 : count / of }
}

/** All pairs of places that have the same group. */
function pairsWithin(groups: readonly number[]): readonly Pair[] {
  const pairs: Pair[] = []
  for (const members of grouped([...groups.keys()], (index) => groups[index]).values())
    members.forEach((one, place) => {
      for (const other of members.slice(place + 1)) pairs.push({ one, other })
    })
  return pairs
}

interface JudgedPair {
  readonly linked: boolean
  readonly errors: readonly string[]
}

/** Pairs with several errors count for each; `none` are those without any. */
function byError(pairs: readonly JudgedPair[]): ReadonlyMap<string, Share> {
  const each = pairs.flatMap(({ linked, errors }) =>
    (errors.length === 0 ? ['none'] : errors).map((error) => ({ error, linked })),
  )
  return new Map(
    [...grouped(each, ({ error }) => error)]
      .map(([error, all]) => [error, shareOf(all.filter(({ linked }) => linked).length, all.length)] as const)
      .toSorted(([one], [other]) => (one < other ? -1 : 1)),
  )
}

function sharesBlock({ blocks }: Fed, { one, other }: Pair): boolean {
  const ofOne = new Set(blocks[one])
  return (blocks[other] ?? []).some((block) => ofOne.has(block))
}
