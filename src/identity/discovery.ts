// Whom a neighbouring community means by what it knows of a person: compared as a new record would be, among those whom it may find
// (ITI TF-2 3.55.4.1.3; docs/adr/0041).

import { grouped } from '../model/grouped.ts'
import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import type { CorrespondingId } from '../model/pix.ts'
import { fold } from './match.ts'
import { compare } from './matching/compare.ts'
import { foldIdentifier } from './matching/contact.ts'
import { decide } from './matching/decide.ts'
import type { CandidatePerson, Comparison } from './matching/types.ts'
import type { PdqPorts, PersonRecord } from './pdq-ports.ts'
import { descriptions, goldenOf, newerFirst } from './pdq-view.ts'
import type { Domain, IdentityReads, Matching, PersonKey } from './ports.ts'

export interface SoughtPerson {
  /** Names are alternatives; empty: found by ids alone. */
  readonly demographics: Demographics
  readonly ids: readonly PatientId[]
  /** 0 to 100. */
  readonly minimumScore: number
  /** The facility that stands for the community: it may name its own numbers. */
  readonly facilityId: string
}

export interface DiscoveryPorts {
  readonly reads: Pick<IdentityReads, 'candidates' | 'recordsOf'> & {
    readonly records: PdqPorts['reads']['records']
    /** Who has an active number among these. */
    readonly holders: (
      ids: readonly PatientId[],
    ) => Promise<readonly { readonly person: PersonKey; readonly domain: Domain }[]>
  }
  readonly matching: () => Matching
  /** Those of the persons whom the community may find, with the id by which it is to ask about them. */
  readonly findable: (persons: readonly PersonKey[]) => Promise<ReadonlyMap<PersonKey, PatientId>>
}

export interface FoundPerson {
  readonly person: PersonKey
  readonly patientId: PatientId
  /** Those of the ids asked that the person has. */
  readonly ids: readonly CorrespondingId[]
  /** Nothing of a person who was asked for by ids and nothing else. */
  readonly demographics: Demographics
  /** 0 to 100. */
  readonly score: number
}

/**
 * `unclear`: somebody who may be found is near, but whom it is cannot be said; with more data it may. `by staff`: no record is linked here
 * without a human being, so no stranger's is.
 */
export type Discovered =
  | { readonly kind: 'one'; readonly found: FoundPerson }
  | { readonly kind: 'unclear'; readonly count: number }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'by staff' }

/**
 * Nobody else than who may be found is looked at, so that nothing tells whether there is anybody else. Of several who are alike none
 * is given: a guess would show the documents of one patient as those of another.
 */
export async function discoverPerson(sought: SoughtPerson, ports: DiscoveryPorts): Promise<Discovered> {
  if (sought.demographics.names.length === 0) return discoverByIds(sought, ports)
  const matching = ports.matching()
  if (matching.policy.mode !== 'auto') return { kind: 'by staff' }
  const folded = fold({ demographics: sought.demographics, identifiers: sought.ids.map(formatCx) })
  const near = await candidatesFor(sought, folded.keys, ports)
  const decision = decide({ domain: NO_DOMAIN, features: folded.features }, near.candidates, matching)
  if (decision.kind === 'apart')
    return decision.reviews.length === 0 ? NOBODY : { kind: 'unclear', count: decision.reviews.length }
  // Described like one person, with an id of another.
  if ([...near.holding].some((holder) => holder !== decision.person)) return { kind: 'unclear', count: 2 }
  const score = degreeOf(decision.comparison, matching)
  const patientId = near.findable.get(decision.person)
  if (score < sought.minimumScore || patientId === undefined) return NOBODY
  const records = near.records.get(decision.person) ?? []
  const ids = idsAmong(records, sought.ids)
  return { kind: 'one', found: { person: decision.person, patientId, ids, demographics: shown(records), score } }
}

const NOBODY = { kind: 'nobody' } as const
/** Nobody has numbers of this domain. */
const NO_DOMAIN = ''
const CERTAIN = 100

interface Near {
  readonly candidates: readonly CandidatePerson[]
  readonly records: ReadonlyMap<PersonKey, readonly PersonRecord[]>
  readonly findable: ReadonlyMap<PersonKey, PatientId>
  /** Those among them who have one of the ids asked. */
  readonly holding: ReadonlySet<PersonKey>
}

/** Persons in a block of the record or with one of its ids, as far as they may be found; who asks for discretion by an id only. */
async function candidatesFor(
  sought: SoughtPerson,
  keys: readonly string[],
  { reads, findable }: DiscoveryPorts,
): Promise<Near> {
  const [blocked, holders] = await Promise.all([
    keys.length === 0 ? [] : reads.candidates(keys),
    sought.ids.length === 0 ? [] : reads.holders(sought.ids),
  ])
  const found = new Map(blocked.map((candidate) => [candidate.person, candidate]))
  const holding = new Set(holders.map(({ person }) => person))
  const allowed = await findable([...new Set([...found.keys(), ...holding])])
  const records = grouped(await reads.records([...allowed.keys()]), ({ person }) => person)
  const candidates: CandidatePerson[] = []
  for (const person of allowed.keys()) {
    const own = records.get(person) ?? []
    if (!holding.has(person) && isDiscreet(own)) continue
    const candidate = found.get(person) ?? { person, records: await reads.recordsOf(person) }
    candidates.push(withNumbers(candidate, own, sought.ids))
  }
  return { candidates, records, findable: allowed, holding: new Set([...holding].filter((one) => allowed.has(one))) }
}

