// A chain read for export and verification: by pages, since nothing in it changes, so that no transaction stays open (docs/audit.md).

import type pg from 'pg'
import type { ExportScope } from '../../audit/chain-ports.ts'
import { type Begun, type ExportRecord, type HeaderRecord, headerRecord } from '../../audit/export.ts'
import { type Queryable, query, queryOne, sql } from '../sql.ts'
import { findCheckpoints } from './checkpoints.ts'
import { SEAL_COLUMNS, type SealRow, toSealedEvent } from './sealer.ts'
import { EVENT_COLUMNS } from './stored-events.ts'

/** Hashed and compared without a pause. */
const PAGE = 500
/** A signature takes a tenth of a millisecond. */
const CHECKPOINT_PAGE = 100
const UNSEALED_PAGE = 20_000
/** A younger event may be about to be sealed. */
const SEALED_WITHIN = '1 minute'
/** What piled up while the database was away, or is brought in by the hundred thousand, waits its turn; longer than that, sealing has stopped. */
const WAITS_AT_MOST = '1 hour'

/** Of the network, for the header. */
export type ExportOrigin = Pick<HeaderRecord, 'community' | 'keys'>

interface ChainRow {
  readonly chain: string
  readonly seq: string
  readonly genesis: Buffer
  readonly nonce: Buffer
  readonly previous_chain: string | null
  readonly previous_seq: string | null
  readonly previous_hash: Buffer | null
}

/** Records of a chain as it is now; undefined when there is none, or it was dropped. */
export async function exportChain(
  pool: pg.Pool,
  { chain, after = 0 }: ExportScope,
  origin: ExportOrigin,
): Promise<AsyncIterable<ExportRecord> | undefined> {
  const row = await queryOne<ChainRow>(
    pool,
    sql`select chain, seq, genesis, nonce, previous_chain, previous_seq, previous_hash from audit.chain
      where chain = ${chain} and dropped_at is null`,
  )
  if (row === undefined) return undefined
  const next = await queryOne<ChainRow>(
    pool,
    sql`select chain, seq, genesis, nonce, previous_chain, previous_seq, previous_hash from audit.chain
      where chain > ${chain} order by chain limit 1`,
  )
  const exportedAt = new Date()
  const header = headerRecord({
    ...begunOf(row),
    ...origin,
    exportedAt: exportedAt.toISOString(),
    seq: Number(row.seq),
    next: next === undefined ? null : begunOf(next),
  })
  return records(pool, header, after)
}

function begunOf(row: ChainRow): Begun {
  const { previous_chain: chain, previous_seq: seq, previous_hash: hash } = row
  return {
    chain: row.chain,
    nonce: row.nonce.toString('hex'),
    genesis: row.genesis.toString('hex'),
    previous: chain === null || hash === null ? null : { chain, seq: Number(seq), hash: hash.toString('hex') },
  }
}

async function* records(pool: pg.Pool, header: HeaderRecord, after: number): AsyncGenerator<ExportRecord> {
  yield header
  let checkpoints = 0
  for await (const record of checkpointRecords(pool, header.chain)) {
    checkpoints += 1
    yield record
  }
  let events = 0
  for await (const record of sealedRecords(pool, header, after)) {
    if (record.kind === 'event') events += 1
    yield record
  }
  yield* unsealedRecords(pool, header)
  yield { kind: 'end', events, checkpoints }
}

/** Those of the chain, and the one before and after them, which hold the first and the last. */
async function* checkpointRecords(pool: pg.Pool, chain: string): AsyncGenerator<ExportRecord> {
  const range = await queryOne<{ first: string | null; last: string }>(
    pool,
    sql`select min(number) as first, max(number) as last from audit.checkpoint where chain = ${chain}`,
  )
  if (range === undefined || range.first === null) return
  const until = String(BigInt(range.last) + 1n)
  let after = Math.max(0, Number(range.first) - 2)
  for (;;) {
    const page = await findCheckpoints(pool, { after, until, limit: CHECKPOINT_PAGE })
    for (const checkpoint of page) yield { kind: 'checkpoint', ...checkpoint }
    after = page.at(-1)?.number ?? after
    if (page.length < CHECKPOINT_PAGE) return
  }
}

