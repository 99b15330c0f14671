// Compares two records: evidence of every field in bits, and the rules that stand above their sum (Fellegi and Sunter 1969).

import type { MatchField } from '../../../profiles/matching/weights.ts'
import { birthLevel } from './compare-birth.ts'
import { addressLevel, identifierLevel, phoneLevel } from './compare-contact.ts'
import { type Agreement, compareNames } from './compare-names.ts'
import type { MatchFeatures } from './features.ts'
import type { Findings } from './findings.ts'
import { type MatchModel, type PreparedModel, prepare } from './model.ts'
import { deterministicRule, type Pair, rulesOf } from './rules.ts'
import type { Comparison, FieldEvidence, MatchPolicy } from './types.ts'

/** How a comparison may depart from the model: rules that do not hold, telephones that too many of the candidates share. */
export interface CompareOptions {
  readonly suspended?: MatchPolicy['suspended']
  readonly sharedPhones?: ReadonlySet<string>
}

/** Symmetric, pure, and the same for ever for one model: the evidence is kept beside the link. */
export function compare(
  a: MatchFeatures,
  b: MatchFeatures,
  model: MatchModel,
  options: CompareOptions = {},
): Comparison {
  const weights = prepare(model)
  const findings = findingsOf(a, b, weights, options.sharedPhones)
  const pair: Pair = { a, b, findings }
  const fields = evidenceOf(findings, weights)
  if (options.suspended?.includes('one-household') !== true) limitHousehold(fields, weights.householdBits)
  const rules = rulesOf(pair, options.suspended)
  const deterministic = deterministicRule(pair)
  const score = fields.reduce((sum, field) => sum + field.bits, 0)
  return { score, fields, rules, ...(deterministic === undefined ? {} : { deterministic }) }
}

/** The levels of all fields, without a word on what they weigh. */
export function findingsOf(
  a: MatchFeatures,
  b: MatchFeatures,
  weights: PreparedModel,
  sharedPhones = weights.sharedPhones,
): Findings {
  return {
    names: compareNames(a.names, b.names, weights),
    birth: a.birth === undefined || b.birth === undefined ? undefined : birthLevel(a.birth, b.birth),
    sex: a.sex === undefined || b.sex === undefined ? undefined : a.sex === b.sex ? 'equal' : 'differs',
    phone: phoneLevel(a.phones, b.phones, sharedPhones),
    address: addressLevel(a.addresses, b.addresses),
    identifier: identifierLevel(a.identifiers, b.identifiers),
    mother: motherLevel(a, b, weights),
  }
}

const AGREEING: readonly Agreement[] = ['same', 'near']

function motherLevel(a: MatchFeatures, b: MatchFeatures, weights: PreparedModel): Findings['mother'] {
  if (a.mother.length === 0 || b.mother.length === 0) return undefined
  const { family, given } = compareNames(a.mother, b.mother, weights)
  if (given === 'unknown') return undefined
  const familyAgrees = family === 'unknown' || AGREEING.includes(family)
  return familyAgrees && AGREEING.includes(given) ? 'equal' : 'differs'
}

/** Level by field, fields that a side lacks left out: what a model is learned from. */
export function levelsOf(findings: Findings): ReadonlyMap<string, string> {
  const levels = new Map(findings.names.evidence.map(({ field, level }) => [field, level] as const))
  for (const finding of OTHER_FIELDS) {
    const level = findings[finding]
    if (level !== undefined) levels.set(FIELD_NAMES[finding], level)
  }
  return levels
}

const OTHER_FIELDS = ['birth', 'sex', 'phone', 'address', 'identifier', 'mother'] as const

const FIELD_NAMES = {
  birth: 'birth date',
  sex: 'sex',
  phone: 'phone',
  address: 'address',
  identifier: 'identifier',
  mother: 'mother',
} as const satisfies Readonly<Record<(typeof OTHER_FIELDS)[number], MatchField>>

function evidenceOf(findings: Findings, weights: PreparedModel): FieldEvidence[] {
  const fields = [...findings.names.evidence]
  for (const finding of OTHER_FIELDS) {
    const field = FIELD_NAMES[finding]
    const level = findings[finding]
    fields.push(
      level === undefined
        ? { field, level: 'missing', bits: 0 }
        : { field, level, bits: weights.bits.get(field)?.get(level) ?? 0 },
    )
  }
  return fields
}

/** Family name, address, telephone and mother come in households: what they say together beyond finding the house counts once. */
function limitHousehold(fields: FieldEvidence[], mostBits: number): void {
  let household = 0
  for (const { field, bits } of fields) if (isOfHousehold(field)) household += bits
  if (household > mostBits) fields.push({ field: 'one household', level: 'counted once', bits: mostBits - household })
}

function isOfHousehold(field: string): boolean {
  return field === 'address' || field === 'phone' || field === 'mother' || field.startsWith('family')
}
