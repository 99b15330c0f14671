// How long the journal keeps: days of messages and months of entries are made ahead, and dropped, which gives their space back (docs/adr/0035).

import type pg from 'pg'
import { IheError } from '../../model/error.ts'
import { jstDay } from '../../model/jst.ts'
import { transaction } from '../pool.ts'
import { execute, named, query, sql } from '../sql.ts'

export interface Retention {
  readonly messageDays: number
  readonly months: number
}

/** Today and those after it. */
const DAYS_AHEAD = 8
/** A drop waits for those who read or write, and they wait for it; one that does not get through is tried again in an hour. */
const LOCK_WAIT = '1s'
/** Lengths of YYYY-MM-DD and of what of it names a month. */
const DAY = 10
const MONTH = 7
/** At a time, of what came when no partition was made. */
const STRAY_ROWS = 10_000

/**
 * Makes the days ahead and drops what is older than may be kept, whether or not days can be made: a role that owns nothing can make none, and
 * what nobody made a day for must go in its time all the same.
 * @returns the names of the partitions that went.
 * @throws what kept days from being made or the first one from going, when all was tried; BUSY at once.
 */
export async function tendJournal(pool: pg.Pool, retention: Retention, now: Date): Promise<readonly string[]> {
  const failures: unknown[] = []
  await makeDays(pool, now).catch((error: unknown) => failures.push(error))
  const dropped = await dropOld(pool, retention, now)
  if (failures.length > 0) throw failures[0]
  return dropped
}

/**
 * Days (JST) of kept messages from `now` on, each by itself; what is there stays as it is. What no day was made for in time lies in the default
 * partition, and keeps its day from being made, but not those after it.
 * @throws what kept the first one from being made, when all were tried; BUSY at once.
 */
export async function makeDays(pool: pg.Pool, now: Date): Promise<void> {
  const failures: unknown[] = []
  for (let ahead = 0; ahead < DAYS_AHEAD; ahead += 1) {
    try {
      await makeDay(pool, now, ahead)
    } catch (error) {
      if (error instanceof IheError) throw error
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** Whoever keeps messages waits behind a day that waits for those who read. */
function makeDay(pool: pg.Pool, now: Date, ahead: number): Promise<void> {
  return transaction(pool, async (client) => {
    await execute(client, sql`select set_config('lock_timeout', ${LOCK_WAIT}, true)`)
    await execute(
      client,
      sql`/* days ahead */
        select journal.make_day('journal.kept', (${now}::timestamptz at time zone 'Asia/Tokyo')::date + ${ahead}::int)`,
    )
  })
}

/**
 * Drops what is older than may be kept.
 * @returns the names of the partitions that went.
 * @throws what kept the first one from going, when all were tried; BUSY at once.
 */
export async function dropOld(
  pool: pg.Pool,
  { messageDays, months }: Retention,
  now: Date,
): Promise<readonly string[]> {
  const today = jstDay(now.getTime())
  const firstDay = daysBefore(today, messageDays)
  const firstMonth = monthsBefore(today, months)
  const days = await partitionsOf(pool, { parent: 'kept', before: firstDay })
  const past = await partitionsOf(pool, { parent: 'exchange', before: firstMonth })
  const { dropped, failures } = await dropAll(pool, [...days, ...past])
  await execute(
    pool,
    sql`/* messages of no day */
      delete from journal.kept_other where block_id in (
        select block_id from journal.kept_other where at < ${firstDay}::date::timestamp at time zone 'Asia/Tokyo' limit ${STRAY_ROWS})`,
  )
  await execute(
    pool,
    sql`/* entries of no month */
      delete from journal.exchange_other where exchange_id in (
        select exchange_id from journal.exchange_other
        where at < ${firstMonth}::date::timestamp at time zone 'Asia/Tokyo' limit ${STRAY_ROWS})`,
  )
  if (failures.length > 0) throw failures[0]
  return dropped
}

/**
 * One that something hangs on, as a view of an operator, keeps no other beyond its time. One that is in use ends it: all of them would be, and
 * whoever writes would wait for each.
 */
async function dropAll(pool: pg.Pool, names: readonly string[]) {
  const dropped: string[] = []
  const failures: unknown[] = []
  for (const name of names) {
    try {
      await drop(pool, name)
      dropped.push(name)
    } catch (error) {
      if (error instanceof IheError) throw error
      failures.push(error)
    }
  }
  return { dropped, failures }
}

/** By the names that make_day and make_month give: those before the one that holds the day. */
async function partitionsOf(
  pool: pg.Pool,
  { parent, before }: { readonly parent: 'kept' | 'exchange'; readonly before: string },
): Promise<readonly string[]> {
  const rows = await query<{ readonly name: string }>(
    pool,
    sql`/* partitions of the journal */
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = ('journal.' || ${parent})::regclass and c.relname ~ '_[0-9]{4}_[0-9]{2}(_[0-9]{2})?$'
      order by c.relname`,
  )
  const end = `${parent}_${before.slice(0, parent === 'kept' ? DAY : MONTH).replaceAll('-', '_')}`
  return rows.flatMap(({ name }) => (name < end ? name : []))
}

async function drop(pool: pg.Pool, name: string): Promise<void> {
  await transaction(pool, async (client) => {
    await execute(client, sql`select set_config('lock_timeout', ${LOCK_WAIT}, true)`)
    await execute(client, sql`drop table if exists journal.${named(name)}`)
  })
}

function daysBefore(date: string, days: number): string {
  const day = new Date(`${date}T00:00:00Z`)
  day.setUTCDate(day.getUTCDate() - days)
  return day.toISOString().slice(0, 10)
}

/** The first day of the month. */
function monthsBefore(date: string, months: number): string {
  const day = new Date(`${date.slice(0, 7)}-01T00:00:00Z`)
  day.setUTCMonth(day.getUTCMonth() - months)
  return day.toISOString().slice(0, 10)
}
