// The dry run: whom a record would be linked to, and why; nothing is written and nobody waits.

import type { Oid } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import type { AdministrationPorts } from './administration-ports.ts'
import { fold } from './match.ts'
import { compare } from './matching/compare.ts'
import { decide } from './matching/decide.ts'
import type { CandidatePerson, Comparison, MatchPolicy } from './matching/types.ts'
import type { Matching, PersonKey, RecordKey } from './ports.ts'

export interface Trial {
  readonly demographics: Demographics
  /** Domain that the record would have its number in. */
  readonly domain?: Oid
}

export interface TriedRecord {
  readonly domain: string
  readonly value: string
  readonly comparison: Comparison
}

export interface TriedPerson {
  readonly patient?: string
  /** The best first. */
  readonly records: readonly TriedRecord[]
}

export interface TrialResult {
  /** What a feed with this content would do. */
  readonly outcome: 'link' | 'review' | 'new person'
  readonly patient?: string
  /** Why staff would be asked, about whom. */
  readonly reviews: readonly { readonly patient?: string; readonly reason: string }[]
  readonly model: string
  readonly policy: MatchPolicy
  /** Everybody in a block of the record, the most alike first. */
  readonly candidates: readonly TriedPerson[]
}

const MAX_SHOWN = 20
/** Nobody has numbers of this domain: a record without one is compared with everybody. */
const NO_DOMAIN = ''

export async function tryMatch({ demographics, domain }: Trial, ports: AdministrationPorts): Promise<TrialResult> {
  const matching = ports.matching()
  const folded = fold({ demographics, identifiers: [] })
  const candidates = folded.keys.length === 0 ? [] : await ports.store.candidates(folded.keys)
  const record = { domain: domain ?? NO_DOMAIN, features: folded.features }
  const decision = decide(record, candidates, matching)
  const names = await ports.administration.networkIds(candidates.map(({ person }) => person))
  const named = (person: PersonKey) => {
    const patient = names.get(person)
    return patient === undefined ? {} : { patient }
  }
  const isTaken = decision.kind === 'link' && (await hasNumberOf(decision.person, { domain, ports }))
  const asked = [
    ...(decision.kind === 'link' && isTaken ? [{ ...named(decision.person), reason: 'same-domain' }] : []),
    ...decision.reviews.map(({ person, reason }) => ({ ...named(person), reason })),
  ]
  const links = decision.kind === 'link' && !isTaken
  return {
    outcome: links ? 'link' : asked.length > 0 ? 'review' : 'new person',
    ...(links ? named(decision.person) : {}),
    reviews: asked,
    model: matching.version,
    policy: matching.policy,
    candidates: await shown({ record, candidates, names }, { matching, ports }),
  }
}

async function hasNumberOf(
  person: PersonKey,
  { domain, ports }: { readonly domain: Oid | undefined; readonly ports: AdministrationPorts },
): Promise<boolean> {
  const identifiers = await ports.store.identifiersOf(person)
  return identifiers.some(({ id, status }) => status === 'active' && id.authority === domain)
}

interface Compared {
  readonly record: Parameters<typeof decide>[0]
  readonly candidates: readonly CandidatePerson[]
  readonly names: ReadonlyMap<PersonKey, string>
}

async function shown(
  { record, candidates, names }: Compared,
  { matching, ports }: { readonly matching: Matching; readonly ports: AdministrationPorts },
): Promise<readonly TriedPerson[]> {
  const compared = candidates
    .map(({ person, records }) => ({
      person,
      records: records
        .map((one) => ({ one, comparison: compare(record.features, one.features, matching.model) }))
        .toSorted((a, b) => b.comparison.score - a.comparison.score),
    }))
    .toSorted((a, b) => (b.records[0]?.comparison.score ?? 0) - (a.records[0]?.comparison.score ?? 0))
    .slice(0, MAX_SHOWN)
  return Promise.all(
    compared.map(async ({ person, records }) => {
      const values = await valuesOf(person, ports)
      const patient = names.get(person)
      return {
        ...(patient === undefined ? {} : { patient }),
        records: records.map(({ one, comparison }) => ({
          domain: one.domain,
          value: values.get(one.record) ?? '',
          comparison,
        })),
      }
    }),
  )
}

async function valuesOf(person: PersonKey, { store }: AdministrationPorts): Promise<ReadonlyMap<RecordKey, string>> {
  return new Map((await store.identifiersOf(person)).map(({ record, id }) => [record, id.value]))
}
