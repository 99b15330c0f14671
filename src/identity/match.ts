// Where the matcher meets the index: whose a new record is, and what a record that says something new does to its link.

import { isDeepStrictEqual } from 'node:util'
import { formatCx } from '../model/identifiers.ts'
import type { LocatedPatientId } from '../model/identity-feed.ts'
import type { Demographics } from '../model/person.ts'
import { blocksOf } from './matching/blocks.ts'
import { decide } from './matching/decide.ts'
import { FOLD_VERSION, type MatchFeatures } from './matching/features.ts'
import { featuresOf } from './matching/features-of.ts'
import type { CandidatePerson, Decision, Described, ReviewFinding } from './matching/types.ts'
import type {
  IdentityPorts,
  IdentityTransaction,
  LinkEvidence,
  Matching,
  NewReview,
  PersonKey,
  RecordFeatures,
  RecordKey,
} from './ports.ts'

/** What a record is compared by, ready to be stored. */
export interface Folded extends RecordFeatures {
  readonly features: MatchFeatures
}

/** Folds what a source says. @param identifiers ids of persons that came with the record and that others may have sent too. */
export function fold(described: Described): Folded {
  const features = featuresOf(described)
  return { version: FOLD_VERSION, features, keys: blocksOf(features) }
}

/** Folds anew what another version folded, or what a message says of a record that it knows: ids that came before are known from its features only. */
export function refold(demographics: Demographics, former?: Pick<MatchFeatures, 'identifiers'>): Folded {
  return fold({ demographics, identifiers: identifiersOf(former) })
}

/** As CX, the ids that came with a record. */
export function identifiersOf(former: Pick<MatchFeatures, 'identifiers'> | undefined): readonly string[] {
  return (former?.identifiers ?? []).map((folded) => {
    const bar = folded.indexOf('|')
    return `${folded.slice(bar + 1)}^^^&${folded.slice(0, bar)}&ISO`
  })
}

/** Whose a record is in the eyes of the matcher. */
export interface Finding {
  /** Absent: nobody's yet. */
  readonly person?: PersonKey
  readonly evidence?: LinkEvidence
  /** Domains of that person's numbers. */
  readonly held?: ReadonlySet<string>
  /** Put to staff once the record exists. */
  readonly reviews: readonly ReviewFinding[]
}

export interface Question {
  readonly tx: IdentityTransaction
  readonly ports: Pick<IdentityPorts, 'matching'>
  readonly folded: Folded
  /** Domains of the numbers that the record comes with, the one to compare under first. */
  readonly domains: readonly [string, ...string[]]
  /** The record itself, if it exists. */
  readonly asking?: RecordKey
}

/** Another transaction changed the persons that were compared. */
export class CandidatesChanged extends Error {}

/**
 * Asks the matcher. The blocks stay locked until the transaction ends, and so does the person who is found.
 * @throws {CandidatesChanged} when that person is another one by then; the whole work has to be done again.
 */
export async function findPerson(question: Question): Promise<Finding> {
  const { tx, ports, folded, domains, asking } = question
  const matching = ports.matching()
  if (matching.policy.mode === 'off' || folded.keys.length === 0) return { reviews: [] }
  await tx.lockBlocks(folded.keys)
  const candidates = await tx.candidates(folded.keys, asking)
  const [domain] = domains
  const decision = decide({ domain, features: folded.features }, candidates, matching)
  if (decision.kind === 'apart') return { reviews: decision.reviews }
  const found = candidates.find(({ person }) => person === decision.person)
  if (found === undefined) throw new Error('the matcher named a person who was no candidate')
  const held = await lockedDomains(question, found)
  if (domains.some((oid) => held.has(oid))) return { reviews: [asReview(decision, 'same-domain'), ...decision.reviews] }
  return { person: found.person, held, evidence: evidenceOf(decision, matching), reviews: decision.reviews }
}

/**
 * Locks the person; domains of their numbers, of those that are not compared too. While the lock was waited for, staff or a source
 * may have brought a record to the person, or have told something else of one.
 */
async function lockedDomains({ tx, asking }: Question, found: CandidatePerson): Promise<ReadonlySet<string>> {
  await tx.lockPersons([found.person])
  if (!isDeepStrictEqual(await tx.recordsOf(found.person, asking), found.records)) throw new CandidatesChanged()
  const identifiers = await tx.identifiersOf(found.person)
  return new Set(identifiers.flatMap(({ id, status }) => (status === 'active' ? [id.authority] : [])))
}

export type Linked = Extract<Decision, { readonly kind: 'link' }>

/** A link that may not be made is a question to staff. */
export function asReview(decision: Linked, reason: string): ReviewFinding {
  const { person, record, comparison } = decision
  return { person, record, comparison, reason }
}

/** Why the matcher linked. */
export function evidenceOf({ comparison }: Linked, { version }: Matching): LinkEvidence {
  return { model: version, score: comparison.score, comparison }
}

/** The questions about `record` as the queue keeps them. */
export function reviewsOf(record: RecordKey, findings: readonly ReviewFinding[]): readonly NewReview[] {
  return findings.map(({ record: other, reason, comparison }) => ({
    records: [record, other],
    reason,
    score: comparison.score,
    evidence: comparison,
  }))
}

/** Ids of other authorities that came with a record: the same one in two records speaks for one person. */
export function strongIds(entries: readonly LocatedPatientId[]): readonly string[] {
  return entries.map(({ id }) => formatCx(id))
}
