// Decides whose record a new or changed record is: one person's, or nobody's yet, and what staff should look at.

import { type MatchRule, MOST_SHARING_PERSONS } from '../../../profiles/matching/policy.ts'
import { type CompareOptions, compare } from './compare.ts'
import { type MatchModel, prepare } from './model.ts'
import { effectOf } from './rules.ts'
import type {
  CandidatePerson,
  CandidateRecord,
  Comparison,
  Decision,
  FieldEvidence,
  MatchPolicy,
  MatchRecord,
  ReviewFinding,
} from './types.ts'

/** How far below the review threshold a further record of the same person may compare (mpi: compatible with every record). */
const CLUSTER_SLACK_BITS = 6

/** Model, options and thresholds of one decision. */
interface Setting {
  readonly model: MatchModel
  readonly options: CompareOptions
  readonly linkBits: number
  readonly reviewBits: number
}

/** How a candidate person compares: by the best of their records. */
interface Judged {
  readonly person: string
  readonly record: string
  readonly comparison: Comparison
  /** Nothing but another person stands against a link. */
  readonly linkable: boolean
  /** Why staff would be asked. */
  readonly reason: string
}

/**
 * The decision about a record, given every person who shares a block with it. Pure: the order of candidates does not matter. Linked
 * is only one person, who is compatible with the record by each of their records and clearly ahead of any other; two persons
 * whom the record would bridge stay two, and staff are asked.
 */
export function decide(
  record: MatchRecord,
  candidates: readonly CandidatePerson[],
  { model, policy }: { readonly model: MatchModel; readonly policy: MatchPolicy },
): Decision {
  if (policy.mode === 'off') return { kind: 'apart', reviews: [] }
  const setting = settingFor(candidates, model, policy)
  const judged = candidates.flatMap((candidate) => judge(record, candidate, setting) ?? []).toSorted(byRank)
  const [best, ...others] = judged
  const links = policy.mode === 'auto' && best?.linkable === true
  if (best !== undefined && links && others.every((other) => isClearlyAhead(best, other, policy.marginBits))) {
    const { person, record: matched, comparison } = best
    return { kind: 'link', person, record: matched, comparison, reviews: others.map((one) => findingOf(one, 'bridge')) }
  }
  const between = others.some((other) => other.linkable) ? 'bridge' : 'tie'
  return { kind: 'apart', reviews: judged.map((one) => findingOf(one, links ? between : 'possible')) }
}

function settingFor(candidates: readonly CandidatePerson[], model: MatchModel, policy: MatchPolicy): Setting {
  const { easierBits, sharedPhones } = prepare(model)
  const crowded = phonesOfMany(candidates)
  return {
    model,
    options: {
      suspended: policy.suspended,
      sharedPhones: crowded.length === 0 ? sharedPhones : new Set([...sharedPhones, ...crowded]),
    },
    linkBits: policy.autoBits - easierBits,
    reviewBits: policy.reviewBits - easierBits,
  }
}

/** Telephone numbers that more of the candidates have than live in a household. */
function phonesOfMany(candidates: readonly CandidatePerson[]): readonly string[] {
  if (candidates.length <= MOST_SHARING_PERSONS) return []
  const persons = new Map<string, number>()
  for (const { records } of candidates) {
    for (const phone of new Set(records.flatMap((record) => record.features.phones))) {
      persons.set(phone, (persons.get(phone) ?? 0) + 1)
    }
  }
  return [...persons].flatMap(([phone, count]) => (count > MOST_SHARING_PERSONS ? [phone] : []))
}

interface Compared {
  readonly record: CandidateRecord
  readonly comparison: Comparison
}

/** A record of the same person that a changed record no longer goes with. */
export type Misfit = Compared

/**
 * Whether a record that says something new still goes with the other records of its person.
 * @returns the one that it contradicts most; undefined when it goes with all.
 */
export function misfitOf(
  record: MatchRecord,
  companions: readonly CandidateRecord[],
  { model, policy }: { readonly model: MatchModel; readonly policy: MatchPolicy },
): Misfit | undefined {
  const setting = settingFor([], model, policy)
  return companions
    .map((candidate) => ({ record: candidate, comparison: comparisonWith(record, candidate, setting) }))
    .filter(
      ({ comparison }) => comparison.rules.some((hit) => hit.effect === 'veto') || isIncompatible(comparison, setting),
    )
    .toSorted((a, b) => a.comparison.score - b.comparison.score)[0]
}