function isDiscreet(records: readonly PersonRecord[]): boolean {
  return records.some(({ demographics }) => demographics?.restricted === true)
}

/** Numbers of the domains that were asked about count as the identifiers that came with a record do. */
function withNumbers(
  candidate: CandidatePerson,
  own: readonly PersonRecord[],
  asked: readonly PatientId[],
): CandidatePerson {
  const domains = new Set<Oid>(asked.map(({ authority }) => authority))
  const numbers = own.flatMap(({ id }) => (domains.has(id.authority) ? (foldIdentifier(formatCx(id)) ?? []) : []))
  if (numbers.length === 0) return candidate
  const records = candidate.records.map((record) => {
    const identifiers = [...new Set([...record.features.identifiers, ...numbers])]
    return { ...record, features: { ...record.features, identifiers } }
  })
  return { ...candidate, records }
}

/**
 * By ids without a name: those of the network, of the asker, and identifiers of persons. The numbers of a facility are short and follow one
 * another, so whoever counts would find its patients.
 */
async function discoverByIds(sought: SoughtPerson, ports: DiscoveryPorts): Promise<Discovered> {
  const { reads, findable, matching } = ports
  const personal = matching().policy.personalIdentifiers ?? []
  const folded = fold({ demographics: NOTHING_KNOWN, identifiers: personalOf(sought.ids, personal) })
  const [holders, blocked] = await Promise.all([
    reads.holders(sought.ids),
    folded.keys.length === 0 ? [] : reads.candidates(folded.keys),
  ])
  const telling = holders.filter(
    ({ domain }) =>
      domain.kind !== 'facility' || domain.facilityId === sought.facilityId || personal.includes(domain.oid),
  )
  const identified = blocked.filter(({ records }) =>
    records.some(({ features }) => features.identifiers.some((one) => folded.features.identifiers.includes(one))),
  )
  const persons = new Set([...telling, ...identified].map(({ person }) => person))
  const [one, another] = await findable([...persons])
  if (one === undefined || another !== undefined) return NOBODY
  const [person, patientId] = one
  const isDescribed = isSaid(sought.demographics)
  if (isDescribed && !(await agrees(sought.demographics, person, ports))) return NOBODY
  const records = await reads.records([person])
  const demographics = isDescribed ? shown(records) : NOTHING_KNOWN
  return { kind: 'one', found: { person, patientId, ids: idsAmong(records, sought.ids), demographics, score: CERTAIN } }
}

function isSaid({ sex, birthTime, mother, addresses, telecoms }: Demographics): boolean {
  return [sex, birthTime, mother, ...addresses, ...telecoms].some((one) => one !== undefined)
}

/** An id found the person; what was said besides must not be another's: no other sex or birth date, and more for than against. */
async function agrees(said: Demographics, person: PersonKey, { reads, matching }: DiscoveryPorts): Promise<boolean> {
  const { features } = fold({ demographics: said, identifiers: [] })
  const comparisons = (await reads.recordsOf(person)).map((one) => compare(features, one.features, matching().model))
  const contradicts = comparisons.some(({ rules }) => rules.some(({ rule }) => CONTRADICTIONS.has(rule)))
  return !contradicts && (comparisons.length === 0 || comparisons.some(({ score }) => score >= 0))
}

const CONTRADICTIONS: ReadonlySet<string> = new Set(['sex', 'birth-date', 'birth-date-slip', 'generation'])

const NOTHING_KNOWN: Demographics = { names: [], addresses: [], telecoms: [] }

function personalOf(ids: readonly PatientId[], personal: readonly string[]): readonly string[] {
  return ids.filter(({ authority }) => personal.includes(authority)).map(formatCx)
}

function idsAmong(records: readonly PersonRecord[], asked: readonly PatientId[]): readonly CorrespondingId[] {
  const isAsked = ({ authority, value }: PatientId): boolean =>
    asked.some((one) => one.authority === authority && one.value === value)
  return records.flatMap(({ id, domain }) => (isAsked(id) ? { id, authorityName: domain.name } : []))
}

/** By these the asker sees that it is the person it means; address and telephone stay here. */
function shown(records: readonly PersonRecord[]): Demographics {
  const { names, sex, birthTime } = goldenOf(descriptions([...records].sort(newerFirst), records))
  return {
    ...NOTHING_KNOWN,
    names,
    ...(sex === undefined ? {} : { sex }),
    ...(birthTime === undefined ? {} : { birthTime }),
  }
}

/** How likely it is that the two are one person, in percent, where anybody in the index might be meant. */
function degreeOf({ score, deterministic }: Comparison, { model }: Matching): number {
  if (deterministic !== undefined) return CERTAIN
  return Math.round(CERTAIN / (1 + 2 ** (Math.log2(model.population) - score)))
}
