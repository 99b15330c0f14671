// State of the chains: how far they are sealed, signed, verified, taken out of the house.

import type pg from 'pg'
import type { ChainMonth, ExportDone, WhoActs } from '../../audit/chain-ports.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'

interface MonthRow {
  readonly chain: string
  readonly seq: string
  readonly signed_seq: string | null
  readonly signed_at: Date | null
  readonly closes: boolean | null
  readonly verified_seq: string | null
  readonly verified_at: Date | null
  readonly failure: string | null
  readonly is_kept: boolean
  readonly dropped_at: Date | null
}

/** All chains there ever were, oldest first. */
export async function findMonths(pool: pg.Pool): Promise<readonly ChainMonth[]> {
  const rows = await query<MonthRow>(
    pool,
    sql`/* months of the audit log */
      select c.chain, c.seq, k.seq as signed_seq, k.at as signed_at, k.closes, v.seq as verified_seq, v.verified_at, v.failure, c.dropped_at,
        exists (select from audit.export x where x.chain = c.chain and x.seq = c.seq and x.kept_at is not null) as is_kept
      from audit.chain c
      left join lateral (select seq, at, closes from audit.checkpoint where chain = c.chain order by number desc limit 1) k on true
      left join audit.verification v on v.chain = c.chain
      order by c.chain`,
  )
  return rows.map(toMonth)
}

function toMonth(row: MonthRow): ChainMonth {
  return {
    chain: row.chain,
    events: Number(row.seq),
    signedSeq: Number(row.signed_seq ?? 0),
    ...(row.signed_at === null ? {} : { signedAt: row.signed_at }),
    isClosed: row.closes === true && row.signed_seq === row.seq,
    verifiedSeq: Number(row.verified_seq ?? 0),
    ...(row.verified_at === null ? {} : { verifiedAt: row.verified_at }),
    ...(row.failure === null ? {} : { failure: row.failure }),
    isKept: row.is_kept,
    ...(row.dropped_at === null ? {} : { droppedAt: row.dropped_at }),
  }
}

/** Its events are gone, and somebody keeps their export. */
export async function isDropped(pool: pg.Pool, chain: string): Promise<boolean> {
  const row = await queryOne(
    pool,
    sql`/* a month whose events are gone */ select from audit.chain where chain = ${chain} and dropped_at is not null`,
  )
  return row !== undefined
}

export interface Verified {
  readonly chain: string
  readonly seq: number
  readonly hash: string
  /** First finding, in words without personal data. */
  readonly failure?: string
  /** From the first event on. */
  readonly isWhole: boolean
}

/** What was found wrong stays, until the whole chain is found right again; so does what the chain was before. */
export async function noteVerified(client: Queryable, { chain, seq, hash, failure, isWhole }: Verified): Promise<void> {
  const wholeAt = isWhole ? new Date() : null
  await execute(
    client,
    sql`/* how far a chain was verified */
      insert into audit.verification as v (chain, seq, hash, verified_at, whole_at, failure)
      values (${chain}, ${seq}, decode(${hash}, 'hex'), now(), ${wholeAt}, ${failure ?? null})
      on conflict (chain) do update set
        seq = case when excluded.failure is null then excluded.seq else v.seq end,
        hash = case when excluded.failure is null then excluded.hash else v.hash end, verified_at = excluded.verified_at,
        whole_at = coalesce(excluded.whole_at, v.whole_at),
        failure = case when ${isWhole} then excluded.failure else coalesce(v.failure, excluded.failure) end`,
  )
}

export interface VerifiedBefore {
  readonly chain: string
  readonly seq: number
  readonly hash: string
  readonly verifiedAt: Date
  readonly wholeAt?: Date
  readonly failure?: string
}

export async function findVerified(client: Queryable): Promise<ReadonlyMap<string, VerifiedBefore>> {
  const rows = await query<{
    readonly chain: string
    readonly seq: string
    readonly hash: string
    readonly verified_at: Date
    readonly whole_at: Date | null
    readonly failure: string | null
  }>(
    client,
    sql`select chain, seq, encode(hash, 'hex') as hash, verified_at, whole_at, failure from audit.verification`,
  )
  return new Map(
    rows.map((row) => [
      row.chain,
      {
        chain: row.chain,
        seq: Number(row.seq),
        hash: row.hash,
        verifiedAt: row.verified_at,
        ...(row.whole_at === null ? {} : { wholeAt: row.whole_at }),
        ...(row.failure === null ? {} : { failure: row.failure }),
      },
    ]),
  )
}

export async function noteExport(client: Queryable, done: ExportDone, { by }: WhoActs): Promise<void> {
  await execute(
    client,
    sql`/* a month was exported */
      insert into audit.export (chain, sha256, seq, by) values (${done.chain}, decode(${done.sha256}, 'hex'), ${done.seq}, ${by})
      on conflict do nothing`,
  )
}

/** Chains that checkpoints name, or that were verified, and that are not there: whoever removed a month whole forgot them, or could not forge them. */
export async function findLostChains(pool: pg.Pool): Promise<readonly string[]> {
  const rows = await query<{ chain: string }>(
    pool,
    sql`/* chains that were signed and are gone */
      select chain from (select chain from audit.checkpoint union select chain from audit.verification) k
      where not exists (select from audit.chain c where c.chain = k.chain) order by chain`,
  )
  return rows.map(({ chain }) => chain)
}

/**
 * Months that are said to be dropped, and of which no event tells who dropped them: that is written in the same commit (retention.ts), and is gone
 * itself only with the month in which it was done.
 */
export async function findSilentlyDropped(pool: pg.Pool): Promise<readonly string[]> {
  const rows = await query<{ chain: string }>(
    pool,
    sql`/* months that nobody dropped */
      select c.chain from audit.chain c
      where c.dropped_at is not null
        and exists (select from audit.chain k where k.chain = to_char(c.dropped_at at time zone 'Asia/Tokyo', 'YYYY-MM') and k.dropped_at is null)
        and not exists (
          select from audit.event e
          where e.at between c.dropped_at - interval '1 minute' and c.dropped_at + interval '1 minute'
            and e.event_code = '110113' and e.type_code = '110129' and e.reason like 'audit log of ' || c.chain || ' dropped, %')
      order by c.chain`,
  )
  return rows.map(({ chain }) => chain)
}
