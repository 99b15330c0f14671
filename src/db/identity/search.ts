// Search of records by folded keys, and the keeping of those keys (ITI TF-2 3.21, 3.47).

import type { PdqPorts, PersonRecord, RecordSearch } from '../../identity/pdq-ports.ts'
import type { DomainKind, PersonKey } from '../../identity/ports.ts'
import type { KeyRange, SearchEntry } from '../../identity/search-keys.ts'
import type { Oid, PatientId } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import { type Queryable, query, type Statement, sql } from '../sql.ts'

type SearchReads = Pick<PdqPorts['reads'], 'search' | 'records'>

export function searchReads(client: Queryable): SearchReads {
  return {
    async search(search) {
      const rows = await query<{ readonly person_key: PersonKey }>(client, searchStatement(search))
      return rows.map(({ person_key }) => person_key)
    },
    records: (persons) => recordsOf(client, persons),
  }
}

/** Exported for the test that explains it. */
export function searchStatement(search: RecordSearch): Statement {
  return search.by.kind === 'ids' ? byIds(search.by.ids, search) : byKeys(search.by.ranges, search)
}

/**
 * The person has an active number of one of these domains; everybody has, for undefined. OFFSET 0 has the numbers of a person read by
 * the index of persons: by that of domains it would be all numbers of a hospital.
 */
function knownTo(person: Statement, domains: readonly Oid[] | undefined): Statement {
  return sql`(${domains === undefined} or exists (
    select from (select domain, status from identity.identifier where person_key = ${person} offset 0) own
    where own.domain = any(${domains ?? []}) and own.status = 'active'))`
}

function byIds(ids: readonly PatientId[], search: RecordSearch): Statement {
  const distinct = [...new Map(ids.map((id) => [`${id.authority} ${id.value}`, id])).values()]
  return sql`/* PDQ: persons who have all of these ids */
    select i.person_key
    from unnest(${distinct.map((id) => id.authority)}::text[], ${distinct.map((id) => id.value)}::text[]) as asked (domain, value)
    join identity.identifier i on i.domain = asked.domain and i.value = asked.value and i.status = 'active'
    where ${knownTo(sql`i.person_key`, search.knownTo)}
    group by i.person_key having count(*) = ${distinct.length}
    limit ${search.limit}`
}

/** Rows of ranges: kind, bounds of what the index is read by, bounds of the given name. */
function ranges(given: readonly KeyRange[]): Statement {
  return sql`unnest(${given.map(({ kind }) => kind)}::text[], ${given.map(({ low }) => low)}::text[],
      ${given.map(({ high }) => high)}::text[], ${given.map(({ givenLow }) => givenLow)}::text[],
      ${given.map(({ givenHigh }) => givenHigh)}::text[]) as asked (kind, low, high, given_low, given_high)`
}

/**
 * OFFSET 0 and LIMIT keep the parts apart: keys are read in the order of an index, and each one's record by its number, whatever the
 * planner thinks of arrays that it cannot look into.
 */
function byKeys(given: readonly KeyRange[], search: RecordSearch): Statement {
  const { limit, names, birth, sex } = search
  const onKey = given.filter(({ on }) => on === 'key')
  const onGiven = given.filter(({ on }) => on === 'given')
  const agreeing = sql`k.given >= asked.given_low and k.given <= asked.given_high
        and (${birth === undefined} or (k.birth >= ${birth?.low ?? ''} and k.birth <= ${birth?.high ?? ''}))
        and (${sex ?? null}::text is null or k.sex = ${sex ?? null})
        and (${names.length === 0} or ${isNamed(names)})`
  const found = (agrees: Statement, order: Statement): Statement => sql`
      select r.person_key from identity.search_key k
      cross join lateral (select person_key from identity.identifier i
                          where i.record_id = k.record_id and i.status = 'active' offset 0) r
      where k.kind = asked.kind and ${agrees} and ${agreeing} and ${knownTo(sql`r.person_key`, search.knownTo)}
      order by ${order} limit ${limit * RECORDS_OF_A_PERSON}`
  return sql`/* PDQ: persons by keys of their records */
    select distinct person_key from (
      select found.person_key from ${ranges(onKey)}
      cross join lateral (${found(sql`k.key >= asked.low and k.key <= asked.high`, sql`k.kind, k.key`)}) found
      union all
      select found.person_key from ${ranges(onGiven)}
      cross join lateral (${found(
        sql`k.given >= asked.low and k.given <= asked.high and k.given <> ''`,
        sql`k.kind, k.given`,
      )}) found) p
    limit ${limit}`
}

