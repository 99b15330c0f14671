// Audit repositories on PostgreSQL: what the operator set, who sends now, and how far (docs/adr/0037).

import type pg from 'pg'
import type { Change, Changed, Stored } from '../../access/change.ts'
import type { Noted } from '../../audit/send.ts'
import type { ClaimedTarget, NewTarget, Progress, TargetView } from '../../audit/targets.ts'
import { changed, changing, outcomeOf, withoutNulls } from '../access/changing.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'

/** How long a process may send without saying that it is there; another one takes over then. */
export const LEASE_MS = 10_000

export function createAuditTargetStore(pool: pg.Pool) {
  const altering = (name: string, change: Change, statement: Statement): Promise<Changed> =>
    changing(pool, change, (client) => changed(client, statement, sql`select from audit.target where name = ${name}`))
  return {
    targets: () => listTargets(pool),
    add: (target: NewTarget, change: Change) => changing(pool, change, (client) => add(client, target)),
    pause: (name: string, reason: string | undefined, change: Change) =>
      altering(
        name,
        change,
        sql`update audit.target set status = 'paused', paused_reason = ${reason ?? null}, version = version + 1
            where name = ${name} and status = 'active'`,
      ),
    resume: (name: string, change: Change) =>
      altering(
        name,
        change,
        sql`update audit.target set status = 'active', paused_reason = null, attempts = 0, version = version + 1
            where name = ${name} and status = 'paused'`,
      ),
    remove: (name: string, change: Change) =>
      altering(name, change, sql`delete from audit.target where name = ${name}`),
    resend: (name: string, after: number, change: Change) =>
      altering(
        name,
        change,
        sql`update audit.target set sent_to = ${after}, resend_from = ${after}, attempts = 0, version = version + 1
            where name = ${name}`,
      ),
  }
}

/** Another one under the same name has to be removed first: what it was sent is not what this one was. */
function add(client: Queryable, target: NewTarget): Promise<Stored> {
  const { name, host, port, withReceived, fromTheBeginning } = target
  const { serverName = null, ca = null, certificate = null, key = null } = target
  return outcomeOf(
    client,
    sql`/* an audit repository more */
      insert into audit.target (name, host, port, server_name, ca, certificate, key, with_received, sent_to, resend_from)
      select ${name}, ${host}, ${port}, ${serverName}, ${ca}, ${certificate}, ${key}, ${withReceived}, p.at, p.at
      from (select case when ${fromTheBeginning}::boolean then 0 else coalesce(max(position), 0) end as at from audit.seal) p
      on conflict do nothing`,
    sql`select (host, port, with_received) = (${host}, ${port}::integer, ${withReceived}::boolean)
               and server_name is not distinct from ${serverName} and ca is not distinct from ${ca}
               and certificate is not distinct from ${certificate} and key is not distinct from ${key} as same
        from audit.target where name = ${name}`,
  )
}

interface ListedRow extends Omit<TargetView, 'sentTo' | 'waiting' | 'waitingSince' | 'lastSentAt'> {
  readonly sentTo: string
  readonly head: string
  readonly waitingSince: Date | null
  readonly lastSentAt: Date | null
}

/** In the order of their names. */
export async function listTargets(client: Queryable): Promise<readonly TargetView[]> {
  const rows = await query<ListedRow>(
    client,
    sql`/* audit repositories and how sending to them stands */
      select t.name, t.host, t.port, t.server_name as "serverName", t.ca is not null as "hasOwnAuthorities", t.certificate, t.key,
             t.with_received as "withReceived", t.status, t.paused_reason as "pausedReason", t.state, t.attempts,
             t.last_error as "lastError", t.last_sent_at as "lastSentAt", t.sent_to as "sentTo", head.position as head,
             (select s.sealed_at from audit.seal s where s.position > t.sent_to order by s.position limit 1) as "waitingSince"
      from audit.target t cross join (select coalesce(max(position), 0) as position from audit.seal) head
      order by t.name`,
  )
  return rows.map(({ sentTo, head, waitingSince, lastSentAt, ...row }) =>
    withoutNulls({
      ...row,
      sentTo: Number(sentTo),
      waiting: Math.max(0, Number(head) - Number(sentTo)),
      ...(waitingSince === null ? {} : { waitingSince: waitingSince.toISOString() }),
      ...(lastSentAt === null ? {} : { lastSentAt: lastSentAt.toISOString() }),
    }),
  )
}

interface ClaimedRow {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly serverName: string | null
  readonly ca: string | null
  readonly certificate: string | null
  readonly key: string | null
  readonly withReceived: boolean
  readonly version: string
  readonly resendFrom: string
  readonly attempts: number
}

/** The targets that are this process's for the next while: its own, and those that nobody has. */
export async function claimTargets(client: Queryable, owner: string): Promise<readonly ClaimedTarget[]> {
  const rows = await query<ClaimedRow>(
    client,
    sql`/* who sends to which audit repository */
      update audit.target set owner = ${owner}, leased_until = clock_timestamp() + make_interval(secs => ${LEASE_MS / 1000})
      where status = 'active' and (owner = ${owner} or owner is null or leased_until < clock_timestamp())
      returning name, host, port, server_name as "serverName", ca, certificate, key, with_received as "withReceived", version,
                resend_from as "resendFrom", attempts`,
  )
  return rows.map(({ version, resendFrom, ...row }) => ({
    ...(withoutNulls(row) as Omit<ClaimedTarget, 'version' | 'resendFrom'>),
    version: Number(version),
    resendFrom: Number(resendFrom),
  }))
}

export async function releaseTargets(client: Queryable, owner: string): Promise<void> {
  await execute(
    client,
    sql`/* others may send now */ update audit.target set owner = null, leased_until = null where owner = ${owner}`,
  )
}

interface Held {
  readonly name: string
  readonly owner: string
  readonly version: number
}

/** False when the target is another's, was changed, or is not there any more. */
export async function saveProgress(client: Queryable, held: Held, { sentTo, resendFrom }: Progress): Promise<boolean> {
  const saved = await execute(
    client,
    sql`/* how far an audit repository has got */
      update audit.target
      set last_sent_at = case when ${sentTo}::bigint > sent_to then clock_timestamp() else last_sent_at end,
          sent_to = greatest(sent_to, ${sentTo}::bigint), resend_from = least(${resendFrom}::bigint, greatest(sent_to, ${sentTo}::bigint))
      where name = ${held.name} and owner = ${held.owner} and version = ${held.version}`,
  )
  return saved > 0
}

/**
 * How it stands now.
 * @returns whether the audit has to hear that certificates were not accepted: once, until it works again.
 */
export async function noteState(client: Queryable, held: Held, noted: Noted): Promise<boolean> {
  const { state, attempts, error = null } = noted
  const row = await queryOne<{ readonly fresh: boolean }>(
    client,
    sql`/* an audit repository is in another state */
      update audit.target t
      set state = ${state}, attempts = ${attempts}, last_error = ${error},
          is_alerted = case ${state}::text when 'refused' then true when 'up' then false else t.is_alerted end
      from (select name, is_alerted from audit.target where name = ${held.name} for update) before
      where t.name = before.name and t.owner = ${held.owner} and t.version = ${held.version}
      returning ${state}::text = 'refused' and not before.is_alerted as fresh`,
  )
  return row?.fresh === true
}
