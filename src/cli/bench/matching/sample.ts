// What the matching bench feeds: records of which it is known who is who.

import type { Described } from '../../../identity/matching/types.ts'
import { dayOf } from '../people/calendar.ts'
import { lifeEvents } from '../people/errors.ts'
import type { InventedPerson } from '../people/households.ts'
import { type PersonRecord, people } from '../people/people.ts'

export interface SampleRecord {
  readonly domain: string
  readonly described: Described
  /** Of all records of one person the same. */
  readonly truth: number
  /** What is wrong with the record, or no longer true. */
  readonly errors: readonly string[]
}

/** How two persons are related who must not become one. */
export const relations = ['twins', 'parentAndChild', 'household', 'namesakes', 'strangers'] as const
export type Relation = (typeof relations)[number]

export interface Sample {
  readonly name: string
  readonly records: readonly SampleRecord[]
  /** Errors and relations are known of people who were invented here; of others only who is who. */
  readonly isInvented: boolean
  /** Of two different persons. */
  readonly relation: (one: number, other: number) => Relation
}

const EVENTS: ReadonlySet<string> = new Set(lifeEvents)

/** Errors of a pair: either record's, but an event of a life parts two records only when one was written before and one after. */
export function errorsOfPair(one: SampleRecord, other: SampleRecord): readonly string[] {
  const all = new Set([...one.errors, ...other.errors])
  return [...all].filter((error) => !EVENTS.has(error) || one.errors.includes(error) !== other.errors.includes(error))
}

/** Invented people of three hospitals. */
export function japaneseSample(given: { readonly seed: number; readonly persons: number }): Sample {
  const invented: PersonRecord[] = [...people(given.seed, given.persons)]
  const persons = new Map(invented.map(({ truth }) => [truth.number, truth]))
  return {
    name: `Japanese, ${given.persons} persons`,
    isInvented: true,
    records: invented.map(({ domain, demographics, errors, truth }) => ({
      domain,
      described: { demographics, identifiers: [] },
      truth: truth.number,
      errors,
    })),
    relation: (one, other) => relationOf(persons.get(one), persons.get(other)),
  }
}

function relationOf(one: InventedPerson | undefined, other: InventedPerson | undefined): Relation {
  if (one === undefined || other === undefined) return 'strangers'
  if (one.twin?.of === other.number) return 'twins'
  if (one.parents.includes(other.number) || other.parents.includes(one.number)) return 'parentAndChild'
  if (areNamesakes(one, other)) return 'namesakes'
  return one.household === other.household ? 'household' : 'strangers'
}

/** Of one name, in kanji or to the ear, and born the same day. */
export function areNamesakes(one: InventedPerson, other: InventedPerson): boolean {
  const sameName = (['kanji', 'kana'] as const).some(
    (script) => one.family[script] === other.family[script] && one.given[script] === other.given[script],
  )
  return sameName && dayOf(one.birth) === dayOf(other.birth)
}
