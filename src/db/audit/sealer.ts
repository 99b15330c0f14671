// Seals committed audit events into the hash chain of their month (docs/adr/0034, 0036): one of all processes at a time, in batches.

import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { type ChainHead, canonicalJson, genesisOf, type SealedEvent, sealHash } from '../../audit/seal.ts'
import { newJournalId } from '../../model/journal-id.ts'
import { transaction } from '../pool.ts'
import { execute, executeTogether, named, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { EVENT_COLUMNS, type EventRow, toStoredEvent } from './stored-events.ts'

/** One batch blocks the event loop for some ten milliseconds. */
export const SEAL_BATCH = 500
const NONCE_BYTES = 32
const CHAIN_ALERT_TYPE = 'audit-chain'

/** Of audit.event as `e`: its time as it is hashed, and its month in Japan, which is its chain. */
export const SEAL_COLUMNS = named(`to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as exact_at`)

export interface SealRow extends EventRow {
  readonly exact_at: string
}

export function toSealedEvent(row: SealRow): SealedEvent {
  return { ...toStoredEvent(row), at: row.exact_at }
}

type Taken = { readonly queued: string; readonly queued_at: Date; readonly chain: string } & (
  | SealRow
  | { readonly event_id: null }
)

/**
 * Seals what is committed, oldest first; the number of events, less than a batch when nothing is left, and 0 while another process seals.
 * What is sealed at once is committed at once, so that a sealer that is killed leaves all or nothing of a batch.
 */
export async function sealBatch(pool: pg.Pool, size: number = SEAL_BATCH): Promise<number> {
  const [waiting] = await query<{ found: boolean }>(pool, sql`select exists (select from audit.unsealed) as found`)
  if (waiting?.found !== true) return 0
  return transaction(pool, async (client) => {
    const held = await queryOne<{ position: string }>(
      client,
      sql`/* one seals */ select position from audit.sealing for update skip locked`,
    )
    if (held === undefined) return 0
    const taken = await take(client, size)
    const present = taken.filter((row) => row.event_id !== null)
    if (present.length > 0) await seal(client, { rows: present, after: BigInt(held.position) })
    for (const row of taken) if (row.event_id === null) await recordVanished(client, row.queued)
    return taken.length
  })
}

/** Seals until nothing is left. */
export async function sealAll(pool: pg.Pool, size: number = SEAL_BATCH): Promise<number> {
  let total = 0
  for (;;) {
    const sealed = await sealBatch(pool, size)
    total += sealed
    if (sealed < size) return total
  }
}

/** Out of the queue; a number whose event is gone stays in the answer, without one. */
function take(client: Queryable, size: number): Promise<readonly Taken[]> {
  return query<Taken>(
    client,
    sql`/* events to seal */
      with taken as (
        delete from audit.unsealed where event_id = any (array(select event_id from audit.unsealed order by event_id limit ${size}))
        returning event_id, at)
      select t.event_id as queued, t.at as queued_at, to_char(t.at at time zone 'Asia/Tokyo', 'YYYY-MM') as chain, ${SEAL_COLUMNS}, ${EVENT_COLUMNS}
      from taken t left join audit.event e on e.event_id = t.event_id and e.at = t.at
      order by t.event_id`,
  )
}

type Present = SealRow & { readonly chain: string }

async function seal(
  client: Queryable,
  { rows, after }: { readonly rows: readonly Present[]; readonly after: bigint },
): Promise<void> {
  const heads = await headsOf(client, [...new Set(rows.map(({ chain }) => chain))].sort())
  let position = after
  const seals = rows.map((row) => {
    const head = heads.get(row.chain)
    if (head === undefined) throw new Error(`chain ${row.chain} has no head`)
    position += 1n
    const sealed = {
      chain: row.chain,
      seq: head.seq + 1,
      hash: sealHash(head.hash, canonicalJson(toSealedEvent(row))),
    }
    heads.set(row.chain, sealed)
    return { ...sealed, position, eventId: row.event_id, at: row.exact_at }
  })
  await executeTogether(client, [
    sql`sealed as (
      insert into audit.seal (position, chain, seq, event_id, event_at, hash)
      select s.position, s.chain, s.seq, s.event_id, s.event_at, decode(s.hash, 'hex')
      from unnest(${seals.map((one) => String(one.position))}::bigint[], ${seals.map(({ chain }) => chain)}::text[],
                  ${seals.map(({ seq }) => seq)}::bigint[], ${seals.map(({ eventId }) => eventId)}::bigint[],
                  ${seals.map(({ at }) => at)}::timestamptz[], ${seals.map(({ hash }) => hash.toString('hex'))}::text[])
        as s(position, chain, seq, event_id, event_at, hash))`,
    headsPart([...heads.values()]),
    sql`numbered as (update audit.sealing set position = ${String(position)}::bigint)`,
  ])
}

function headsPart(heads: readonly ChainHead[]): Statement {
  return sql`heads as (
      update audit.chain c set seq = h.seq, hash = decode(h.hash, 'hex')
      from unnest(${heads.map(({ chain }) => chain)}::text[], ${heads.map(({ seq }) => seq)}::bigint[],
                  ${heads.map(({ hash }) => hash.toString('hex'))}::text[]) as h(chain, seq, hash)
      where c.chain = h.chain)`
}

/** Heads of the chains, begun where there are none yet. */
async function headsOf(client: Queryable, chains: readonly string[]): Promise<Map<string, ChainHead>> {
  const rows = await query<{ chain: string; seq: string; hash: Buffer }>(
    client,
    sql`select chain, seq, hash from audit.chain where chain = any (${chains})`,
  )
  const heads = new Map(rows.map(({ chain, seq, hash }) => [chain, { chain, seq: Number(seq), hash }]))
  for (const chain of chains) if (!heads.has(chain)) heads.set(chain, await begin(client, chain))
  return heads
}

/** A chain goes on from the one of the month before, as far as that one is sealed. */
async function begin(client: Queryable, chain: string): Promise<ChainHead> {
  const before = await queryOne<{ chain: string; seq: string; hash: Buffer }>(
    client,
    sql`select chain, seq, hash from audit.chain where chain < ${chain} order by chain desc limit 1`,
  )
  const previous = before === undefined ? undefined : { ...before, seq: Number(before.seq) }
  const nonce = randomBytes(NONCE_BYTES)
  const genesis = genesisOf(nonce, { chain, previous })
  await execute(
    client,
    sql`/* a month begins */
      insert into audit.chain (chain, genesis, seq, hash, nonce, previous_chain, previous_seq, previous_hash)
      values (${chain}, ${genesis}, 0, ${genesis}, ${nonce}, ${previous?.chain ?? null}, ${previous?.seq ?? null}, ${previous?.hash ?? null})`,
  )
  return { chain, seq: 0, hash: genesis }
}

/** Between commit and seal nobody may take an event away; who did is not known, that it was done is (PS3.15 A.5.3.11, outcome 12). */
function recordVanished(client: Queryable, eventId: string): Promise<void> {
  return recordChainAlert(client, `event ${eventId} was removed before it was sealed`)
}

/** Something is wrong with the log itself. */
export async function recordChainAlert(client: Queryable, alert: string): Promise<void> {
  await execute(
    client,
    sql`/* the log is not whole */
      insert into audit.event (exchange_id, event_code, action, type_code, outcome, peer, endpoint, patients, objects)
      values (${newJournalId()}, '110113', 'E', ${CHAIN_ALERT_TYPE}, 12, 'localhost', '/admin/v1/audit/export', '{}', ${JSON.stringify({ by: 'upkeep', alert })})`,
  )
}
