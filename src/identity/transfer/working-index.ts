// The part of the index that a batch is compared with: read once, and growing by the batch's own records.

import type { CandidatePerson, CandidateRecord } from '../matching/types.ts'
import type { PersonKey } from '../ports.ts'
import type { IndexedRecord } from './ports.ts'

interface WorkingPerson {
  readonly person: PersonKey
  /** Place in the order of persons. */
  readonly place: number
  readonly records: CandidateRecord[]
  readonly domains: Set<string>
  readonly stored: IndexedRecord[]
}

/** Keys of what a batch adds begin so until they are reserved. */
const PLANNED = '+'

/** The key of something new, by its number in the batch. */
export function plannedKey(number: number): string {
  return `${PLANNED}${number}`
}

export function isPlanned(key: string): boolean {
  return key.startsWith(PLANNED)
}

export interface WorkingIndex {
  /** Persons with a record in one of the blocks, in the order of their keys, each with all records that are compared. */
  readonly candidates: (keys: readonly string[]) => readonly CandidatePerson[]
  readonly hasNumberOf: (person: PersonKey, domain: string) => boolean
  /** Records of the person that were read, not those that the batch adds. */
  readonly storedOf: (person: PersonKey) => readonly IndexedRecord[]
  /** A record that is there already is not added again. */
  readonly add: (record: IndexedRecord) => void
}

/**
 * @param given in the order of persons; whoever is added later comes after them.
 * @param wanted keys that will be asked for; others are not kept.
 */
export function workingIndex(given: readonly IndexedRecord[], wanted: ReadonlySet<string>): WorkingIndex {
  const known = new Set<string>()
  const persons = new Map<PersonKey, WorkingPerson>()
  const blocks = new Map<string, Set<WorkingPerson>>()
  const add = (indexed: IndexedRecord): void => {
    const { person, record, domain, compared } = indexed
    if (known.has(record)) return
    known.add(record)
    const owner = persons.get(person) ?? newPerson(person, persons.size)
    persons.set(person, owner)
    owner.domains.add(domain)
    if (!isPlanned(record)) owner.stored.push(indexed)
    if (compared === undefined) return
    owner.records.push({ record, domain, features: compared.features, vetoed: false })
    for (const key of compared.keys) {
      if (!wanted.has(key)) continue
      const block = blocks.get(key)
      if (block === undefined) blocks.set(key, new Set([owner]))
      else block.add(owner)
    }
  }
  for (const record of given) add(record)
  return {
    add,
    storedOf: (person) => persons.get(person)?.stored ?? [],
    hasNumberOf: (person, domain) => persons.get(person)?.domains.has(domain) === true,
    candidates: (keys) => {
      const found = new Set<WorkingPerson>()
      for (const key of keys) for (const person of blocks.get(key) ?? []) found.add(person)
      return [...found].sort((a, b) => a.place - b.place)
    },
  }
}

function newPerson(person: PersonKey, place: number): WorkingPerson {
  return { person, place, records: [], domains: new Set(), stored: [] }
}
