// A person as staff see them, in SQL: numbers with who linked them, the history, the merges.

import type {
  AdministrationStore,
  HistoryView,
  MergeView,
  NumberView,
  Page,
} from '../../identity/administration-ports.ts'
import type { HistoryEvent, LinkState, MergeOrigin, PersonKey } from '../../identity/ports.ts'
import type { Oid } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import { type Queryable, query, type Statement, sql } from '../sql.ts'

type PersonReads = Pick<AdministrationStore, 'numbersOf' | 'networkIds' | 'historyOf' | 'merges'>

export function personViews(client: Queryable, affinityDomain: Oid): PersonReads {
  return {
    numbersOf: async (person) => (await query<NumberRow>(client, numbersOf(person))).map(toNumber),
    networkIds: (persons) => networkIds(client, { persons, affinityDomain }),
    async historyOf(person, page) {
      const rows = await query<HistoryRow>(client, historyOf(person, page))
      const names = await networkIds(client, { persons: rows.flatMap(personsOf), affinityDomain })
      return rows.map((row) => toHistory(row, names))
    },
    async merges(page, person) {
      const rows = await query<MergeRow>(client, person === undefined ? allMerges(page) : mergesOf(person, page))
      const persons = rows.flatMap((row) => [row.former_person, row.survivor_person])
      const names = await networkIds(client, { persons, affinityDomain })
      return rows.map((row) => toMerge(row, names))
    },
  }
}

interface NumberRow {
  readonly record_id: string
  readonly domain: Oid
  readonly name: string
  readonly facility_id: string | null
  readonly value: string
  readonly status: 'active' | 'obsolete'
  readonly link: LinkState
  readonly second: boolean
  readonly survivor: string | null
  readonly fed: boolean
  readonly demographics: Demographics | null
  readonly created_at: Date
  readonly came_at: Date | null
  readonly came_by: string | null
  readonly came_reason: string | null
  readonly told_at: Date | null
}

/** How a number came here is the newest row of its history that is about its person; each is one step in the index of history. */
function numbersOf(person: PersonKey): Statement {
  return sql`/* numbers of a person, and how they came */
    select i.record_id, i.domain, d.name, d.facility_id, i.value, i.status, i.link, i.second, i.survivor,
           i.received is not null as fed, i.demographics, i.created_at,
           came.at as came_at, came.by as came_by, came.reason as came_reason, told.at as told_at
    from identity.identifier i
    join identity.domain d on d.oid = i.domain
    left join lateral (
      select h.at, h.by, h.reason from identity.identifier_history h
      where h.domain = i.domain and h.value = i.value and h.person_key = i.person_key and h.event <> 'revise'
      order by h.history_id desc limit 1) as came on true
    left join lateral (
      select h.at from identity.identifier_history h
      where h.domain = i.domain and h.value = i.value and h.demographics is not null
      order by h.history_id desc limit 1) as told on true
    where i.person_key = ${person}
    order by i.status, d.kind, d.name, i.value`
}

function toNumber(row: NumberRow): NumberView {
  return {
    record: row.record_id,
    id: { value: row.value, authority: row.domain },
    domainName: row.name,
    ...(row.facility_id === null ? {} : { facilityId: row.facility_id }),
    status: row.status,
    link: row.link,
    second: row.second,
    ...(row.survivor === null ? {} : { survivor: row.survivor }),
    since: (row.came_at ?? row.created_at).toISOString(),
    by: row.came_by ?? '',
    reason: row.came_reason ?? '',
    fed: row.fed,
    ...(row.demographics === null ? {} : { demographics: row.demographics }),
    ...(row.told_at === null ? {} : { toldAt: row.told_at.toISOString() }),
  }
}

/** A person who was merged away has no number any more: their id is the one with which they came into being. */
async function networkIds(
  client: Queryable,
  { persons, affinityDomain }: { readonly persons: readonly PersonKey[]; readonly affinityDomain: Oid },
): Promise<ReadonlyMap<PersonKey, string>> {
  if (persons.length === 0) return new Map()
  const rows = await query<{ readonly person_key: PersonKey; readonly value: string | null }>(
    client,
    sql`/* ids of the network */
      select p.person_key, coalesce(
        (select i.value from identity.identifier i
         where i.person_key = p.person_key and i.domain = ${affinityDomain} and i.status = 'active' order by i.second, i.value limit 1),
        (select h.value from identity.identifier_history h
         where h.person_key = p.person_key and h.domain = ${affinityDomain} and h.event = 'add' order by h.history_id limit 1)) as value
      from (select distinct person_key from unnest(${persons}::bigint[]) as person_key) as p`,
  )
  return new Map(rows.flatMap(({ person_key, value }) => (value === null ? [] : [[person_key, value] as const])))
}

