// The weights that records are compared with: data, versioned, and prepared once for a million comparisons.

import {
  COMMON_FAMILY_NAMES,
  COMMON_GIVEN_NAMES,
  UNLISTED_FAMILY_NAME,
  UNLISTED_GIVEN_NAME,
} from '../../../profiles/matching/frequencies.ts'
import { REFERENCE_POPULATION } from '../../../profiles/matching/policy.ts'
import { DEFAULT_WEIGHTS, type FieldWeights, type MatchField } from '../../../profiles/matching/weights.ts'
import { FOLD_VERSION } from './features.ts'
import { foldKana } from './fold-kana.ts'
import { foldKanji } from './fold-kanji.ts'
import type { NameScript } from './fold-name.ts'
import { romajiKey } from './romaji.ts'
import type { MatchPolicy } from './types.ts'

/** Share of persons by folded name; Latin names by their reading (romajiKey). */
export type NameFrequencies = Readonly<Record<NameScript, Readonly<Record<string, number>>>>

export interface NameTable {
  readonly frequencies: NameFrequencies
  /** Share that a name not in the table is taken for. */
  readonly unlisted: number
}

/** Plain JSON, kept as one versioned row; every link names the version that made it. */
export interface MatchModel {
  readonly version: string
  /** FOLD_VERSION of the features it compares. */
  readonly foldVersion: number
  /** How many persons the index holds, in order of magnitude: what a new record could be mistaken for. */
  readonly population: number
  readonly fields: Readonly<Record<MatchField, FieldWeights>>
  readonly family: NameTable
  readonly given: NameTable
  /** Telephone numbers that so many use that they tell nobody apart. */
  readonly sharedPhones: readonly string[]
}

/** A model as `compare` uses it. */
export interface PreparedModel {
  /** Bits of each level of each field. */
  readonly bits: ReadonlyMap<string, ReadonlyMap<string, number>>
  /** log2 of the mean share that the bits of an equal value are stated for. */
  readonly equalShareLog2: ReadonlyMap<string, number>
  readonly family: PreparedNames
  readonly given: PreparedNames
  readonly sharedPhones: ReadonlySet<string>
  /** What a household may count for together: finding it, less the choice among those who live there. */
  readonly householdBits: number
  /** How much easier a link is than in an index of the reference population, bits. */
  readonly easierBits: number
}

export interface PreparedNames {
  /** log2 of the share of a name. */
  readonly log2: Readonly<Record<NameScript, ReadonlyMap<string, number>>>
  readonly unlistedLog2: number
}

/** log2 of the number of people of a household that a record could be. */
const HOUSEHOLD_CHOICE_BITS = 2

const prepared = new WeakMap<MatchModel, PreparedModel>()

/** The model ready for use; made once a model. */
export function prepare(model: MatchModel): PreparedModel {
  const known = prepared.get(model)
  if (known !== undefined) return known
  const made = preparedFrom(model)
  prepared.set(model, made)
  return made
}

function preparedFrom(model: MatchModel): PreparedModel {
  const fields = Object.entries(model.fields)
  return {
    bits: new Map(fields.map(([field, levels]) => [field, levelBits(levels)])),
    equalShareLog2: new Map(fields.map(([field, levels]) => [field, Math.log2(levels.equal?.u ?? 1)])),
    family: preparedNames(model.family),
    given: preparedNames(model.given),
    sharedPhones: new Set(model.sharedPhones),
    householdBits: Math.log2(model.population) - HOUSEHOLD_CHOICE_BITS,
    easierBits: Math.log2(REFERENCE_POPULATION / model.population),
  }
}

function levelBits(levels: FieldWeights): ReadonlyMap<string, number> {
  return new Map(Object.entries(levels).map(([level, { m, u }]) => [level, Math.log2(m / u)]))
}

function preparedNames(table: NameTable): PreparedNames {
  const logs = (script: NameScript) =>
    new Map(Object.entries(table.frequencies[script]).map(([name, share]) => [name, Math.log2(share)]))
  return {
    log2: { kanji: logs('kanji'), kana: logs('kana'), latin: logs('latin') },
    unlistedLog2: Math.log2(table.unlisted),
  }
}

function builtIn(rows: readonly string[], unlisted: number): NameTable {
  const kanji: Record<string, number> = {}
  const kana: Record<string, number> = {}
  const latin: Record<string, number> = {}
  for (const row of rows) {
    const [name = '', reading = '', perMille] = row.split(' ')
    const share = Number(perMille) / 1000
    add(kanji, foldKanji(name), share)
    add(kana, foldKana(reading), share)
    add(latin, romajiKey(reading), share)
  }
  return { frequencies: { kanji, kana, latin }, unlisted }
}

function add(shares: Record<string, number>, name: string, share: number): void {
  shares[name] = (shares[name] ?? 0) + share
}

/** For a network that has not trained its own. */
export const DEFAULT_MODEL: MatchModel = {
  version: 'default-1',
  foldVersion: FOLD_VERSION,
  population: REFERENCE_POPULATION,
  fields: DEFAULT_WEIGHTS,
  family: builtIn(COMMON_FAMILY_NAMES, UNLISTED_FAMILY_NAME),
  given: builtIn(COMMON_GIVEN_NAMES, UNLISTED_GIVEN_NAME),
  sharedPhones: [],
}

/** 30 bits are odds of a thousand to one in an index of a million: 20 bits only find the person among them. */
export const DEFAULT_POLICY: MatchPolicy = { mode: 'auto', autoBits: 30, reviewBits: 18, marginBits: 8 }
