// What the metrics tell of the database: queues, the chain of audit events, partitions, sizes (docs/operations/metrics.md).

import { CHECKPOINT_TYPE } from './audit/checkpoints.ts'
import { named, type Queryable, query, queryOne, sql } from './sql.ts'

export interface JobState {
  readonly task: string
  readonly waiting: number
  readonly failed: number
  readonly oldestSeconds: number
}

/** Jobs by task; how long the oldest has been due. */
export function jobStates(client: Queryable): Promise<readonly JobState[]> {
  return query<JobState>(
    client,
    sql`/* metrics of jobs */
      select task_identifier as task, count(*) filter (where attempts < max_attempts)::int as waiting,
             count(*) filter (where attempts >= max_attempts)::int as failed,
             coalesce(extract(epoch from now() - min(run_at) filter (where attempts < max_attempts and run_at <= now())), 0)::float8 as "oldestSeconds"
      from graphile_worker.jobs group by task_identifier`,
  )
}

export interface WithheldState {
  readonly reason: string
  readonly state: string
  readonly count: number
  readonly oldestSeconds: number
}

/** StoreClient messages that are filed for nobody yet. */
export function withheldStates(client: Queryable): Promise<readonly WithheldState[]> {
  return query<WithheldState>(
    client,
    sql`/* metrics of messages that wait */
      select reason, state, count(*)::int as count, extract(epoch from now() - min(received_at))::float8 as "oldestSeconds"
      from journal.withheld where ended_at is null group by reason, state`,
  )
}

export interface SealingState {
  readonly unsealed: number
  readonly oldestSeconds: number
  /** Order of the newest seal over all chains. */
  readonly position: string
}

/** More than this is an alarm whatever it is, and counting has to end. */
const COUNTED_MOST = 100_000
/** This month and the one before, to which late events still come. */
const CHAINS_AT_WORK = 2

/** How far sealing is behind. */
export async function sealingState(client: Queryable): Promise<SealingState> {
  const state = await queryOne<SealingState>(
    client,
    sql`/* metrics of sealing */
      select (select count(*)::int from (select from audit.unsealed limit ${COUNTED_MOST}) counted) as unsealed,
             coalesce((select extract(epoch from now() - at) from audit.unsealed order by event_id limit 1), 0)::float8 as "oldestSeconds",
             coalesce((select position from audit.seal order by position desc limit 1), 0)::text as position`,
  )
  if (state === undefined) throw new Error('a statement without a table gave no row')
  return state
}

export interface ChainState {
  /** Events in the chain of the newest month. */
  readonly headSeq: number
  /** Age of the oldest seal that no checkpoint covers; events about checkpoints alone wait for others. */
  readonly unsignedSeconds: number
  readonly checkpoints: number
  /** Chains in which a verification found something wrong. */
  readonly broken: number
  /** Absent: nothing was verified yet. */
  readonly verificationAgeSeconds: number | null
}

/** How far the chains are signed and verified. */
export async function chainState(client: Queryable): Promise<ChainState> {
  const state = await queryOne<ChainState>(
    client,
    sql`/* metrics of the chain */
      with newest as (select chain, seq from audit.chain where dropped_at is null order by chain desc limit ${CHAINS_AT_WORK})
      select coalesce((select seq from newest order by chain desc limit 1), 0)::float8 as "headSeq",
             coalesce((select extract(epoch from now() - min(s.sealed_at)) from newest c
                       left join lateral (select seq from audit.checkpoint k where k.chain = c.chain order by number desc limit 1) signed on true
                       join lateral (select s.sealed_at from audit.seal s join audit.event e on e.event_id = s.event_id and e.at = s.event_at
                                     where s.chain = c.chain and s.seq > coalesce(signed.seq, 0) and e.type_code <> ${CHECKPOINT_TYPE}
                                     order by s.seq limit 1) s on true), 0)::float8 as "unsignedSeconds",
             coalesce((select number from audit.checkpoint order by number desc limit 1), 0)::float8 as checkpoints,
             (select count(*)::int from audit.verification where failure is not null) as broken,
             (select extract(epoch from now() - max(verified_at))::float8 from audit.verification) as "verificationAgeSeconds"`,
  )
  if (state === undefined) throw new Error('a statement without a table gave no row')
  return state
}

export interface PartitionedState {
  readonly table: string
  /** Until when partitions are made. */
  readonly madeUntil: Date
  readonly oldestFrom: Date
  /** Rows lie where those go that no partition was made for. */
  readonly isMisplaced: boolean
}

interface Bounds {
  readonly table: string
  readonly bounds: readonly string[]
  readonly fallback: string | null
}

const BOUNDS = /FROM \('([^']+)'\) TO \('([^']+)'\)/

/** Partitioned tables of audit and journal, as the catalogue has them. */
export async function partitionedStates(client: Queryable): Promise<readonly PartitionedState[]> {
  const tables = await query<Bounds>(
    client,
    sql`/* metrics of partitions */
      select p.partrelid::regclass::text as table,
             array(select pg_get_expr(c.relpartbound, c.oid) from pg_inherits i join pg_class c on c.oid = i.inhrelid
                   where i.inhparent = p.partrelid) as bounds,
             nullif(p.partdefid, 0)::regclass::text as fallback
      from pg_partitioned_table p join pg_class t on t.oid = p.partrelid join pg_namespace n on n.oid = t.relnamespace
      where n.nspname in ('audit', 'journal') and p.partstrat = 'r' order by 1`,
  )
  const states: PartitionedState[] = []
  for (const { table, bounds, fallback } of tables) {
    const made = bounds.flatMap((text) => {
      const [, from = '', to = ''] = BOUNDS.exec(text) ?? []
      return from === '' ? [] : [{ from: Date.parse(from), to: Date.parse(to) }]
    })
    states.push({
      table,
      madeUntil: new Date(Math.max(...made.map(({ to }) => to))),
      oldestFrom: new Date(Math.min(...made.map(({ from }) => from))),
      isMisplaced: fallback !== null && (await hasRows(client, fallback)),
    })
  }
  return states
}

/** A part of what the catalogue says, so that it may stand in a statement. */
async function hasRows(client: Queryable, table: string): Promise<boolean> {
  const found = await queryOne<{ has: boolean }>(client, sql`select exists (select from ${named(table)}) as has`)
  return found?.has === true
}

export interface Sizes {
  readonly database: number
  readonly schemas: readonly { readonly schema: string; readonly bytes: number }[]
}

/** Bytes on disk, of all and of each schema with its indexes. */
export async function databaseSizes(client: Queryable): Promise<Sizes> {
  const schemas = await query<{ schema: string; bytes: string }>(
    client,
    sql`/* metrics of sizes */
      select n.nspname as schema, sum(pg_total_relation_size(c.oid))::text as bytes
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'm') and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' group by n.nspname`,
  )
  const whole = await queryOne<{ bytes: string }>(
    client,
    sql`/* metrics of the size */ select pg_database_size(current_database())::text as bytes`,
  )
  return {
    database: Number(whole?.bytes ?? 0),
    schemas: schemas.map(({ schema, bytes }) => ({ schema, bytes: Number(bytes) })),
  }
}
