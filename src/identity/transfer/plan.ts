// What becomes of the new records of a batch: each is decided after those before it, as if it had come alone.

import type { PatientId } from '../../model/identifiers.ts'
import type { RefusedRecord } from '../../model/person-record.ts'
import { asReview, evidenceOf } from '../match.ts'
import { decide } from '../matching/decide.ts'
import type { ReviewFinding } from '../matching/types.ts'
import { newXadValue } from '../person.ts'
import type { LinkEvidence, LinkState, Matching, NewIdentifier, PersonKey, RecordKey } from '../ports.ts'
import type { SearchEntry } from '../search-keys.ts'
import { breathing } from './breathe.ts'
import type { KnownRecord } from './ports.ts'
import type { ImportContext, PreparedRecord } from './prepared.ts'
import { plannedKey, type WorkingIndex } from './working-index.ts'

/** A number to be added, by planned keys until they are reserved. */
export interface Planned extends Pick<NewIdentifier, 'demographics' | 'features'> {
  readonly record: RecordKey
  readonly person: PersonKey
  readonly id: PatientId
  readonly link: LinkState
  readonly search?: SearchEntry
  readonly history: { readonly evidence?: LinkEvidence }
  /** Joins a person who has other records. */
  readonly joins: boolean
  /** Absent for affinity domain ids that are issued with a new person. */
  readonly line?: number
}

export interface Plan {
  readonly persons: readonly PersonKey[]
  readonly records: readonly Planned[]
  readonly reviews: readonly { readonly record: RecordKey; readonly findings: readonly ReviewFinding[] }[]
  readonly refused: readonly RefusedRecord[]
}

export interface Planning {
  readonly fresh: readonly PreparedRecord[]
  /** Known persons whom lines name, by their value in the affinity domain. */
  readonly told: ReadonlyMap<string, KnownRecord>
  readonly index: WorkingIndex
  readonly context: ImportContext
}

interface Draft {
  readonly planning: Planning
  readonly matching: Matching
  readonly persons: PersonKey[]
  readonly records: Planned[]
  readonly reviews: { readonly record: RecordKey; readonly findings: readonly ReviewFinding[] }[]
  readonly refused: RefusedRecord[]
  /** Persons of this batch by their value in the affinity domain. */
  readonly named: Map<string, PersonKey>
}

export async function planRecords(planning: Planning): Promise<Plan> {
  const breathe = breathing()
  const { told, context } = planning
  const draft: Draft = {
    planning,
    matching: context.ports.matching(),
    persons: [],
    records: [],
    reviews: [],
    refused: [],
    named: new Map([...told].map(([value, { person }]) => [value, person])),
  }
  for (const prepared of planning.fresh) {
    await breathe()
    if (prepared.isPerson) addNamedPerson(draft, prepared)
    else if (prepared.record.person !== undefined) placeWithNamed(draft, prepared, prepared.record.person)
    else place(draft, prepared)
  }
  return draft
}

/** An affinity domain id is a person; lines that follow may name it, none before. */
function addNamedPerson(draft: Draft, prepared: PreparedRecord): void {
  const { id } = prepared.record
  if (draft.named.has(id.value)) {
    draft.refused.push({ line: prepared.line, fault: 'differs' })
    return
  }
  const person = nextPerson(draft)
  draft.named.set(id.value, person)
  addPlanned(draft, prepared, { person, link: 'sole', joins: false })
}

/** The file says whose the record is, as staff of the network that wrote it decided. */
function placeWithNamed(draft: Draft, prepared: PreparedRecord, value: string): void {
  const { id } = prepared.record
  const known = draft.named.get(value)
  if (known === undefined) {
    addPlanned(draft, prepared, { person: newPerson(draft, prepared, value), link: 'sole', joins: false })
    return
  }
  if (draft.planning.index.hasNumberOf(known, id.authority))
    draft.refused.push({ line: prepared.line, fault: 'second-number', at: 'person' })
  else addPlanned(draft, prepared, { person: known, link: 'manual', joins: true })
}

/** The matcher says whose the record is. */
function place(draft: Draft, prepared: PreparedRecord): void {
  const { person, evidence, reviews } = find(draft, prepared)
  const record =
    person === undefined
      ? addPlanned(draft, prepared, { person: newPerson(draft, prepared, newXadValue()), link: 'sole', joins: false })
      : addPlanned(draft, prepared, {
          person,
          link: 'auto',
          joins: true,
          ...(evidence === undefined ? {} : { evidence }),
        })
  if (reviews.length > 0) draft.reviews.push({ record, findings: reviews })
}

interface Found {
  readonly person?: PersonKey
  readonly evidence?: LinkEvidence
  readonly reviews: readonly ReviewFinding[]
}

/** As findPerson asks for a feed, on what the batch has read. */
function find({ planning, matching }: Draft, { record, described }: PreparedRecord): Found {
  const { policy } = matching
  const folded = described?.folded
  if (folded === undefined || policy.mode === 'off' || folded.keys.length === 0) return { reviews: [] }
  const { index } = planning
  const domain = record.id.authority
  const decision = decide({ domain, features: folded.features }, index.candidates(folded.keys), matching)
  if (decision.kind === 'apart') return { reviews: decision.reviews }
  if (index.hasNumberOf(decision.person, domain))
    return { reviews: [asReview(decision, 'same-domain'), ...decision.reviews] }
  return { person: decision.person, evidence: evidenceOf(decision, matching), reviews: decision.reviews }
}

function nextPerson(draft: Draft): PersonKey {
  const person = plannedKey(draft.persons.length + 1)
  draft.persons.push(person)
  return person
}

/** Someone new, with an affinity domain id from the start. */
function newPerson(draft: Draft, { record }: PreparedRecord, value: string): PersonKey {
  const { affinityDomain } = draft.planning.context.ports
  const person = nextPerson(draft)
  const { demographics } = record
  draft.named.set(value, person)
  draft.records.push({
    record: plannedKey(draft.records.length + 1),
    person,
    id: { value, authority: affinityDomain },
    link: 'sole',
    joins: false,
    history: {},
    ...(demographics === undefined ? {} : { demographics }),
  })
  return person
}

interface Place {
  readonly person: PersonKey
  readonly link: LinkState
  readonly joins: boolean
  readonly evidence?: LinkEvidence
}

function addPlanned(draft: Draft, prepared: PreparedRecord, place: Place): RecordKey {
  const { person, link, joins, evidence } = place
  const { line, record: given, described } = prepared
  const record: RecordKey = plannedKey(draft.records.length + 1)
  draft.records.push({
    record,
    person,
    id: given.id,
    link,
    joins,
    line,
    history: evidence === undefined ? {} : { evidence },
    ...(given.demographics === undefined ? {} : { demographics: given.demographics }),
    ...(described === undefined ? {} : { features: described.folded, search: described.search }),
  })
  draft.planning.index.add({
    person,
    record,
    domain: given.id.authority,
    ...(described === undefined ? {} : { compared: described.folded }),
  })
  return record
}
