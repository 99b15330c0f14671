// Sessions of staff on PostgreSQL: every request asks for the person, the facility and the times as they are now (idlink R-7, S-5).

import type pg from 'pg'
import type { AccountStore, OpenedSession, Pending, SessionView } from '../../access/accounts/ports.ts'
import { needsSecondFactor } from '../../access/accounts/staff.ts'
import type { Job, StaffRole } from '../../model/user.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordLogin } from '../staff-change.ts'

/** Days without a log-on after which an account is closed (security f). */
export const UNUSED_DAYS = 90
/** However much is asked for. */
const LONGEST_HOURS = 12
/** Open ones of one person; the oldest makes room. */
const MOST_SESSIONS = 10
/** Seconds within which use is not written again. */
const USE_STEP = 5
/** Days for which ended sessions are kept to be looked at. */
export const KEPT_DAYS = 30

interface SessionRow {
  readonly staff_id: string
  readonly facility_id: string | null
  readonly facility_name: string | null
  readonly name: string
  readonly job: Job
  readonly roles: readonly StaffRole[]
  readonly may_use_ems: boolean
  readonly kind: 'access-code' | 'own'
  readonly has_second_factor: boolean
  readonly second_factor: boolean
  readonly started_at: Date
  readonly ends_at: Date
  readonly idle_minutes: number
  readonly others: SessionView['others']
}

/** @param idleMinutes of the network, for facilities that have no other. */
export function sessionStore(
  pool: pg.Pool,
  idleMinutes: number,
): Pick<AccountStore, 'openSession' | 'session' | 'endSession'> {
  return {
    openSession: (session, shown) =>
      transaction(pool, async (client) => {
        // The comparison takes its time: who replaced the password meanwhile ended the sessions there were, and means this one too.
        const there = await execute(
          client,
          sql`/* is it still the password that was shown? */
            select from access.account where staff_id = ${session.staffId} and hash = ${shown.hash} for no key update`,
        )
        if (there === 0) return false
        await insertSession(client, session)
        await bound(client, session.staffId)
        await execute(
          client,
          sql`/* the account is in use */ update access.account set used_at = now() where staff_id = ${session.staffId}`,
        )
        await audit(client, { staffId: session.staffId, peer: session.peer, act: 'login', reason: 'logged on' })
        return true
      }),
    session: async (digest) => {
      const row = await queryOne<SessionRow>(pool, openSession(digest, idleMinutes))
      return row === undefined ? undefined : toView(row)
    },
    endSession: (digest, peer) =>
      transaction(pool, async (client) => {
        const ended = await queryOne<{ readonly staff_id: string }>(
          client,
          sql`/* log off */ update access.session set ended_at = now(), end_reason = 'logged off'
            where session_hash = ${digest} and ended_at is null returning staff_id`,
        )
        if (ended !== undefined)
          await audit(client, { staffId: ended.staff_id, peer, act: 'logout', reason: 'logged off' })
      }),
  }
}

/** Active, within its times, and its facility active: over staff `s` and facility `f`. */
export function personIsOpen(): Statement {
  return sql`s.status = 'active' and s.valid_from <= now() and (s.valid_to is null or s.valid_to > now())
             and (s.facility_id is null or f.status = 'active')`
}

/** The account is neither unused for long, nor is its access code over: over account `a`. */
export function accountIsOpen(): Statement {
  return sql`a.used_at > now() - make_interval(days => ${UNUSED_DAYS}) and (a.ends_at is null or a.ends_at > now())`
}

function openSession(digest: Buffer, idleMinutes: number): Statement {
  return sql`/* a session and its person, as they are now */
    with open as (
      select x.session_hash, x.staff_id, x.used_at, x.started_at, x.ends_at, x.second_factor,
             coalesce(f.idle_minutes, ${idleMinutes}::int) as idle_minutes, s.facility_id, f.name as facility_name, s.name, s.job, s.roles,
             s.may_use_ems, a.kind, f2.confirmed_at is not null as has_second_factor
      from access.session x
      join access.staff s using (staff_id)
      join access.account a using (staff_id)
      left join access.facility f on f.facility_id = s.facility_id
      left join access.second_factor f2 using (staff_id)
      where x.session_hash = ${digest} and x.ended_at is null and x.ends_at > now()
        and x.used_at > now() - make_interval(mins => coalesce(f.idle_minutes, ${idleMinutes}::int)) and ${personIsOpen()}
        and not exists (select from access.facility_status p
                        where p.facility_id = s.facility_id and p.status <> 'active' and p.set_at >= x.started_at)),
    used as (
      update access.session x set used_at = now() from open
      where x.session_hash = open.session_hash and open.used_at < now() - make_interval(secs => ${USE_STEP}))
    select open.*, coalesce((
        select jsonb_agg(jsonb_build_object('startedAt', y.started_at, 'usedAt', y.used_at, 'peer', y.peer) order by y.started_at)
        from access.session y
        where y.staff_id = open.staff_id and y.session_hash <> open.session_hash and y.ended_at is null and y.ends_at > now()
          and y.used_at > now() - make_interval(mins => open.idle_minutes)), '[]'::jsonb) as others
    from open`
}