/** Most records of one person that may stand in the way of another person's: the limit is counted in persons. */
const RECORDS_OF_A_PERSON = 8

/** One of the keys of record `k` is in one of the ranges. */
function isNamed(names: readonly KeyRange[]): Statement {
  const onKey = names.filter(({ on }) => on === 'key')
  const onGiven = names.filter(({ on }) => on === 'given')
  const own = sql`(select kind, key, given from identity.search_key where record_id = k.record_id offset 0) n`
  return sql`exists (
    select from ${own}, ${ranges(onKey)}
    where n.kind = asked.kind and n.key >= asked.low and n.key <= asked.high
      and n.given >= asked.given_low and n.given <= asked.given_high
    union all
    select from ${own}, ${ranges(onGiven)}
    where n.kind = asked.kind and n.given >= asked.low and n.given <= asked.high)`
}

interface RecordRow {
  readonly person_key: PersonKey
  readonly value: string
  readonly domain: Oid
  readonly name: string
  readonly kind: DomainKind
  readonly facility_id: string | null
  readonly fed: boolean
  readonly entered: boolean
  readonly demographics: Demographics | null
  readonly updated_at: Date
}

async function recordsOf(client: Queryable, persons: readonly PersonKey[]): Promise<readonly PersonRecord[]> {
  const rows = await query<RecordRow>(
    client,
    sql`/* PDQ: active records of persons; what staff entered has keys, a copy has none */
      select i.person_key, i.value, i.domain, d.name, d.kind, d.facility_id, i.received is not null as fed,
             i.received is null and exists (select from identity.search_key k where k.record_id = i.record_id) as entered,
             i.demographics, i.updated_at
      from identity.identifier i join identity.domain d on d.oid = i.domain
      where i.person_key = any(${persons}::bigint[]) and i.status = 'active'
      order by i.person_key, i.domain, i.value`,
  )
  return rows.map((row) => ({
    person: row.person_key,
    id: { value: row.value, authority: row.domain },
    domain: {
      oid: row.domain,
      name: row.name,
      kind: row.kind,
      ...(row.facility_id === null ? {} : { facilityId: row.facility_id }),
    },
    fed: row.fed,
    entered: row.entered,
    ...(row.demographics === null ? {} : { demographics: row.demographics }),
    updatedAt: row.updated_at,
  }))
}

/**
 * Part of a WITH clause: the keys of a new record.
 * @param record a part that returns its record_id.
 */
export function addSearchKeys(record: Statement, { keys, birth, sex }: SearchEntry): Statement {
  return sql`search_added as (
      insert into identity.search_key (record_id, kind, key, given, birth, sex)
      select r.record_id, k.kind, k.key, k.given, ${birth ?? null}, ${sex ?? null}
      from ${record} r, unnest(${keys.map(({ kind }) => kind)}::text[], ${keys.map(({ key }) => key)}::text[],
                               ${keys.map(({ given }) => given)}::text[]) as k (kind, key, given))`
}

/** As addSearchKeys, in the place of the keys that the record had. */
export function replaceSearchKeys(record: Statement, entry: SearchEntry): Statement {
  return sql`search_gone as (delete from identity.search_key k using ${record} r where k.record_id = r.record_id),
    ${addSearchKeys(record, entry)}`
}
