// What a caller may know of a person: records, ids and demographics that it may see (design §4; ITI TF-2 3.47.4.2.2).

import type { Caller } from '../model/caller.ts'
import { grouped } from '../model/grouped.ts'
import type { Oid } from '../model/identifiers.ts'
import type { PdqPatient } from '../model/pdq.ts'
import type { Demographics, NameRepresentation, PersonName } from '../model/person.ts'
import type { CorrespondingId } from '../model/pix.ts'
import { speaksFor } from './ownership.ts'
import type { PdqPorts, PersonRecord } from './pdq-ports.ts'
import type { PersonKey } from './ports.ts'

/** A person as far as the caller may see: at least one record. */
export interface VisiblePerson {
  readonly person: PersonKey
  /** Records of the caller's own domains first, then the newest first. */
  readonly records: readonly PersonRecord[]
  /** What is known of the person by records that may be searched by and shown. */
  readonly described: readonly Demographics[]
}

/**
 * The persons among `persons` of whom the caller may see something, in that order.
 * @param found how they were found: a person whose source asks for discretion is there only for who names an id of theirs.
 */
export async function visiblePersons(
  persons: readonly PersonKey[],
  {
    caller,
    ports,
    found,
  }: { readonly caller: Caller; readonly ports: PdqPorts; readonly found: 'by id' | 'by search' },
): Promise<readonly VisiblePerson[]> {
  if (persons.length === 0) return []
  const [records, visible] = await Promise.all([ports.reads.records(persons), ports.visibleDomains(caller, persons)])
  const byPerson = grouped(records, ({ person }) => person)
  return persons.flatMap((person) => {
    const all = byPerson.get(person) ?? []
    const domains = visible.get(person) ?? new Set()
    const shown = all.filter(({ domain }) => speaksFor(caller, domain) || domains.has(domain.oid))
    const ordered = [...shown].sort((a, b) => rank(caller, a) - rank(caller, b) || newerFirst(a, b))
    const described = descriptions(ordered, all)
    const isDiscreet = found === 'by search' && described.some(({ restricted }) => restricted === true)
    return shown.length === 0 || isDiscreet ? [] : { person, records: ordered, described }
  })
}

/**
 * An affinity domain id of ours carries a copy of what some source said when the person came into being, which must not pass for
 * anybody's word. What staff entered counts until a source describes the person.
 */
export function descriptions(shown: readonly PersonRecord[], all: readonly PersonRecord[]): readonly Demographics[] {
  const isDescribed = all.some((record) => isSourcesWord(record) && record.demographics !== undefined)
  return shown.flatMap((record) => {
    const { demographics, entered } = record
    const counts = isSourcesWord(record) || (entered && !isDescribed)
    return counts && demographics !== undefined ? [demographics] : []
  })
}

/** Fed, or a number of a facility, however its record came: by a feed, a push or an import. */
function isSourcesWord({ fed, domain }: PersonRecord): boolean {
  return fed || domain.kind !== 'community'
}

function rank(caller: Caller, { domain }: PersonRecord): number {
  return domain.kind === 'facility' && speaksFor(caller, domain) ? 0 : speaksFor(caller, domain) ? 1 : 2
}

export function newerFirst(a: PersonRecord, b: PersonRecord): number {
  return b.updatedAt.getTime() - a.updatedAt.getTime()
}

/** What is asked of the ids in an answer. */
export interface WantedIds {
  /** Empty: every domain. */
  readonly domains: readonly Oid[]
  readonly affinityDomain: Oid
}

/** The person as the answer shows it. */
export function toPatient(visible: VisiblePerson, score: number, wanted: WantedIds): PdqPatient {
  const { records } = visible
  const { domains } = wanted
  const source = primaryDomain(visible, wanted)
  const isWanted = (oid: Oid): boolean => domains.length === 0 || domains.includes(oid)
  const inOrder = [...records].sort((a, b) => Number(b.domain.oid === source) - Number(a.domain.oid === source))
  const held = grouped(inOrder, ({ domain }) => domain.oid)
  return {
    ids: [...held].flatMap(([oid, ofDomain]) => (isWanted(oid) ? ofDomain.map(toId) : [])),
    primary: records.filter(({ domain }) => domain.oid === source).map(toId),
    missing: [...new Set(domains)].filter((oid) => !held.has(oid)),
    demographics: goldenOf(visible.described),
    score,
  }
}

/** The caller's own numbers before the network's, the network's before others. */
function primaryDomain({ records }: VisiblePerson, { affinityDomain }: WantedIds): Oid | undefined {
  const [first] = records
  const own = first !== undefined && first.domain.kind === 'facility' ? first : undefined
  const network = records.find(({ domain }) => domain.oid === affinityDomain)
  return (own ?? network ?? first)?.domain.oid
}

function toId({ id, domain }: PersonRecord): CorrespondingId {
  return { id, authorityName: domain.name }
}

const REPRESENTATIONS: readonly NameRepresentation[] = ['IDE', 'SYL', 'ABC']

/** Attribute by attribute, what the first record says that says anything. */
export function goldenOf(described: readonly Demographics[]): Demographics {
  const first = <K extends keyof Demographics>(key: K): Partial<Pick<Demographics, K>> => {
    const said = described.find((demographics) => isSaid(demographics[key]))
    return said === undefined ? {} : ({ [key]: said[key] } as Partial<Pick<Demographics, K>>)
  }
  return {
    ...first('sex'),
    ...first('birthTime'),
    ...first('multipleBirth'),
    ...first('birthOrder'),
    ...first('deceased'),
    ...first('mother'),
    addresses: first('addresses').addresses ?? [],
    telecoms: first('telecoms').telecoms ?? [],
    names: REPRESENTATIONS.flatMap((representation) => namesIn(representation, described)),
  }
}

function isSaid(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined
}

function namesIn(representation: NameRepresentation, described: readonly Demographics[]): readonly PersonName[] {
  for (const { names } of described) {
    const own = names.filter((name) => name.representation === representation)
    if (own.length > 0) return own
  }
  return []
}
