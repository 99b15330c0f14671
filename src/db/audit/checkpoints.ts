// Checkpoints in the database: every chain that grew is signed, and told to the audit servers by an event (docs/adr/0036).

import type pg from 'pg'
import {
  type Checkpoint,
  type CheckpointStatement,
  checkpointHash,
  NO_CHECKPOINT,
  type Signer,
} from '../../audit/checkpoint.ts'
import { canonicalJson } from '../../audit/seal.ts'
import { newJournalId } from '../../model/journal-id.ts'
import { transaction } from '../pool.ts'
import { execute, named, type Queryable, query, queryOne, sql } from '../sql.ts'

/** Checkpoints are events of this type; they alone do not make a chain worth signing again. */
export const CHECKPOINT_TYPE = 'audit-checkpoint'
/** No transaction runs for so long: what belongs to a month that ended before is there. */
const CLOSES_AFTER = '1 hour'

const COLUMNS = named('k.number, k.chain, k.seq, k.hash, k.at, k.closes, k.key_id, k.previous, k.signature')

interface CheckpointRow {
  readonly number: string
  readonly chain: string
  readonly seq: string
  readonly hash: Buffer
  readonly at: Date
  readonly closes: boolean
  readonly key_id: string
  readonly previous: Buffer
  readonly signature: Buffer
}

function toCheckpoint(row: CheckpointRow): Checkpoint {
  return {
    number: Number(row.number),
    chain: row.chain,
    seq: Number(row.seq),
    hash: row.hash.toString('hex'),
    at: row.at.toISOString(),
    closes: row.closes,
    keyId: row.key_id,
    previous: row.previous.toString('hex'),
    signature: row.signature.toString('base64'),
  }
}

/** Checkpoints after a number, in order. */
export async function findCheckpoints(
  client: Queryable,
  { after, until = '9223372036854775807', limit }: { after: number; until?: string; limit: number },
): Promise<readonly Checkpoint[]> {
  const rows = await query<CheckpointRow>(
    client,
    sql`/* checkpoints in order */ select ${COLUMNS} from audit.checkpoint k
      where k.number > ${after} and k.number <= ${until}::bigint order by k.number limit ${limit}`,
  )
  return rows.map(toCheckpoint)
}

export interface CheckpointTime {
  readonly now: Date
  /** Nothing is signed when the newest checkpoint is younger. */
  readonly everyMs: number
}

/** Signs every chain that grew since, and every month that is over; none while another process seals or signs. */
export function makeCheckpoints(pool: pg.Pool, signer: Signer, time: CheckpointTime): Promise<readonly Checkpoint[]> {
  return transaction(pool, async (client) => {
    const held = await queryOne(client, sql`/* one signs */ select position from audit.sealing for update skip locked`)
    if (held === undefined) return []
    const [last] = await query<CheckpointRow>(
      client,
      sql`/* newest checkpoint */ select ${COLUMNS} from audit.checkpoint k order by k.number desc limit 1`,
    )
    // A clock that was set back is no reason to wait until it has caught up.
    if (last !== undefined && Math.abs(time.now.getTime() - last.at.getTime()) < time.everyMs) return []
    const made: Checkpoint[] = []
    let before = last === undefined ? undefined : toCheckpoint(last)
    for (const grown of await findGrown(client, time.now)) {
      before = signer.sign(statementOf(grown, { before, at: time.now, keyId: signer.keyId }))
      await write(client, before)
      made.push(before)
    }
    return made
  })
}

interface Grown {
  readonly chain: string
  readonly seq: string
  readonly hash: Buffer
  readonly closes: boolean
}

/** A month that is over and has no event waiting is closed, once; one that grew all the same, again. */
function findGrown(client: Queryable, now: Date): Promise<readonly Grown[]> {
  return query<Grown>(
    client,
    sql`/* chains to sign */
      with chain as (
        select c.chain, c.seq, c.hash,
          to_date(c.chain, 'YYYY-MM')::timestamp at time zone 'Asia/Tokyo' as starts,
          (to_date(c.chain, 'YYYY-MM') + interval '1 month') at time zone 'Asia/Tokyo' as ends,
          coalesce(k.seq, 0) as signed_seq, coalesce(k.closes, false) as is_closed
        from audit.chain c left join lateral (
          select k.seq, k.closes from audit.checkpoint k where k.chain = c.chain order by k.number desc limit 1) k on true
        where c.dropped_at is null),
      state as (
        select *, ends < ${now}::timestamptz - ${CLOSES_AFTER}::interval
          and not exists (select from audit.unsealed u where u.at >= starts and u.at < ends) as closes
        from chain)
      select chain, seq, hash, closes from state
      where (closes and not is_closed) or (seq > signed_seq and exists (
        select from audit.seal s left join audit.event e on e.event_id = s.event_id and e.at = s.event_at
        where s.chain = state.chain and s.seq > state.signed_seq and e.type_code is distinct from ${CHECKPOINT_TYPE}))
      order by chain`,
  )
}

function statementOf(
  { chain, seq, hash, closes }: Grown,
  { before, at, keyId }: { before: Checkpoint | undefined; at: Date; keyId: string },
): CheckpointStatement {
  return {
    number: (before?.number ?? 0) + 1,
    chain,
    seq: Number(seq),
    hash: hash.toString('hex'),
    at: at.toISOString(),
    closes,
    keyId,
    previous: before === undefined ? NO_CHECKPOINT : checkpointHash(before),
  }
}

/** A Security Alert of outcome 0, which informs (PS3.15 A.5.3.11): it goes the way of all events, to where the database does not reach. */
async function write(client: Queryable, checkpoint: Checkpoint): Promise<void> {
  const { number, chain, seq, hash, at, closes, keyId, previous, signature } = checkpoint
  await execute(
    client,
    sql`/* checkpoint */
      insert into audit.checkpoint (number, chain, seq, hash, at, closes, key_id, previous, signature)
      values (${number}, ${chain}, ${seq}, decode(${hash}, 'hex'), ${at}, ${closes}, ${keyId}, decode(${previous}, 'hex'),
              decode(${signature}, 'base64'))`,
  )
  await execute(
    client,
    sql`/* checkpoint as an event */
      insert into audit.event (exchange_id, event_code, action, type_code, outcome, peer, endpoint, patients, objects)
      values (${newJournalId()}, '110113', 'E', ${CHECKPOINT_TYPE}, 0, 'localhost', '/admin/v1/audit/export', '{}', ${JSON.stringify({ by: 'upkeep', alert: canonicalJson(checkpoint) })})`,
  )
}
