// Bulk import and export of the master patient index in SQL: a batch of records is read and written by a few statements.

import type pg from 'pg'
import type { CandidateRecord } from '../../identity/matching/types.ts'
import type { PersonKey, RecordKey } from '../../identity/ports.ts'
import type { SearchEntry } from '../../identity/search-keys.ts'
import type {
  BatchContent,
  BulkStore,
  BulkTransaction,
  ExportedRecord,
  IndexedRecord,
  KnownRecord,
  NewRecord,
  PageRequest,
  Reserved,
} from '../../identity/transfer/ports.ts'
import type { Oid, PatientId } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import { type ExchangeWriter, identityTransaction } from '../identity-store.ts'
import { transaction } from '../pool.ts'
import { query, queryOne, type Statement, sql } from '../sql.ts'
import { lockMatching, MAX_BLOCK } from './matching.ts'
import { identityReads } from './reads.ts'

const PAGE_RECORDS = 1000

/** The bulk side of the identity store on `pool`. */
export function createBulkStore(pool: pg.Pool, exchange: ExchangeWriter): BulkStore {
  const { domains, facilityDomains } = identityReads(pool)
  return {
    domains,
    facilityDomains,
    inTransaction: (work) => transaction(pool, (client) => work(bulkTransaction(client, exchange))),
    page: (from) => page(pool, from),
  }
}

function bulkTransaction(client: pg.ClientBase, exchange: ExchangeWriter): BulkTransaction {
  const { lockPersons, addReviews, announce, recordStaffChange } = identityTransaction(client, exchange)
  return {
    lockPersons,
    addReviews,
    announce,
    recordStaffChange,
    lockMatching: () => lockMatching(client),
    known: (ids) => known(client, ids),
    inBlocks: (keys, domains) => inBlocks(client, keys, domains),
    numbersOf: (persons) => indexed(client, sql`select unnest(${persons}::bigint[]) as person_key`, sql`true`),
    reserve: (counts) => reserve(client, counts),
    add: (content) => add(client, content),
  }
}

interface KnownRow {
  readonly domain: Oid
  readonly value: string
  readonly person_key: PersonKey
  readonly status: 'active' | 'obsolete'
  readonly demographics: Demographics | null
}

async function known(client: pg.ClientBase, ids: readonly PatientId[]): Promise<readonly KnownRecord[]> {
  const rows = await query<KnownRow>(
    client,
    sql`/* numbers of a batch */
      select i.domain, i.value, i.person_key, i.status, i.demographics
      from unnest(${ids.map(({ authority }) => authority)}::text[], ${ids.map(({ value }) => value)}::text[]) as asked (domain, value)
      join identity.identifier i on i.domain = asked.domain and i.value = asked.value`,
  )
  return rows.map(({ domain, value, person_key, status, demographics }) => ({
    id: { value, authority: domain },
    person: person_key,
    status,
    ...(demographics === null ? {} : { demographics }),
  }))
}

interface IndexedRow {
  readonly person_key: PersonKey
  readonly record_id: RecordKey
  readonly domain: string
  readonly features: CandidateRecord['features'] | null
  readonly keys: readonly string[] | null
}

/** As the candidates of one record: blocks by their index, then persons with their records. */
function inBlocks(
  client: pg.ClientBase,
  keys: readonly string[],
  domains: readonly Oid[],
): Promise<readonly IndexedRecord[]> {
  const persons = sql`select distinct i.person_key
    from unnest(${keys}::bigint[]) as block (key)
    cross join lateral (select k.record_id from identity.match_key k where k.key = block.key limit ${MAX_BLOCK}) as found
    join identity.identifier i on i.record_id = found.record_id and i.status = 'active'`
  return indexed(client, persons, sql`(m.record_id is not null or i.domain = any(${domains}::text[]))`)
}

async function indexed(
  client: pg.ClientBase,
  persons: Statement,
  wanted: Statement,
): Promise<readonly IndexedRecord[]> {
  const rows = await query<IndexedRow>(
    client,
    sql`/* records that a batch is compared with */
      with person as materialized (${persons})
      select i.person_key, i.record_id, i.domain, m.features, m.keys
      from person
      join identity.identifier i on i.person_key = person.person_key and i.status = 'active'
      left join identity.match_record m on m.record_id = i.record_id
      where ${wanted}
      order by i.person_key, i.record_id`,
  )
  return rows.map(({ person_key, record_id, domain, features, keys }) => ({
    person: person_key,
    record: record_id,
    domain,
    ...(features === null || keys === null ? {} : { compared: { features, keys } }),
  }))
}