interface HistoryRow {
  readonly history_id: string
  readonly at: Date
  readonly domain: Oid
  readonly name: string
  readonly value: string
  readonly event: HistoryEvent
  readonly by: string
  readonly reason: string
  readonly person_key: PersonKey
  readonly former_person_key: PersonKey | null
  readonly demographics: Demographics | null
  readonly link: LinkState | null
  readonly model: string | null
  readonly score: number | null
  readonly evidence: unknown
}

/** Numbers that were ever the person's, each with the rows about this person: also the row of its leaving. */
function historyOf(person: PersonKey, { limit, after }: Page): Statement {
  return sql`/* history of a person */
    with number as materialized (
      select distinct domain, value from identity.identifier_history where person_key = ${person}
      union select domain, value from identity.identifier where person_key = ${person})
    select h.history_id, h.at, h.domain, d.name, h.value, h.event, h.by, h.reason, h.person_key, h.former_person_key,
           h.demographics, h.link, h.model, h.score, h.evidence
    from number n
    join identity.identifier_history h on h.domain = n.domain and h.value = n.value
    join identity.domain d on d.oid = h.domain
    where (h.person_key = ${person} or h.former_person_key = ${person}) and h.history_id > ${after ?? '0'}
    order by h.history_id limit ${limit}`
}

function personsOf({ person_key, former_person_key }: HistoryRow): readonly PersonKey[] {
  return former_person_key === null ? [person_key] : [person_key, former_person_key]
}

type Names = ReadonlyMap<PersonKey, string>

function toHistory(row: HistoryRow, names: Names): HistoryView {
  return {
    historyId: row.history_id,
    at: row.at.toISOString(),
    id: { value: row.value, authority: row.domain },
    domainName: row.name,
    event: row.event,
    by: row.by,
    reason: row.reason,
    ...named('patient', names.get(row.person_key)),
    ...named('formerPatient', row.former_person_key === null ? undefined : names.get(row.former_person_key)),
    ...named('link', row.link),
    ...named('model', row.model),
    ...named('score', row.score),
    ...named('evidence', row.evidence),
    ...named('demographics', row.demographics),
  }
}

/** A member that is there only when there is something to say. */
export function named<Name extends string, Value>(
  name: Name,
  value: Value | null | undefined,
): Partial<Record<Name, Value>> {
  return value === null || value === undefined ? {} : ({ [name]: value } as Record<Name, Value>)
}

interface MergeRow {
  readonly merge_id: string
  readonly at: Date
  readonly by: string
  readonly reason: string
  readonly origin: MergeOrigin
  readonly scope: MergeView['scope']
  readonly domain: Oid
  readonly subsumed: string
  readonly survivor: string
  readonly former_person: PersonKey
  readonly survivor_person: PersonKey
  readonly exchange_id: string | null
  readonly undone_at: Date | null
  readonly undone_by: string | null
  readonly has_snapshot: boolean
}

function mergeColumns(): Statement {
  return sql`m.merge_id, m.at, m.by, m.reason, m.origin, m.scope, m.domain, m.subsumed, m.survivor, m.former_person, m.survivor_person,
    m.exchange_id, m.undone_at, m.undone_by, m.identifiers_before is not null and m.identifiers_after is not null as has_snapshot`
}

/** Newest first; an id beyond every id when there is no page before. */
const NEWEST = '9223372036854775807'

function allMerges({ limit, after }: Page): Statement {
  return sql`/* merges */ select ${mergeColumns()} from identity.merge m
    where m.merge_id < ${after ?? NEWEST} order by m.merge_id desc limit ${limit}`
}

/** Of the person, and of those who went into them, by the indexes of both sides of a merge. */
function mergesOf(person: PersonKey, { limit, after }: Page): Statement {
  return sql`/* merges of a person */
    with recursive part (person_key) as (
      select ${person}::bigint
      union
      select m.former_person from part join identity.merge m on m.survivor_person = part.person_key
      where m.scope = 'person' and m.undone_at is null),
    own as (
      select m.merge_id from part join identity.merge m on m.survivor_person = part.person_key
      union select m.merge_id from part join identity.merge m on m.former_person = part.person_key)
    select ${mergeColumns()} from own join identity.merge m using (merge_id)
    where m.merge_id < ${after ?? NEWEST} order by m.merge_id desc limit ${limit}`
}

function toMerge(row: MergeRow, names: Names): MergeView {
  const { domain: authority } = row
  return {
    mergeId: row.merge_id,
    at: row.at.toISOString(),
    by: row.by,
    reason: row.reason,
    origin: row.origin,
    scope: row.scope,
    former: { value: row.subsumed, authority },
    survivor: { value: row.survivor, authority },
    ...named('formerPatient', names.get(row.former_person)),
    ...named('survivorPatient', names.get(row.survivor_person)),
    ...named('exchangeId', row.exchange_id),
    undo: row.undone_at !== null ? 'done' : row.has_snapshot ? 'possible' : 'no snapshot',
    ...named('undoneAt', row.undone_at?.toISOString()),
    ...named('undoneBy', row.undone_by),
  }
}
