// What records are compared by, in SQL: features, blocking keys, candidates with all records of their persons, questions to staff.

import type pg from 'pg'
import type { CandidatePerson, CandidateRecord } from '../../identity/matching/types.ts'
import type { IdentityReads, IdentityTransaction, NewReview, RecordFeatures, RecordKey } from '../../identity/ports.ts'
import { execute, type Queryable, query, type Statement, sql } from '../sql.ts'

/**
 * Most records of one block that are looked at. A block is made to hold a handful; one that is fuller than this tells of a
 * value that many share, and the other blocks of the record find whom it would have found.
 */
export const MAX_BLOCK = 200

/** Advisory locks by two numbers do not meet those by one, which are the blocks'. */
const GATE = 0x7473
const MATCHING = 1

/** Whoever asks about many records at once locks everyone out instead of thousands of blocks, for which there would be no room. */
export async function lockMatching(client: Queryable): Promise<void> {
  await execute(client, sql`/* lock matching */ select pg_advisory_xact_lock(${GATE}, ${MATCHING})`)
}

type MatchingWork = Pick<IdentityTransaction, 'lockBlocks' | 'addReviews'>

/** The matching part of an identity transaction. */
export function matchingWork(client: pg.ClientBase): MatchingWork {
  return {
    async lockBlocks(keys) {
      // In one order for all, so that transactions wait in a line and not in a circle.
      await execute(
        client,
        sql`/* lock blocks */
            with gate as materialized (select pg_advisory_xact_lock_shared(${GATE}, ${MATCHING})::text as passed)
            select pg_advisory_xact_lock(key) from gate
            cross join (select distinct key from unnest(${keys}::bigint[]) as key order by key) as block`,
      )
    },
    addReviews: (reviews) => addReviews(client, reviews),
  }
}

/** Who is found by blocks, and what a person is compared by. */
export function matchingReads(client: Queryable): Pick<IdentityReads, 'candidates' | 'recordsOf'> {
  return {
    candidates: async (keys, asking) => byPerson(await query<CandidateRow>(client, candidatesOf(keys, asking))),
    async recordsOf(person, asking) {
      const rows = await query<CandidateRow>(
        client,
        sql`/* records of a person */ ${recordsOfPersons(sql`select ${person}::bigint as person_key`, asking)}`,
      )
      return rows.map(toRecord)
    },
  }
}

interface CandidateRow {
  readonly person_key: string
  readonly record_id: RecordKey
  readonly domain: string
  readonly features: CandidateRecord['features']
  readonly vetoed: boolean
}

/** Persons by the index of blocks, then all their records; each step is a few index reads, whatever the size of the index. */
function candidatesOf(keys: readonly string[], asking: RecordKey | undefined): Statement {
  return sql`/* candidates by block */ ${recordsOfPersons(
    sql`select distinct i.person_key
        from unnest(${keys}::bigint[]) as block (key)
        cross join lateral (select k.record_id from identity.match_key k where k.key = block.key limit ${MAX_BLOCK}) as found
        join identity.identifier i on i.record_id = found.record_id and i.status = 'active'
        where i.record_id is distinct from ${asking ?? null}::bigint`,
    asking,
  )}`
}

function recordsOfPersons(persons: Statement, asking: RecordKey | undefined): Statement {
  const own = asking ?? null
  return sql`with person as materialized (${persons})
    select i.person_key, i.record_id, i.domain, m.features,
           exists (select from identity.non_link n
                   where n.record_a = least(i.record_id, ${own}::bigint) and n.record_b = greatest(i.record_id, ${own}::bigint)
                     and ${own}::bigint is not null) as vetoed
    from person
    join identity.identifier i on i.person_key = person.person_key and i.status = 'active'
    join identity.match_record m on m.record_id = i.record_id
    where i.record_id is distinct from ${own}::bigint
    order by i.person_key, i.record_id`
}

