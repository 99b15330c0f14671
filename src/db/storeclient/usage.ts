// Bytes that facilities store, counted by index from the rows themselves, and fixed at the end of each month in Japan (JST).

import type pg from 'pg'
import { monthBefore, monthOf, type StorageFigures, type UsageReader } from '../../storeclient/contract/usage.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'

/** Documents, and the messages that no entry names (superseded, cancelling), of facility `f`; before a moment, where one is given. */
function storedColumns(before: Statement): Statement {
  return sql`lateral (
      select coalesce(sum(size_bytes), 0)::bigint as bytes, count(*) as documents
      from (select size_bytes from repository.document d where d.facility_id = f.facility_id and d.stored_at < ${before}
            union all
            select size_bytes from registry.superseded u where u.facility_id = f.facility_id and u.received_at < ${before}) rows) stored`
}

interface FiguresRow {
  readonly facilityId: string
  readonly name: string
  readonly kind: string
  readonly formerKind: string
  readonly hasEnded: boolean
  readonly hadEnded: boolean
  readonly bytes: string
  readonly documents: string
  readonly former: string | null
  readonly quota: string | null
  readonly withheld: string
}

/** What facility `f` was at a moment: kind and end are not what they are now when a month of before is asked for. */
function kindAt(moment: Statement): Statement {
  return sql`coalesce((select r.changed #>> '{kind,from}' from access.revision r
    where r.subject = 'facility' and r.subject_id = f.facility_id and r.at >= ${moment} and r.changed ? 'kind'
    order by r.revision_id limit 1), f.kind)`
}

function endedBy(moment: Statement): Statement {
  return sql`exists (select from access.facility_status s
    where s.facility_id = f.facility_id and s.status = 'ended' and s.set_at < ${moment})`
}

function beginOf(month: string): Statement {
  return sql`((${`${month}-01`}::date)::timestamp at time zone 'Asia/Tokyo')`
}

/** The kind and the contract by which this month and the next one are charged. */
function charged(month: string): Statement {
  const begin = beginOf(month)
  const over = sql`(((${`${month}-01`}::date)::timestamp + interval '1 month') at time zone 'Asia/Tokyo')`
  return sql`${kindAt(over)} as kind, ${kindAt(begin)} as "formerKind", ${endedBy(over)} as "hasEnded", ${endedBy(begin)} as "hadEnded"`
}

const COMMON = sql`f.facility_id as "facilityId", f.name,
  (select k.quota_bytes from access.storeclient_contract k where k.facility_id = f.facility_id order by k.contract_id desc limit 1) as quota,
  (select coalesce(sum(w.sealed_bytes), 0) from journal.withheld w where w.facility_id = f.facility_id and w.ended_at is null) as withheld`

/** @param now injected by tests: which month is the current one. */
export function createUsageReader(pool: pg.Pool, now: () => Date = () => new Date()): UsageReader {
  return {
    figures: async ({ month, facilityId }) => {
      const which = facilityId ?? null
      const before = monthBefore(month)
      const isCurrent = month === monthOf(now())
      const rows = isCurrent
        ? await currentFigures(pool, { month, before, facilityId: which })
        : await query<FiguresRow>(
            pool,
            sql`/* storage of a month that is over */
              select ${COMMON}, ${charged(month)}, p.bytes as former, m.bytes, m.documents from access.storage_month m
              join access.facility f using (facility_id)
              left join access.storage_month p on p.facility_id = f.facility_id and p.month = ${before}
              where m.month = ${month} and (${which}::text is null or f.facility_id = ${which}) order by f.facility_id`,
          )
      return rows.map((row) => toFigures(row, { month, isFixed: !isCurrent }))
    },
  }
}

/** Counted now, each facility by a statement of its own: all documents of a large network take longer than a statement may. */
async function currentFigures(
  pool: pg.Pool,
  {
    month,
    before,
    facilityId,
  }: { readonly month: string; readonly before: string; readonly facilityId: string | null },
): Promise<readonly FiguresRow[]> {
  const facilities = await query<{ readonly id: string }>(
    pool,
    sql`/* facilities that store */
      select facility_id as id from access.facility where ${facilityId}::text is null or facility_id = ${facilityId} order by facility_id`,
  )
  const begin = beginOf(month)
  const figures: FiguresRow[] = []
  for (const { id } of facilities) {
    const row = await queryOne<FiguresRow>(
      pool,
      sql`/* storage of the current month */
        select ${COMMON}, ${charged(month)}, stored.bytes, stored.documents,
               -- In the first hour of a month the former one is not fixed yet: it is counted, for the fee of this month comes of it.
               coalesce(p.bytes, case when f.created_at < ${begin} then (select stored.bytes from ${storedColumns(begin)}) end) as former
        from access.facility f
        left join access.storage_month p on p.facility_id = f.facility_id and p.month = ${before}
        cross join ${storedColumns(sql`'infinity'::timestamptz`)}
        where f.facility_id = ${id}`,
    )
    if (row !== undefined) figures.push(row)
  }
  return figures
}