function toView(row: SessionRow): SessionView {
  const {
    staff_id: staffId,
    facility_id: facilityId,
    facility_name: facilityName,
    name,
    job,
    may_use_ems: mayUseEms,
  } = row
  const pending = pendingOf(row)
  return {
    principal: {
      kind: 'staff',
      staffId,
      ...(facilityId === null ? {} : { facilityId }),
      roles: pending.length === 0 ? row.roles : [],
      job,
      mayUseEms: mayUseEms && pending.length === 0,
    },
    name,
    ...(facilityName === null ? {} : { facilityName }),
    startedAt: row.started_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
    idleMinutes: row.idle_minutes,
    secondFactor: row.second_factor,
    pending,
    others: row.others,
  }
}

/** A second factor that was set up after this session began is shown at the next log-on, not assumed. */
function pendingOf({ kind, roles, has_second_factor, second_factor }: SessionRow): readonly Pending[] {
  const wanted = needsSecondFactor(roles) || has_second_factor
  return [
    ...(kind === 'access-code' ? (['password'] as const) : []),
    ...(wanted && !second_factor ? (['second-factor'] as const) : []),
  ]
}

/** Within the transaction of what gave it. */
export async function insertSession(
  client: Queryable,
  { staffId, digest, peer, secondFactor }: OpenedSession,
): Promise<void> {
  await execute(
    client,
    sql`/* a session */
      insert into access.session (session_hash, staff_id, ends_at, peer, second_factor)
      values (${digest}, ${staffId}, now() + make_interval(hours => ${LONGEST_HOURS}), ${peer}, ${secondFactor})`,
  )
}

async function bound(client: Queryable, staffId: string): Promise<void> {
  const closed = await query<Closed>(
    client,
    sql`/* bound of open sessions */ update access.session set ended_at = now(), end_reason = ${TOO_MANY}
      where session_hash in (select session_hash from access.session where staff_id = ${staffId} and ended_at is null
                             order by started_at desc offset ${MOST_SESSIONS})
      returning staff_id, peer, end_reason`,
  )
  await auditClosed(client, closed)
  await execute(
    client,
    sql`/* sessions that nobody looks at any more */
      delete from access.session where staff_id = ${staffId} and started_at < now() - make_interval(days => ${KEPT_DAYS})`,
  )
}

/** With the facility of the person, for whom the event is one of its staff. */
async function audit(
  client: Queryable,
  given: {
    readonly staffId: string
    readonly peer: string
    readonly act: 'login' | 'logout'
    readonly reason: string
    readonly automatic?: boolean
  },
): Promise<void> {
  const { staffId, ...event } = given
  const [found] = await query<{ readonly facility_id: string | null }>(
    client,
    sql`/* facility of a person */ select facility_id from access.staff where staff_id = ${staffId}`,
  )
  const facilityId = found?.facility_id ?? undefined
  await recordLogin(client, {
    ...event,
    by: `staff:${staffId}`,
    outcome: 0,
    ...(facilityId === undefined ? {} : { facilityId }),
  })
}

/** All of a person, within the transaction of what ends them. */
export async function endSessions(client: Queryable, staffId: string, reason: string): Promise<void> {
  const closed = await query<Closed>(
    client,
    sql`/* sessions of an account end */ update access.session set ended_at = now(), end_reason = ${reason}
      where staff_id = ${staffId} and ended_at is null
      returning staff_id, peer, end_reason`,
  )
  await auditClosed(client, closed)
}

interface Closed {
  readonly staff_id: string
  readonly peer: string
  readonly end_reason: string
}

const TOO_MANY = 'too many'
const RAN_OUT = 'ran out'
/** Sessions that one sweep ends; the others the next one. */
const CLOSED_AT_ONCE = 100

/**
 * Ends what nobody can use any more since nobody used it, or its hours are over: the log-off is audited (DICOM PS3.15 A.5.3.12).
 * @returns how many.
 */
export function endLapsedSessions(pool: pg.Pool, idleMinutes: number): Promise<number> {
  return transaction(pool, async (client) => {
    const closed = await query<Closed>(
      client,
      sql`/* sessions that ran out */
        update access.session set ended_at = now(), end_reason = ${RAN_OUT}
        where session_hash in (
          select x.session_hash from access.session x join access.staff s using (staff_id)
          left join access.facility f on f.facility_id = s.facility_id
          where x.ended_at is null
            and (x.ends_at <= now() or x.used_at <= now() - make_interval(mins => coalesce(f.idle_minutes, ${idleMinutes}::int)))
          limit ${CLOSED_AT_ONCE} for update of x skip locked)
        returning staff_id, peer, end_reason`,
    )
    await auditClosed(client, closed)
    return closed.length
  })
}

async function auditClosed(client: Queryable, closed: readonly Closed[]): Promise<void> {
  for (const { staff_id: staffId, peer, end_reason: reason } of closed)
    await audit(client, { staffId, peer, act: 'logout', reason, automatic: true })
}