async function reserve(
  client: pg.ClientBase,
  { persons, records }: { readonly persons: number; readonly records: number },
): Promise<Reserved> {
  const row = await queryOne<Reserved>(
    client,
    sql`/* keys of a batch */ select
      array(select nextval('identity.person_person_key_seq') from generate_series(1, ${persons}::integer)) as persons,
      array(select nextval('identity.identifier_record_id_seq') from generate_series(1, ${records}::integer)) as records`,
  )
  return row ?? { persons: [], records: [] }
}

/** Persons, numbers, history and what they are compared by, in one statement. */
async function add(client: pg.ClientBase, { persons, records, by }: BatchContent): Promise<'added' | 'taken'> {
  const added = await queryOne<{ readonly count: number }>(
    client,
    sql`/* records of a batch */
      with given as materialized (
        select * from jsonb_to_recordset(${JSON.stringify(records.map(toRow))}::jsonb)
          as r(record_id bigint, domain text, value text, person_key bigint, link text, demographics jsonb,
               reason text, model text, score real, evidence jsonb, version integer, features jsonb, keys bigint[],
               birth text, sex text, kinds text[], texts text[], givens text[])),
      person as (
        insert into identity.person (person_key) overriding system value select unnest(${persons}::bigint[])),
      added as (
        insert into identity.identifier (record_id, domain, value, person_key, link, demographics) overriding system value
        select record_id, domain, value, person_key, link, demographics from given
        on conflict do nothing
        returning record_id),
      history as (
        insert into identity.identifier_history (domain, value, event, by, reason, person_key, demographics, link, model, score, evidence)
        select domain, value, 'add', ${by}, reason, person_key, demographics, link, model::bigint, score, evidence from given),
      folded as (
        insert into identity.match_record (record_id, version, features, keys)
        select record_id, version, features, keys from given where version is not null),
      keyed as (
        insert into identity.match_key (key, record_id)
        select distinct key, record_id from given cross join unnest(keys) as key where version is not null order by key, record_id),
      found_by as (
        insert into identity.search_key (record_id, kind, key, given, birth, sex)
        select r.record_id, k.kind, k.key, k.given, r.birth, r.sex
        from given r cross join unnest(r.kinds, r.texts, r.givens) as k (kind, key, given))
      select count(*)::integer as count from added`,
  )
  return added?.count === records.length ? 'added' : 'taken'
}

function toRow(record: NewRecord): Readonly<Record<string, unknown>> {
  const { id, history, features, search } = record
  return {
    record_id: record.record,
    domain: id.authority,
    value: id.value,
    person_key: record.person,
    link: record.link,
    demographics: record.demographics,
    reason: history.reason,
    model: history.evidence?.model,
    score: history.evidence?.score,
    evidence: history.evidence?.comparison,
    ...features,
    ...(search === undefined ? {} : searchColumns(search)),
  }
}

function searchColumns({ keys, birth, sex }: SearchEntry): Readonly<Record<string, unknown>> {
  return {
    birth,
    sex,
    kinds: keys.map(({ kind }) => kind),
    texts: keys.map(({ key }) => key),
    givens: keys.map(({ given }) => given),
  }
}

interface PageRow {
  readonly record_id: RecordKey
  readonly domain: Oid
  readonly value: string
  readonly demographics: Demographics | null
  readonly person: string | null
}

/** By identifier_record; ids of the affinity domain only when they are compared or fed themselves, as others follow from the persons. */
async function page(pool: pg.Pool, { after, domain, affinityDomain }: PageRequest): Promise<readonly ExportedRecord[]> {
  const rows = await query<PageRow>(
    pool,
    sql`/* a page of the export */
      select i.record_id, i.domain, i.value, i.demographics, xad.value as person
      from identity.identifier i
      join identity.domain d on d.oid = i.domain and d.kind <> 'affinity'
      left join identity.identifier xad
        on xad.person_key = i.person_key and xad.domain = ${affinityDomain} and xad.status = 'active' and d.kind = 'facility'
      where i.record_id > ${after}::bigint and i.status = 'active' and (${domain ?? null}::text is null or i.domain = ${domain ?? null})
        and (d.kind = 'facility' or i.received is not null
             or exists (select from identity.match_record m where m.record_id = i.record_id))
      order by i.record_id limit ${PAGE_RECORDS}`,
  )
  return rows.map(({ record_id, domain: authority, value, demographics, person }) => ({
    record: record_id,
    id: { value, authority },
    ...(demographics === null ? {} : { demographics }),
    ...(person === null ? {} : { person }),
  }))
}