/** Undefined for a person whom a rule or staff exclude, or who is too unlike. */
function judge(record: MatchRecord, { person, records }: CandidatePerson, setting: Setting): Judged | undefined {
  const compared: Compared[] = []
  for (const candidate of records) {
    const comparison = comparisonWith(record, candidate, setting)
    if (comparison.rules.some((hit) => hit.effect === 'veto')) return undefined
    compared.push({ record: candidate, comparison })
  }
  const best = compared.toSorted(byLikeness)[0]
  if (best === undefined || !isWorthALook(best.comparison, setting)) return undefined
  const isEnough = best.comparison.deterministic !== undefined || best.comparison.score >= setting.linkBits
  const sharesDomain = compared.some(({ comparison }) => hasRule(comparison, 'same-domain'))
  // A facility seldom gives two numbers: only who would be linked elsewhere is asked about.
  if (sharesDomain && !isEnough) return undefined
  const capped = sharesDomain ? 'same-domain' : best.comparison.rules[0]?.rule
  const isUnlikeAnother = compared.some(({ comparison }) => isIncompatible(comparison, setting))
  return {
    person,
    record: best.record.record,
    comparison: best.comparison,
    linkable: capped === undefined && !isUnlikeAnother && isEnough,
    reason: capped ?? (isUnlikeAnother ? 'unlike-another-record' : 'possible'),
  }
}

/** The comparison of two records, and what the index knows of them. */
function comparisonWith(record: MatchRecord, candidate: CandidateRecord, { model, options }: Setting): Comparison {
  const comparison = compare(record.features, candidate.features, model, options)
  const known: MatchRule[] = []
  if (candidate.vetoed) known.push('decided-apart')
  if (candidate.domain === record.domain) known.push('same-domain')
  if (known.length === 0) return comparison
  return { ...comparison, rules: [...known.map((rule) => ({ rule, effect: effectOf(rule) })), ...comparison.rules] }
}

function hasRule({ rules }: Comparison, rule: MatchRule): boolean {
  return rules.some((hit) => hit.rule === rule)
}

function isWorthALook(comparison: Comparison, { reviewBits }: Setting): boolean {
  if (comparison.deterministic !== undefined) return true
  return comparison.score >= reviewBits && !isAnyonesLikeness(comparison)
}

/**
 * As near as strangers come, of whom there are more with the square of the index: another given name; or nothing in common but
 * name and birth date, and not even these without a difference.
 */
function isAnyonesLikeness(comparison: Comparison): boolean {
  const { fields, rules } = comparison
  const isEqual = (name: string): boolean => fields.some(({ field, level }) => field === name && level === 'equal')
  if (isEqual('identifier')) return false
  if (hasRule(comparison, 'given-name-differs')) return true
  if (!hasRule(comparison, 'name-and-birth-date-alone')) return false
  const others = rules.filter(({ rule }) => rule !== 'same-domain' && rule !== 'name-and-birth-date-alone')
  return others.length > 0 || !isEqual('birth date') || !fields.some(isSameGivenName)
}

const SLIGHT_LEVELS: readonly string[] = ['one character', 'differs']

function isSameGivenName({ field, level }: FieldEvidence): boolean {
  return field.startsWith('given name') && !SLIGHT_LEVELS.includes(level)
}

function isIncompatible({ score, deterministic }: Comparison, { reviewBits }: Setting): boolean {
  return deterministic === undefined && score < reviewBits - CLUSTER_SLACK_BITS
}

/** Records that no rule caps first, then by score; the order of their keys decides between equals. */
function byLikeness(a: Compared, b: Compared): number {
  const caps = a.comparison.rules.length - b.comparison.rules.length
  if (caps !== 0 && (a.comparison.rules.length === 0 || b.comparison.rules.length === 0)) return caps
  return b.comparison.score - a.comparison.score || order(a.record.record, b.record.record)
}

/** Linkable persons first, then by score; the order of their keys decides between equals: one question has one answer. */
function byRank(a: Judged, b: Judged): number {
  if (a.linkable !== b.linkable) return a.linkable ? -1 : 1
  return b.comparison.score - a.comparison.score || order(a.person, b.person)
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A rule that links without a score is ahead of any score. */
function isClearlyAhead({ comparison: best }: Judged, { comparison: other }: Judged, marginBits: number): boolean {
  if (best.deterministic !== undefined && other.deterministic === undefined) return true
  return best.score - other.score >= marginBits
}

function findingOf({ person, record, comparison, reason, linkable }: Judged, between: string): ReviewFinding {
  return { person, record, comparison, reason: linkable ? between : reason }
}