type Sealed = { readonly position: string; readonly seq: string; readonly hash: string; readonly sealed_id: string } & (
  | SealRow
  | { readonly event_id: null }
)

async function* sealedRecords(pool: pg.Pool, header: HeaderRecord, after: number): AsyncGenerator<ExportRecord> {
  let last: { readonly seq: string; readonly position: string } = {
    seq: String(after),
    position: '9223372036854775807',
  }
  for (;;) {
    const page = await readSealed(pool, header, last)
    for (const row of page) yield recordOf(row)
    const end = page.at(-1)
    if (end === undefined || page.length < PAGE) return
    last = end
  }
}

function readSealed(
  client: Queryable,
  { chain, seq }: HeaderRecord,
  last: { readonly seq: string; readonly position: string },
): Promise<readonly Sealed[]> {
  return query<Sealed>(
    client,
    sql`/* a chain in order */
      with sealed as (
        select s.position, s.seq, encode(s.hash, 'hex') as hash, s.event_id as sealed_id, s.event_at
        from audit.seal s
        where s.chain = ${chain} and (s.seq, s.position) > (${last.seq}::bigint, ${last.position}::bigint) and s.seq <= ${seq}::bigint
          and s.event_at >= ${monthStart(chain)}::timestamptz and s.event_at < ${monthEnd(chain)}::timestamptz
        order by s.seq, s.position limit ${PAGE})
      select s.position, s.seq, s.hash, s.sealed_id, ${SEAL_COLUMNS}, ${EVENT_COLUMNS}
      from sealed s left join audit.event e on e.event_id = s.sealed_id and e.at = s.event_at
      order by s.seq, s.position`,
  )
}

function recordOf(row: Sealed): ExportRecord {
  const sealed = { position: row.position, seq: Number(row.seq), hash: row.hash }
  if (row.event_id === null) return { kind: 'missing', ...sealed, eventId: row.sealed_id }
  return { kind: 'event', ...sealed, event: toSealedEvent(row) }
}

/** Events of the month that no seal names: by pages of all that are there. */
async function* unsealedRecords(pool: pg.Pool, { chain, exportedAt }: HeaderRecord): AsyncGenerator<ExportRecord> {
  let after = '0'
  for (;;) {
    const [end] = await query<{ last: string | null }>(
      pool,
      sql`/* page of the events of a month */
        select max(event_id) as last from (
          select event_id from audit.event where event_id > ${after}::bigint and ${within(chain)}
          order by event_id limit ${UNSEALED_PAGE}) e`,
    )
    const last = end?.last ?? null
    if (last === null) return
    const rows = await query<SealRow>(
      pool,
      sql`/* events without a seal */
        select ${SEAL_COLUMNS}, ${EVENT_COLUMNS} from audit.event e
        where event_id > ${after}::bigint and event_id <= ${last}::bigint and ${within(chain)}
          and e.at < ${exportedAt}::timestamptz - ${SEALED_WITHIN}::interval
          and (e.at < ${exportedAt}::timestamptz - ${WAITS_AT_MOST}::interval
               or not exists (select from audit.unsealed u where u.event_id = e.event_id))
          and not exists (select from audit.seal s where s.event_id = e.event_id and s.event_at = e.at)
        order by event_id`,
    )
    for (const row of rows) yield { kind: 'unsealed', event: toSealedEvent(row) }
    after = last
  }
}

function within(chain: string) {
  return sql`at >= ${monthStart(chain)}::timestamptz and at < ${monthEnd(chain)}::timestamptz`
}

/** A month in Japan. */
export function monthStart(chain: string): string {
  return `${chain}-01T00:00:00+09:00`
}

export function monthEnd(chain: string): string {
  const [year = 0, month = 0] = chain.split('-').map(Number)
  const next = month === 12 ? `${year + 1}-01` : `${year}-${String(month + 1).padStart(2, '0')}`
  return monthStart(next.padStart(7, '0'))
}
