// A month of the audit log is dropped when its time is over, it was found whole, and somebody keeps its export (docs/audit.md).

import type pg from 'pg'
import type { DropAnswer, NotDropped, WhoActs } from '../../audit/chain-ports.ts'
import { IheError } from '../../model/error.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'
import { monthEnd, monthStart } from './chain-export.ts'

export interface RetentionTime {
  readonly now: Date
  readonly months: number
}

interface Closed {
  readonly seq: string
  readonly dropped_at: Date | null
  readonly closed_seq: string | null
  readonly whole_seq: string | null
  readonly has_month: boolean
  /** An event that came late and is not sealed yet. */
  readonly has_waiting: boolean
}

/** Notes that an export is kept; drops the month if its time is over, and lets it go later if it is not. */
export function dropMonth(
  pool: pg.Pool,
  asked: WhoActs & { readonly chain: string; readonly sha256: string },
  time: RetentionTime,
): Promise<DropAnswer> {
  const { chain, sha256 } = asked
  return transaction(pool, async (client) => {
    const because = await obstacleTo(client, chain, time.now)
    if (because !== undefined) return { done: 'refused', because }
    const dropsAfter = endOfRetention(chain, time.months)
    const goesNow = dropsAfter <= time.now
    if (goesNow && (await isAwaited(client, chain))) return { done: 'refused', because: 'not sent' }
    const noted = await execute(
      client,
      sql`/* an export is kept */
        update audit.export x set kept_at = coalesce(kept_at, now())
        where chain = ${chain} and sha256 = decode(${sha256}, 'hex') and seq = (select seq from audit.chain c where c.chain = x.chain)`,
    )
    if (noted === 0) return { done: 'refused', because: 'no such export' }
    const said = { by: asked.by, peer: asked.peer, patients: [] }
    if (!goesNow) {
      await recordChange(client, { ...said, operation: `export ${sha256} of the audit log of ${chain} is kept` })
      return { done: 'noted', dropsAfter }
    }
    await removeMonth(client, chain)
    await recordChange(client, { ...said, operation: `audit log of ${chain} dropped, export ${sha256} is kept` })
    return { done: 'dropped' }
  })
}

/**
 * Drops months whose time is over and whose export is kept. One that something hangs on, as a view of an operator, keeps no other beyond its
 * time; one that is in use ends it, for whoever writes would wait for each.
 * @throws what kept the first one from going, when all were tried; BUSY at once.
 */
export async function dropDueMonths(pool: pg.Pool, time: RetentionTime): Promise<readonly string[]> {
  const kept = await query<{ chain: string; sha256: string }>(
    pool,
    sql`/* months that may go */
      select x.chain, min(encode(x.sha256, 'hex')) as sha256 from audit.export x join audit.chain c on c.chain = x.chain and c.seq = x.seq
      where x.kept_at is not null and c.dropped_at is null group by x.chain order by x.chain`,
  )
  const dropped: string[] = []
  const failures: unknown[] = []
  for (const { chain, sha256 } of kept) {
    if (endOfRetention(chain, time.months) > time.now) continue
    try {
      const answer = await dropMonth(pool, { chain, sha256, by: 'system', peer: 'localhost' }, time)
      if (answer.done === 'dropped') dropped.push(chain)
    } catch (error) {
      if (error instanceof IheError) throw error
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return dropped
}

/** Counted from the end of the month. */
function endOfRetention(chain: string, months: number): Date {
  const [year = 0, month = 0] = chain.split('-').map(Number)
  const last = year * 12 + (month - 1) + months
  const name = `${String(Math.floor(last / 12)).padStart(4, '0')}-${String((last % 12) + 1).padStart(2, '0')}`
  return new Date(monthEnd(name))
}

async function obstacleTo(client: Queryable, chain: string, now: Date): Promise<NotDropped | undefined> {
  const row = await queryOne<Closed>(
    client,
    sql`/* may a month go */
      select c.seq, c.dropped_at, k.seq as closed_seq, v.seq as whole_seq,
        to_regclass('audit.event_' || replace(c.chain, '-', '_')) is not null and to_regclass('audit.seal_' || replace(c.chain, '-', '_')) is not null
        and not exists (select from audit.event_other where ${inMonth(chain, 'at')})
        and not exists (select from audit.seal_other where ${inMonth(chain, 'event_at')}) as has_month,
        exists (select from audit.unsealed where ${inMonth(chain, 'at')}) as has_waiting
      from audit.chain c
      left join lateral (select seq from audit.checkpoint where chain = c.chain and closes order by number desc limit 1) k on true
      left join audit.verification v on v.chain = c.chain and v.failure is null and v.whole_at is not null
      where c.chain = ${chain} for update of c`,
  )
  if (row === undefined) return 'unknown'
  if (row.dropped_at !== null) return 'already dropped'
  if (new Date(monthEnd(chain)) > now) return 'not over'
  if (row.closed_seq !== row.seq || row.has_waiting) return 'not closed'
  if (row.whole_seq !== row.seq) return 'not verified'
  return row.has_month ? undefined : 'no month of its own'
}

/** Does an audit repository lack some of it? A paused one goes on from where it was; one that shall not have it is removed. */
async function isAwaited(client: Queryable, chain: string): Promise<boolean> {
  const row = await queryOne<{ found: boolean }>(
    client,
    sql`/* may an audit repository still ask for it */
      select exists (select from audit.target where resend_from < s.position) as found
      from audit.chain c join audit.seal s on s.chain = c.chain and s.seq = c.seq where c.chain = ${chain}`,
  )
  return row?.found === true
}

function inMonth(chain: string, column: 'at' | 'event_at') {
  const from = monthStart(chain)
  const to = monthEnd(chain)
  return column === 'at'
    ? sql`at >= ${from}::timestamptz and at < ${to}::timestamptz`
    : sql`event_at >= ${from}::timestamptz and event_at < ${to}::timestamptz`
}

/** The row of the chain stays, with its end: the next month goes on from it. */
async function removeMonth(client: Queryable, chain: string): Promise<void> {
  const name = chain.replace('-', '_')
  await execute(client, sql`update audit.chain set dropped_at = now() where chain = ${chain}`)
  // Names of tables are no parameters; the pattern of a chain lets nothing else through.
  if (!/^\d{4}_\d{2}$/.test(name)) throw new Error(`${chain} is no month`)
  // It waits for whoever reads the log, and whoever writes to it waits meanwhile: not for long, the next round tries again.
  await client.query(`set local lock_timeout = '1s'`)
  await client.query(`drop table audit.event_${name}, audit.seal_${name}`)
}
