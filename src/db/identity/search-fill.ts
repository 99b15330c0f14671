// Brings records that were there before their search keys, or have keys of another version, into the search, beside the running server.

import type pg from 'pg'
import { SEARCH_VERSION, searchEntry } from '../../identity/search-keys.ts'
import type { Demographics } from '../../model/person.ts'
import { transaction } from '../pool.ts'
import { execute, named, query, queryOne, type Statement, sql } from '../sql.ts'
import { addSearchKeys } from './search.ts'

/** Any constant that no one else uses for an advisory lock of this database. */
const LOCK = 7_305_112_845_920_072n
const BATCH = 500

export interface SearchFill {
  /** Ends after the record that is being looked at. */
  readonly stop: () => Promise<void>
  /** How many records it brought in; fulfils when there is nothing left, or another server does it. */
  readonly done: Promise<number>
}

export function fillSearchKeys(pool: pg.Pool): SearchFill {
  let isStopped = false
  const done = fill(pool, () => isStopped)
  return {
    done,
    stop: async () => {
      isStopped = true
      await done.catch(() => {})
    },
  }
}

/** On one connection, which holds the lock: when its server dies, another one can go on. */
async function fill(pool: pg.Pool, isStopped: () => boolean): Promise<number> {
  if (!(await isBehind(pool))) return 0
  const client = await pool.connect()
  try {
    const lock = await queryOne<{ readonly held: boolean }>(
      client,
      sql`select pg_try_advisory_lock(${LOCK.toString()}::bigint) as held`,
    )
    if (lock?.held !== true) return 0
    try {
      return await fillBatches(pool, isStopped)
    } finally {
      await execute(client, sql`select pg_advisory_unlock(${LOCK.toString()}::bigint)`)
    }
  } finally {
    client.release()
  }
}

/** A database that has not begun with this version begins now, with what it holds now: later records bring their keys with them. */
async function isBehind(pool: pg.Pool): Promise<boolean> {
  await execute(
    pool,
    sql`insert into identity.search_fill (version, done_to, last)
      select ${SEARCH_VERSION}, 0, coalesce(max(record_id), 0) from identity.identifier
      on conflict (only_one) do update set version = excluded.version, done_to = 0, last = excluded.last
      where search_fill.version < excluded.version`,
  )
  const state = await queryOne<{ readonly behind: boolean }>(
    pool,
    sql`select version = ${SEARCH_VERSION} and done_to < last as behind from identity.search_fill`,
  )
  return state?.behind === true
}

async function fillBatches(pool: pg.Pool, isStopped: () => boolean): Promise<number> {
  let filled = 0
  while (!isStopped()) {
    const records = await query<{ readonly record_id: string }>(
      pool,
      sql`select i.record_id from identity.search_fill f join identity.identifier i on i.record_id > f.done_to and i.record_id <= f.last
        order by i.record_id limit ${BATCH}`,
    )
    let last = 0n
    for (const { record_id } of records) {
      if (isStopped()) break
      if (await fillRecord(pool, record_id)) filled += 1
      last = BigInt(record_id)
    }
    if (last > 0n) await execute(pool, sql`update identity.search_fill set done_to = ${last.toString()}::bigint`)
    if (records.length < BATCH && !isStopped()) {
      await execute(pool, sql`update identity.search_fill set done_to = last`)
      return filled
    }
  }
  return filled
}

/**
 * First the old keys go, then the record is read, then its keys are written: a change of the record meanwhile leaves keys too many,
 * which only cost a look, and never too few. A copy that an affinity domain id carries is left out.
 */
function fillRecord(pool: pg.Pool, recordId: string): Promise<boolean> {
  return transaction(pool, async (client) => {
    await execute(client, sql`set local synchronous_commit = off`)
    await execute(client, sql`delete from identity.search_key where record_id = ${recordId}`)
    const record = await queryOne<{ readonly demographics: Demographics }>(
      client,
      sql`select demographics from identity.identifier i
        where record_id = ${recordId} and demographics is not null
          and (${isSourcesWord(sql`i`)} or not exists (
            select from identity.identifier o
            where o.person_key = i.person_key and o.demographics is not null and ${isSourcesWord(sql`o`)}))`,
    )
    if (record === undefined) return false
    const own = sql`own as (select ${recordId}::bigint as record_id)`
    await execute(
      client,
      sql`with ${own}, ${addSearchKeys(named('own'), searchEntry(record.demographics))} select from own`,
    )
    return true
  })
}

/** Identifier says what its source said: it was fed, or is a facility's. An affinity domain id of ours may carry a copy. */
function isSourcesWord(identifier: Statement): Statement {
  return sql`(${identifier}.received is not null or exists (
    select from identity.domain d where d.oid = ${identifier}.domain and d.kind <> 'community'))`
}
