// Default weights: how often each comparison level occurs among records of one person (m) and of different persons (u), Fellegi and Sunter.

/** Bits of a level are log2(m / u). */
export interface LevelWeight {
  readonly m: number
  readonly u: number
}

export type FieldWeights = Readonly<Record<string, LevelWeight>>

/**
 * Fields and their levels, best first. u of an equal name is a mean: the name's own frequency takes its place. u of addresses,
 * telephones and birth dates is higher than chance says: who shares them is often of one family, or was typed by one hand.
 */
export const DEFAULT_WEIGHTS = {
  'family name, kanji': {
    equal: { m: 0.85, u: 0.0066 },
    variant: { m: 0.04, u: 0.000_62 },
    'one character': { m: 0.02, u: 0.01 },
    differs: { m: 0.12, u: 0.96 },
  },
  'family name, kana': {
    equal: { m: 0.85, u: 0.0133 },
    loose: { m: 0.04, u: 0.0025 },
    'one character': { m: 0.02, u: 0.01 },
    differs: { m: 0.12, u: 0.96 },
  },
  'family name, Latin': {
    equal: { m: 0.8, u: 0.0125 },
    spelling: { m: 0.06, u: 0.0037 },
    similar: { m: 0.04, u: 0.005 },
    close: { m: 0.02, u: 0.02 },
    differs: { m: 0.12, u: 0.96 },
  },
  'given name, kanji': {
    equal: { m: 0.9, u: 0.0035 },
    variant: { m: 0.03, u: 0.000_23 },
    'one character': { m: 0.03, u: 0.015 },
    differs: { m: 0.03, u: 0.96 },
  },
  'given name, kana': {
    equal: { m: 0.9, u: 0.007 },
    loose: { m: 0.04, u: 0.001_25 },
    'one character': { m: 0.03, u: 0.015 },
    differs: { m: 0.03, u: 0.96 },
  },
  'given name, Latin': {
    equal: { m: 0.85, u: 0.0066 },
    spelling: { m: 0.06, u: 0.0019 },
    similar: { m: 0.04, u: 0.004 },
    close: { m: 0.02, u: 0.02 },
    differs: { m: 0.03, u: 0.96 },
  },
  'name order': {
    'as written': { m: 0.99, u: 0.99 },
    exchanged: { m: 0.005, u: 0.04 },
    'exchanged in part': { m: 0.001, u: 0.016 },
  },
  'birth date': {
    equal: { m: 0.97, u: 0.000_06 },
    'day and month exchanged': { m: 0.003, u: 0.000_024 },
    'other era': { m: 0.002, u: 0.000_031 },
    'one digit': { m: 0.008, u: 0.000_125 },
    'year and month': { m: 0.9, u: 0.001_75 },
    year: { m: 0.95, u: 0.019 },
    'one part differs': { m: 0.005, u: 0.001_25 },
    differs: { m: 0.0075, u: 0.96 },
  },
  sex: { equal: { m: 0.992, u: 0.5 }, differs: { m: 0.008, u: 0.5 } },
  phone: {
    mobile: { m: 0.7, u: 0.0055 },
    landline: { m: 0.7, u: 0.0875 },
    differs: { m: 0.45, u: 0.9 },
  },
  address: {
    equal: { m: 0.7, u: 0.0055 },
    'other building': { m: 0.05, u: 0.000_78 },
    near: { m: 0.06, u: 0.0019 },
    'same street': { m: 0.04, u: 0.0025 },
    'same town': { m: 0.06, u: 0.0075 },
    'same area': { m: 0.04, u: 0.02 },
    differs: { m: 0.45, u: 0.9 },
  },
  identifier: { equal: { m: 0.8, u: 0.000_8 }, differs: { m: 0.9, u: 0.95 } },
  mother: { equal: { m: 0.85, u: 0.053 }, differs: { m: 0.45, u: 0.9 } },
} as const satisfies Readonly<Record<string, FieldWeights>>

export type MatchField = keyof typeof DEFAULT_WEIGHTS