function toFigures(row: FiguresRow, given: Pick<StorageFigures, 'month' | 'isFixed'>): StorageFigures {
  const { facilityId, name, kind, formerKind, hasEnded, hadEnded, former, quota } = row
  return {
    facilityId,
    name,
    kind,
    ...(formerKind === kind ? {} : { formerKind }),
    ...(hasEnded ? { hasEnded } : {}),
    ...(hadEnded ? { hadEnded } : {}),
    ...given,
    bytes: Number(row.bytes),
    documents: Number(row.documents),
    withheldBytes: Number(row.withheld),
    ...(former === null ? {} : { formerBytes: Number(former) }),
    ...(quota === null ? {} : { quotaBytes: Number(quota) }),
  }
}

/** Months that are over, from the one in which facility `f` was registered, and that are not fixed yet. */
function openMonths(now: Date): Statement {
  return sql`lateral (
      select to_char(s.start, 'YYYY-MM') as month
      from generate_series(date_trunc('month', f.created_at at time zone 'Asia/Tokyo'),
                           date_trunc('month', ${now}::timestamptz at time zone 'Asia/Tokyo') - interval '1 month', interval '1 month') as s (start)
      where not exists (select from access.storage_month m where m.facility_id = f.facility_id and m.month = to_char(s.start, 'YYYY-MM'))) g`
}

interface OpenMonth {
  readonly id: string
  readonly month: string
}

/**
 * Fixes what was stored at the end of every month that is over, from the month in which a facility was registered; a month that is fixed
 * stays. Every month of a facility has a statement of its own, so that none counts the documents of the whole network or all of them once for
 * each month that was left, and one that fails keeps no other from being charged.
 * @returns how many figures were fixed.
 * @throws what kept the first one from being fixed, when all were tried.
 */
export async function fixMonths(client: Queryable, now: Date): Promise<number> {
  const open = await query<OpenMonth>(
    client,
    sql`/* months to fix */
      select f.facility_id as id, g.month from access.facility f cross join ${openMonths(now)} order by id, month`,
  )
  let fixed = 0
  const failures: unknown[] = []
  for (const one of open)
    fixed += await fixMonth(client, one).catch((error: unknown) => {
      failures.push(error)
      return 0
    })
  if (failures.length > 0) throw failures[0]
  return fixed
}

function fixMonth(client: Queryable, { id, month }: OpenMonth): Promise<number> {
  const over = sql`(((${`${month}-01`}::date) + interval '1 month') at time zone 'Asia/Tokyo')`
  return execute(
    client,
    sql`/* storage at the end of a month */
      insert into access.storage_month (facility_id, month, bytes, documents)
      select f.facility_id, ${month}, stored.bytes, stored.documents
      from access.facility f
      cross join ${storedColumns(over)}
      where f.facility_id = ${id}
      on conflict do nothing`,
  )
}

const FRESH_MS = 60_000
/** Near the quota the figure is asked for again so soon. */
const FRESH_NEAR_MS = 1000
const NEAR = 0.9

/**
 * What a facility stores, remembered for a minute, and for a second only where nine tenths of `limitBytes` are used. Whoever comes together asks the
 * database once.
 */
export function createStorageGauge(pool: pg.Pool): (facilityId: string, limitBytes: number) => Promise<number> {
  const known = new Map<string, { readonly atMs: number; readonly bytes: Promise<number> }>()
  return async (facilityId, limitBytes) => {
    const former = known.get(facilityId)
    if (former !== undefined) {
      const bytes = await former.bytes
      const freshMs = bytes > NEAR * limitBytes ? FRESH_NEAR_MS : FRESH_MS
      if (performance.now() - former.atMs < freshMs) return bytes
      // Who waited for the same figure has asked anew already.
      const newer = known.get(facilityId)
      if (newer !== undefined && newer !== former) return newer.bytes
    }
    const asked = { atMs: performance.now(), bytes: storedBytes(pool, facilityId) }
    known.set(facilityId, asked)
    asked.bytes.catch(() => known.get(facilityId) === asked && known.delete(facilityId))
    return asked.bytes
  }
}

async function storedBytes(pool: pg.Pool, facilityId: string): Promise<number> {
  const row = await queryOne<{ readonly bytes: string }>(
    pool,
    sql`/* StoreClient: bytes of a facility */
      select stored.bytes from (values (${facilityId}::text)) as f (facility_id) cross join ${storedColumns(sql`'infinity'::timestamptz`)}`,
  )
  return Number(row?.bytes ?? 0)
}
