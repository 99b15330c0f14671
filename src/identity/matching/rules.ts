// Rules that stand above the score: what is never one person, what staff decide, and what links without a score.

import { GENERATION_YEARS, LEAST_KNOWN_FIELDS, MATCH_RULES, type MatchRule } from '../../../profiles/matching/policy.ts'
import { yearsBetween } from './compare-birth.ts'
import type { MatchFeatures } from './features.ts'
import type { Findings } from './findings.ts'
import type { MatchPolicy, RuleHit } from './types.ts'

export interface Pair {
  readonly a: MatchFeatures
  readonly b: MatchFeatures
  readonly findings: Findings
}

type Rule = (pair: Pair) => boolean

/** The rules that two records alone can break; what the index knows of them (domains, decisions of staff) is asked in `decide`. */
const RULES: Readonly<Partial<Record<MatchRule, Rule>>> = {
  twins: (pair) => isBornTogether(pair) && isApart(pair.findings.names.given) && sharesHousehold(pair.findings),
  'multiple-birth': isOtherOfMultipleBirth,
  generation: isGenerationApart,
  'identifier-of-another': ({ findings }) =>
    findings.identifier === 'equal' && isOtherBirth(findings.birth) && isApart(findings.names.given),
  sex: ({ findings }) => findings.sex === 'differs',
  'birth-date': ({ findings }) => findings.birth === 'differs',
  'birth-date-slip': isDoubtfulSlip,
  'birth-date-impossible': ({ a, b }) => a.birthDoubtful === true || b.birthDoubtful === true,
  'family-name-changed': isMarried,
  'given-name-differs': ({ findings }) => findings.names.given === 'different',
  'name-parts-exchanged': ({ findings }) => findings.names.exchanged,
  'alike-in-one-household': (pair) =>
    isBornTogether(pair) && pair.findings.names.given === 'near' && sharesHousehold(pair.findings),
  'given-name-unknown': ({ findings }) => findings.names.given === 'unknown',
  'child-without-name': ({ a, b }) => a.newborn === true || b.newborn === true,
  'noted-namesake': ({ a, b }) => a.namesake === true || b.namesake === true,
  'too-little-known': ({ a, b }) => knownFields(a) < LEAST_KNOWN_FIELDS || knownFields(b) < LEAST_KNOWN_FIELDS,
  'name-and-birth-date-alone': ({ findings }) => !isCorroborated(findings),
}

const ROWS = Object.entries(RULES) as readonly (readonly [MatchRule, Rule])[]

/** The rules that the two records break, those that are suspended left out. */
export function rulesOf(pair: Pair, suspended: MatchPolicy['suspended'] = []): readonly RuleHit[] {
  const hits: RuleHit[] = []
  for (const [rule, holds] of ROWS) {
    if (!suspended.includes(rule) && holds(pair)) hits.push({ rule, effect: effectOf(rule) })
  }
  return hits
}

export function effectOf(rule: MatchRule): RuleHit['effect'] {
  return MATCH_RULES[rule].effect === 'veto' ? 'veto' : 'cap'
}

/**
 * `personal-identifier`: the same identifier of a person, birth date and given name. `full-name-and-contact`: both scripts of the
 * name, birth date, sex, and telephone or address number. Links without a score, unless a rule forbids.
 */
export function deterministicRule({ findings }: Pair): string | undefined {
  if (isIdentified(findings)) return 'personal-identifier'
  const { names, birth, sex } = findings
  const equal = (field: string): boolean => names.evidence.some((one) => one.field === field && one.level === 'equal')
  const sameName = equal('family name, kanji') && equal('given name, kanji') && equal('given name, kana')
  if (!sameName || birth !== 'equal' || sex !== 'equal' || names.exchanged) return undefined
  return samePhone(findings) || sameNumber(findings) ? 'full-name-and-contact' : undefined
}

function isIdentified({ identifier, birth, names }: Findings): boolean {
  return identifier === 'equal' && birth === 'equal' && names.given === 'same'
}

function samePhone({ phone }: Findings): boolean {
  return phone === 'mobile' || phone === 'landline'
}

function sameNumber({ address }: Findings): boolean {
  return address === 'equal' || address === 'other building'
}

function isApart(given: Findings['names']['given']): boolean {
  return given === 'different' || given === 'slight'
}

function isBornTogether({ findings }: Pair): boolean {
  const { family } = findings.names
  return findings.birth === 'equal' && family !== 'different' && family !== 'unknown'
}

function sharesHousehold(findings: Findings): boolean {
  return isNear(findings.address) || sameNumber(findings) || samePhone(findings) || findings.mother === 'equal'
}

function isOtherBirth(level: Findings['birth']): boolean {
  return level === 'differs' || level === 'one part differs'
}

function isNear(address: Findings['address']): boolean {
  return address === 'near' || address === 'same street' || address === 'same town'
}

/** Something besides name, birth date and sex says the same. */
function isCorroborated(findings: Findings): boolean {
  return sharesHousehold(findings) || findings.identifier === 'equal'
}

function isOtherOfMultipleBirth({ a, b, findings }: Pair): boolean {
  if (a.birthOrder !== undefined && b.birthOrder !== undefined && a.birthOrder !== b.birthOrder) return true
  if (a.multipleBirth !== true && b.multipleBirth !== true) return false
  return findings.names.evidence.some(
    ({ field, level }) => field.startsWith('given name') && level !== 'equal' && level !== 'lost character',
  )
}

function isGenerationApart({ a, b, findings }: Pair): boolean {
  if (a.birth === undefined || b.birth === undefined || yearsBetween(a.birth, b.birth) <= GENERATION_YEARS) return false
  const isSlip = findings.birth === 'one digit' || findings.birth === 'other era'
  return !isSlip || isApart(findings.names.given)
}

/** Slips that hands make, and that also divide namesakes, parents and children: with an identifier they are slips. */
function isDoubtfulSlip({ a, b, findings }: Pair): boolean {
  if (findings.identifier === 'equal') return false
  if (findings.birth === 'day and month exchanged' || findings.birth === 'other era') return true
  return findings.birth === 'one digit' && yearsBetween(a.birth ?? '', b.birth ?? '') > GENERATION_YEARS
}

function isMarried({ findings }: Pair): boolean {
  return findings.names.family === 'different' && !isIdentified(findings)
}

function knownFields({ names, birth, sex, addresses, phones }: MatchFeatures): number {
  const known = [
    names.some((name) => name.family !== ''),
    names.some((name) => name.given !== ''),
    birth !== undefined,
    sex !== undefined,
    addresses.length > 0,
    phones.length > 0,
  ]
  return known.filter(Boolean).length
}
