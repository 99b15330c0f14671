// Learns a model from records without labels: u from random pairs, m by expectation and maximisation over blocked pairs (Winkler 1988).

import { MOST_SHARING_PERSONS } from '../../../profiles/matching/policy.ts'
import {
  DEFAULT_WEIGHTS,
  type FieldWeights,
  type LevelWeight,
  type MatchField,
} from '../../../profiles/matching/weights.ts'
import { blocksOf } from './blocks.ts'
import { findingsOf, levelsOf } from './compare.ts'
import { FOLD_VERSION, type MatchFeatures } from './features.ts'
import type { FoldedName, NameScript } from './fold-name.ts'
import { DEFAULT_MODEL, type MatchModel, type NameTable, prepare } from './model.ts'

export interface TrainingOptions {
  /** Name of the model; every link will tell it. */
  readonly version: string
  /** How many persons the index is to hold; when absent, as many as the records seem to be of. */
  readonly population?: number
  readonly seed?: number
}

const RANDOM_PAIRS = 100_000
const MOST_BLOCKED_PAIRS = 400_000
/** Larger blocks say little: their pairs are chance. */
const LARGEST_BLOCK = 50
const ROUNDS = 30
const DEFAULT_SEED = 20_261_121
/** How many pairs the defaults count as, so that a level nobody has seen keeps a sensible weight. */
const PRIOR_RANDOM_PAIRS = 20
const PRIOR_MATCHED_PAIRS = 20
const FIRST_MATCHED_SHARE = 0.3
const LEAST_MATCHED_SHARE = 0.001
const MOST_MATCHED_SHARE = 0.999
const MOST_NAMES = 20_000

/** Level by field of one pair; fields that a side lacks are absent. */
type Levels = ReadonlyMap<string, string>

/**
 * A model for these records. The same records, options and seed give the same model.
 * @param records one per source record, duplicates among them: what is learned is how they differ.
 */
export function train(records: readonly MatchFeatures[], options: TrainingOptions): MatchModel {
  const random = patternsOf(randomPairs(records, randomOf(options.seed ?? DEFAULT_SEED)))
  const pairs = blockedPairs(records)
  const blocked = patternsOf(pairs)
  const roughly = {
    ...maximised(blocked, shares(random, 'u', PRIOR_RANDOM_PAIRS)),
    u: shares(random, 'u', PRIOR_RANDOM_PAIRS),
  }
  // Among random pairs are some of one person: they are taken out before chance agreement is counted.
  const strangers = random.map(
    ({ levels, weight }) =>
      ({ levels, weight: weight * (1 - posterior(levels, roughly, 1 / Math.max(records.length, 2))) }) as const,
  )
  const u = shares(strangers, 'u', PRIOR_RANDOM_PAIRS)
  const { m } = maximised(blocked, u)
  const population =
    options.population ?? Math.max(2, records.length - laterRecords(pairs, { m, u }, 1 / Math.max(records.length, 2)))
  return {
    version: options.version,
    foldVersion: FOLD_VERSION,
    population,
    fields: weightsOf(m, u),
    family: namesOf(records, 'family'),
    given: namesOf(records, 'given'),
    sharedPhones: phonesOfMany(records),
  }
}

type RecordPair = readonly [MatchFeatures, MatchFeatures]

/** A way to agree and differ, and how many pairs do: a million pairs are some thousand patterns. */
interface Pattern {
  readonly levels: Levels
  readonly weight: number
}

function patternsOf(pairs: readonly RecordPair[]): readonly Pattern[] {
  const patterns = new Map<string, { levels: Levels; weight: number }>()
  const model = prepare(DEFAULT_MODEL)
  for (const [a, b] of pairs) {
    const levels = levelsOf(findingsOf(a, b, model))
    const key = JSON.stringify([...levels])
    const known = patterns.get(key)
    if (known === undefined) patterns.set(key, { levels, weight: 1 })
    else known.weight += 1
  }
  return [...patterns.values()]
}

/** How many records are most likely of a person whom an earlier record describes. */
function laterRecords(pairs: readonly RecordPair[], estimate: Estimate, prior: number): number {
  const model = prepare(DEFAULT_MODEL)
  const later = new Set<MatchFeatures>()
  for (const [a, b] of pairs) {
    if (!later.has(b) && posterior(levelsOf(findingsOf(a, b, model)), estimate, prior) > 0.5) later.add(b)
  }
  return later.size
}

/** Mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

function randomPairs(records: readonly MatchFeatures[], random: () => number): readonly RecordPair[] {
  const pairs: RecordPair[] = []
  const most = Math.min(RANDOM_PAIRS, (records.length * (records.length - 1)) / 2)
  while (pairs.length < most) {
    const a = records[Math.floor(random() * records.length)]
    const b = records[Math.floor(random() * records.length)]
    if (a !== undefined && b !== undefined && a !== b) pairs.push([a, b])
  }
  return pairs
}

function blockedPairs(records: readonly MatchFeatures[]): readonly RecordPair[] {
  const blocks = new Map<string, number[]>()
  records.forEach((record, at) => {
    for (const key of blocksOf(record)) {
      const block = blocks.get(key)
      if (block === undefined) blocks.set(key, [at])
      else block.push(at)
    }
  })
  const seen = new Set<number>()
  for (const block of blocks.values()) {
    if (block.length > LARGEST_BLOCK) continue
    for (const [a, b] of pairsOf(block)) {
      if (seen.size < MOST_BLOCKED_PAIRS) seen.add(a * records.length + b)
    }
  }
  return [...seen].flatMap((pair) => {
    const a = records[Math.floor(pair / records.length)]
    const b = records[pair % records.length]
    return a === undefined || b === undefined ? [] : [[a, b] as const]
  })
}

function pairsOf(block: readonly number[]): readonly (readonly [number, number])[] {
  return block.flatMap((a, at) => block.slice(at + 1).map((b) => [a, b] as const))
}

/** Share of each level in each field. */
type Shares = ReadonlyMap<string, ReadonlyMap<string, number>>

