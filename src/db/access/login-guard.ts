// Failed log-ons on PostgreSQL, by name as typed and by address: shared by all processes (rules: src/access/accounts/attempts.ts).

import { createHash } from 'node:crypto'
import type pg from 'pg'
import {
  ADDRESS_RULE,
  counted,
  type Guard,
  type GuardRule,
  NAME_RULE,
  SHEET_RULE,
  waitOf,
} from '../../access/accounts/attempts.ts'
import type { AccountStore } from '../../access/accounts/ports.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, sql } from '../sql.ts'

interface GuardRow {
  readonly subject: Buffer
  readonly failures: number
  readonly locks: number
  readonly last_at: Date
  readonly blocked_until: Date | null
  readonly now: Date
}

/** A digest: what was typed may be a password. */
export function nameSubject(user: string): Buffer {
  return createHash('sha256').update(`name\0${user}`).digest()
}

function addressSubject(address: string): Buffer {
  return createHash('sha256').update(`address\0${address}`).digest()
}

function sheetSubject(staffId: string): Buffer {
  return createHash('sha256').update(`sheet\0${staffId}`).digest()
}

export function loginGuard(
  pool: pg.Pool,
): Pick<AccountStore, 'claimAttempt' | 'settleAttempt' | 'claimSheet' | 'sheetFound'> {
  return {
    claimAttempt: ({ user, address }) =>
      claim(pool, [
        { subject: nameSubject(user), rule: NAME_RULE },
        { subject: addressSubject(address), rule: ADDRESS_RULE },
      ]),
    claimSheet: (staffId) => claim(pool, [{ subject: sheetSubject(staffId), rule: SHEET_RULE }]),
    sheetFound: (staffId) => uncount(pool, sheetSubject(staffId), SHEET_RULE),
    settleAttempt: async ({ user, address }, outcome) => {
      if (outcome === 'succeeded')
        await execute(
          pool,
          sql`/* logged on */ update access.login_guard set failures = 0, locks = 0, blocked_until = null where subject = ${nameSubject(user)}`,
        )
      else await uncount(pool, nameSubject(user), NAME_RULE)
      await uncount(pool, addressSubject(address), ADDRESS_RULE)
    },
  }
}

interface Guarded {
  readonly subject: Buffer
  readonly rule: GuardRule
}

/** @returns milliseconds to wait; nothing is counted then. */
function claim(pool: pg.Pool, subjects: readonly Guarded[]): Promise<number> {
  return transaction(pool, async (client) => {
    await forgetOld(client)
    const rows = await locked(
      client,
      subjects.map(({ subject }) => subject),
    )
    const known = subjects.map(({ subject, rule }) => ({ rule, row: rows.find((row) => row.subject.equals(subject)) }))
    const waits = known.map(({ row }) => (row === undefined ? 0 : waitOf(guardOf(row), row.now.getTime())))
    const wait = Math.max(...waits)
    if (wait > 0) return wait
    for (const { row, rule } of known) if (row !== undefined) await count(client, row, rule)
    return 0
  })
}

/** The rows of these subjects, made where there are none, in one order, so that two attempts never wait for each other. */
async function locked(client: Queryable, subjects: readonly Buffer[]): Promise<readonly GuardRow[]> {
  await execute(
    client,
    sql`/* guards of a log-on */
      insert into access.login_guard (subject)
      select subject from unnest(${subjects}::bytea[]) as g (subject) order by subject on conflict (subject) do nothing`,
  )
  return query<GuardRow>(
    client,
    sql`/* guards of a log-on, held */
      select subject, failures, locks, last_at, blocked_until, clock_timestamp() as now
      from access.login_guard where subject = any(${subjects}::bytea[]) order by subject for update`,
  )
}

function guardOf({ failures, locks, last_at, blocked_until }: GuardRow): Guard {
  return { failures, locks, lastAtMs: last_at.getTime(), blockedUntilMs: blocked_until?.getTime() }
}

async function count(client: Queryable, row: GuardRow, rule: GuardRule): Promise<void> {
  const next = counted(guardOf(row), row.now.getTime(), rule)
  const until = next.blockedUntilMs === undefined ? null : new Date(next.blockedUntilMs).toISOString()
  await execute(
    client,
    sql`/* count an attempt */ update access.login_guard
      set failures = ${next.failures}, locks = ${next.locks}, last_at = ${row.now.toISOString()}, blocked_until = ${until}
      where subject = ${row.subject}`,
  )
}

/** It was no failure after all; a lock that it set is taken back with it. */
async function uncount(client: Queryable, subject: Buffer, { lockAfter = 1 }: GuardRule): Promise<void> {
  await execute(
    client,
    sql`/* uncount an attempt */ update access.login_guard
      set failures = case when failures = 0 and locks > 0 then ${lockAfter - 1} else greatest(failures - 1, 0) end,
          locks = case when failures = 0 then greatest(locks - 1, 0) else locks end, blocked_until = null
      where subject = ${subject}`,
  )
}

const FORGOTTEN_AT_ONCE = 100

/** Names that nobody has would else stay for ever. */
async function forgetOld(client: Queryable): Promise<void> {
  await execute(
    client,
    sql`/* forget old failures */
      delete from access.login_guard where subject in (
        select subject from access.login_guard where last_at < now() - interval '2 days'
        order by last_at limit ${FORGOTTEN_AT_ONCE} for update skip locked)`,
  )
}