function byPerson(rows: readonly CandidateRow[]): readonly CandidatePerson[] {
  const persons = new Map<string, CandidateRecord[]>()
  for (const row of rows) {
    const records = persons.get(row.person_key) ?? []
    records.push(toRecord(row))
    persons.set(row.person_key, records)
  }
  return [...persons].map(([person, records]) => ({ person, records }))
}

function toRecord({ record_id, domain, features, vetoed }: CandidateRow): CandidateRecord {
  return { record: record_id, domain, features, vetoed }
}

/** What staff decided about a pair stays decided, and a pair is asked about once at a time. */
async function addReviews(client: Queryable, reviews: readonly NewReview[]): Promise<void> {
  if (reviews.length === 0) return
  for (const { records, evidence } of reviews)
    if (records.length === 1) await closeOutdated(client, records[0], evidence)
  await execute(
    client,
    sql`/* questions to staff */
      insert into identity.review_item (record_a, record_b, reason, score, evidence)
      select coalesce(least(a, b), a), case when b is null then null else greatest(a, b) end, reason, score, evidence
      from unnest(${reviews.map(({ records }) => records[0])}::bigint[], ${reviews.map(({ records }) => records[1] ?? null)}::bigint[],
                  ${reviews.map(({ reason }) => reason)}::text[], ${reviews.map(({ score }) => score ?? null)}::real[],
                  ${reviews.map(({ evidence }) => (evidence === undefined ? null : JSON.stringify(evidence)))}::jsonb[])
        as asked (a, b, reason, score, evidence)
      where a is distinct from b
        and not exists (select from identity.non_link n where n.record_a = least(a, b) and n.record_b = greatest(a, b) and b is not null)
      on conflict do nothing`,
  )
}

/** Of a number about which its source says something else by now: the answer of whoever looks at the former word is not about this one. */
async function closeOutdated(client: Queryable, record: RecordKey, evidence: unknown): Promise<void> {
  await execute(
    client,
    sql`/* a question whose source says something else by now */
      update identity.review_item
      set state = 'closed', decided_at = now(), decided_by = 'source', decision = 'its source says something else by now'
      where record_a = ${record} and record_b is null and state in ('open', 'deferred')
        and evidence->'demographics' is distinct from ${JSON.stringify(evidence)}::jsonb->'demographics'`,
  )
}

/** Parts of a WITH clause that keep the features of a record that is new, `records (record_id)`. */
export function addFeatures(records: Statement, { version, features, keys }: RecordFeatures): Statement {
  return sql`
    keyed as (
      insert into identity.match_key (key, record_id)
      select distinct key, r.record_id from ${records} r cross join unnest(${keys}::bigint[]) as key),
    folded as (
      insert into identity.match_record (record_id, version, features, keys)
      select r.record_id, ${version}::integer, ${JSON.stringify(features)}::jsonb, ${keys}::bigint[] from ${records} r)`
}

/**
 * Parts of a WITH clause that keep the features of the records of `records (record_id)`; their keys replace the former ones.
 * Rows of both states cannot be written in one statement, so only what differs is.
 */
export function keepFeatures(records: Statement, features: RecordFeatures): Statement {
  const { version, keys } = features
  const json = JSON.stringify(features.features)
  return sql`
    former as (select m.record_id, m.keys from identity.match_record m join ${records} r on r.record_id = m.record_id),
    dropped as (
      delete from identity.match_key k using former f
      where k.record_id = f.record_id and k.key = any(f.keys) and not k.key = any(${keys}::bigint[])),
    keyed as (
      insert into identity.match_key (key, record_id)
      select distinct key, r.record_id from ${records} r cross join unnest(${keys}::bigint[]) as key
      on conflict do nothing),
    folded as (
      insert into identity.match_record (record_id, version, features, keys)
      select r.record_id, ${version}::integer, ${json}::jsonb, ${keys}::bigint[] from ${records} r
      on conflict (record_id) do update set version = excluded.version, features = excluded.features, keys = excluded.keys)`
}