interface Estimate {
  readonly m: Shares
  readonly u: Shares
}

/**
 * What makes the blocked pairs likeliest: m of those of one person, u of the others. Who shares a block agrees more often than
 * chance (a town, a family name), so this u is of the blocks alone.
 */
function maximised(pairs: readonly Pattern[], chance: Shares): Estimate {
  let estimate: Estimate = { m: shares([], 'm', PRIOR_MATCHED_PAIRS), u: chance }
  let matchedShare = FIRST_MATCHED_SHARE
  const total = Math.max(weightOf(pairs), 1)
  for (let round = 0; round < ROUNDS; round += 1) {
    const matched: Pattern[] = []
    const others: Pattern[] = []
    for (const { levels, weight } of pairs) {
      const probability = posterior(levels, estimate, matchedShare)
      matched.push({ levels, weight: weight * probability })
      others.push({ levels, weight: weight * (1 - probability) })
    }
    estimate = { m: shares(matched, 'm', PRIOR_MATCHED_PAIRS), u: shares(others, 'u', PRIOR_RANDOM_PAIRS) }
    matchedShare = Math.min(MOST_MATCHED_SHARE, Math.max(LEAST_MATCHED_SHARE, weightOf(matched) / total))
  }
  return estimate
}

function weightOf(pairs: readonly Pattern[]): number {
  return pairs.reduce((sum, { weight }) => sum + weight, 0)
}

/** Probability that a pair is of one person, fields taken as independent. */
function posterior(levels: Levels, { m, u }: Estimate, prior: number): number {
  let odds = prior / (1 - prior)
  for (const [field, level] of levels) {
    const ifOne = m.get(field)?.get(level)
    const ifTwo = u.get(field)?.get(level)
    if (ifOne !== undefined && ifTwo !== undefined) odds *= ifOne / ifTwo
  }
  return odds / (1 + odds)
}

/** Share of each level among weighted pairs, the defaults counting as `prior` pairs. */
function shares(pairs: readonly Pattern[], side: 'm' | 'u', prior: number): Shares {
  const counts = new Map<string, Map<string, number>>(FIELDS.map(([field]) => [field, new Map<string, number>()]))
  for (const { levels, weight } of pairs) {
    for (const [field, level] of levels) {
      const levelCounts = counts.get(field)
      levelCounts?.set(level, (levelCounts.get(level) ?? 0) + weight)
    }
  }
  return new Map(
    FIELDS.map(([field, levels]) => {
      const counted = counts.get(field) ?? new Map<string, number>()
      const total = [...counted.values()].reduce((sum, count) => sum + count, prior)
      const share = ([level, weight]: readonly [string, LevelWeight]) =>
        [level, ((counted.get(level) ?? 0) + prior * weight[side]) / total] as const
      return [field, new Map(Object.entries(levels).map(share))]
    }),
  )
}

const FIELDS = Object.entries(DEFAULT_WEIGHTS) as readonly (readonly [MatchField, FieldWeights])[]

function weightsOf(m: Shares, u: Shares): MatchModel['fields'] {
  const weight = (field: string, level: string): LevelWeight => ({
    m: m.get(field)?.get(level) ?? 1,
    u: u.get(field)?.get(level) ?? 1,
  })
  const fields = FIELDS.map(([field, levels]) => [
    field,
    Object.fromEntries(Object.keys(levels).map((level) => [level, weight(field, level)])),
  ])
  return Object.fromEntries(fields) as MatchModel['fields']
}

/** Shares of the names, each once a record; a name seen once is worth what an unlisted one is: one in all. */
function namesOf(records: readonly MatchFeatures[], part: 'family' | 'given'): NameTable {
  const table = (script: NameScript): Readonly<Record<string, number>> => {
    const counts = new Map<string, number>()
    let total = 0
    for (const { names } of records) {
      const keys = names.flatMap((name) => keyOf(name, part, script))
      for (const key of new Set(keys)) counts.set(key, (counts.get(key) ?? 0) + 1)
      if (keys.length > 0) total += 1
    }
    const common = [...counts].filter(([, count]) => count > 1).toSorted((a, b) => b[1] - a[1] || order(a[0], b[0]))
    return Object.fromEntries(common.slice(0, MOST_NAMES).map(([name, count]) => [name, count / total]))
  }
  const frequencies = { kanji: table('kanji'), kana: table('kana'), latin: table('latin') }
  return { frequencies, unlisted: 1 / Math.max(records.length, 2) }
}

/** Readings are counted of kana names too: a kana name and a Latin one are compared by them. */
function keyOf(name: FoldedName, part: 'family' | 'given', script: NameScript): string | readonly [] {
  const key = script === 'latin' ? name.reading?.[part === 'family' ? 0 : 1] : name[part]
  const isOfScript = script === 'latin' ? name.reading !== undefined : name.script === script
  return isOfScript && key !== undefined && key !== '' ? key : []
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Numbers under which more different birth dates are known than live in a household. */
function phonesOfMany(records: readonly MatchFeatures[]): readonly string[] {
  const births = new Map<string, Set<string>>()
  for (const { phones, birth = '' } of records) {
    for (const phone of phones) births.set(phone, (births.get(phone) ?? new Set<string>()).add(birth))
  }
  return [...births].flatMap(([phone, dates]) => (dates.size > MOST_SHARING_PERSONS ? [phone] : [])).toSorted()
}
