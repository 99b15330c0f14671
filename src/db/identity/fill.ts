// Goes once through the records that were there before something was kept of each, or have it of another version, beside the running server.

import type pg from 'pg'
import { transaction } from '../pool.ts'
import { execute, query, queryOne, type Statement, sql } from '../sql.ts'

const BATCH = 500

/** What is kept of each record from a version of the program on, and how a record of before gets it. */
export interface Filling {
  /** Any constant that no one else uses for an advisory lock of this database. */
  readonly lock: bigint
  /** Table of one row: `version`, and the records `done_to` up to `last`. */
  readonly progress: Statement
  readonly version: number
  /** Condition on identifier `i`; records that do not meet it are passed over. Without it all are looked at. */
  readonly wanting?: Statement
  /** Within a transaction of its own; whether the record was brought in. */
  readonly fillRecord: (client: pg.ClientBase, recordId: string) => Promise<boolean>
}

/**
 * Goes on where it was left, on one connection, which holds the lock: when its server dies, another one can go on.
 * @param signal ends the work after the record that is being looked at.
 * @returns how many records were brought in; when there is nothing left, or another server does it.
 */
export async function fill(pool: pg.Pool, filling: Filling, signal: AbortSignal): Promise<number> {
  if (signal.aborted || !(await isBehind(pool, filling))) return 0
  const lock = filling.lock.toString()
  const client = await pool.connect()
  try {
    const taken = await queryOne<{ readonly held: boolean }>(
      client,
      sql`select pg_try_advisory_lock(${lock}::bigint) as held`,
    )
    if (taken?.held !== true) return 0
    try {
      return await fillBatches(pool, filling, signal)
    } finally {
      await execute(client, sql`select pg_advisory_unlock(${lock}::bigint)`)
    }
  } finally {
    client.release()
  }
}

/** A database that has not begun with this version begins now, with what it holds now: later records bring what is kept with them. */
async function isBehind(pool: pg.Pool, { progress, version }: Filling): Promise<boolean> {
  await execute(
    pool,
    sql`insert into ${progress} as f (version, done_to, last)
      select ${version}, 0, coalesce(max(record_id), 0) from identity.identifier
      on conflict (only_one) do update set version = excluded.version, done_to = 0, last = excluded.last
      where f.version < excluded.version`,
  )
  const state = await queryOne<{ readonly behind: boolean }>(
    pool,
    sql`select version = ${version} and done_to < last as behind from ${progress}`,
  )
  return state?.behind === true
}

interface Looked {
  readonly record_id: string
  readonly wanting: boolean
}

/** A server of a newer version may begin anew meanwhile: then the row is not ours any more. */
async function fillBatches(pool: pg.Pool, filling: Filling, signal: AbortSignal): Promise<number> {
  const { progress, version, wanting = sql`true` } = filling
  let filled = 0
  while (!signal.aborted) {
    const records = await query<Looked>(
      pool,
      sql`select i.record_id, ${wanting} as wanting
        from ${progress} f join identity.identifier i on i.record_id > f.done_to and i.record_id <= f.last
        where f.version = ${version} order by i.record_id limit ${BATCH}`,
    )
    let last = '0'
    for (const { record_id, wanting } of records) {
      if (signal.aborted) break
      if (wanting && (await transaction(pool, (client) => filling.fillRecord(client, record_id)))) filled += 1
      last = record_id
    }
    const isLast = records.length < BATCH && !signal.aborted
    await execute(
      pool,
      sql`update ${progress} set done_to = case when ${isLast} then last else greatest(done_to, ${last}::bigint) end
        where version = ${version}`,
    )
    if (isLast) return filled
  }
  return filled
}

/** Identifier says what its source said: it was fed, or is a facility's. An affinity domain id of ours may carry a copy. */
export function isSourcesWord(identifier: Statement): Statement {
  return sql`(${identifier}.received is not null or exists (
    select from identity.domain d where d.oid = ${identifier}.domain and d.kind <> 'community'))`
}
