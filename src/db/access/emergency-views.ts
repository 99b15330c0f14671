// Grants of emergency access and notices as they are read, with the state that time gives them.

import type pg from 'pg'
import type { EmergencyCounts, GrantFilter, GrantView, NoticeFilter, NoticeView } from '../../access/emergency/store.ts'
import { type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'

/** State of the contact of notice `n`. */
const CONTACT = sql`case when n.contacted_at is not null then 'contacted' when n.contact <> 'due' then n.contact
      when n.due_at <= now() then 'overdue' else 'due' end`

/** The contacts of grant `g`. */
const CONTACTS = sql`coalesce((
      select jsonb_agg(jsonb_build_object('facilityId', n.facility_id, 'name', f.name, 'state', ${CONTACT}, 'dueAt', n.due_at,
                                          'contactedAt', n.contacted_at, 'contactBy', n.contact_by, 'remindedAt', n.reminded_at) order by n.notice_id)
      from access.emergency_notice n join access.facility f using (facility_id) where n.grant_id = g.grant_id), '[]'::jsonb)`

/** Of several contacts the first of these counts. */
const URGENCY = ['overdue', 'due', 'contacted', 'waived', 'not-due'] as const

const OVERDUE = sql`exists (select from access.emergency_notice n
      where n.grant_id = g.grant_id and n.contact = 'due' and n.contacted_at is null and n.due_at <= now())`

const RUNNING = sql`(g.ended_at is null and g.ends_at > now())`

/** What ran out has ended, whether or not its end is written yet. */
const GRANT_COLUMNS = sql`
      g.grant_id as "grantId", g.facility_id as "facilityId", (select name from access.facility f where f.facility_id = g.facility_id) as "facilityName",
      g.user_name as "user", g.staff_id as "staffId", g.job, g.origin, g.publisher_id as "publisherId",
      (select name from access.facility f where f.facility_id = g.publisher_id) as "publisherName", g.number, g.reason_code as "reasonCode", g.reason,
      g.consent_kind as "consentKind", g.consent_by as "consentBy", g.chart_noted as "chartNoted", g.in_disaster as "inDisaster",
      g.started_at as "startedAt", g.ends_at as "endsAt", coalesce(g.ended_at, case when g.ends_at <= now() then g.ends_at end) as "endedAt",
      g.ended_by as "endedBy", g.end_reason as "endReason", case when ${RUNNING} then 'running' else 'ended' end as state,
      ${CONTACTS} as contacts, g.reviewed_at as "reviewedAt", g.reviewed_by as "reviewedBy", g.review_comment as "reviewComment"`

type GrantRow = Omit<GrantView, 'contact'>

/** Later than any row. */
const LAST = '9223372036854775807'

export async function findGrants(pool: pg.Pool, filter: GrantFilter): Promise<readonly GrantView[]> {
  const { facilityId, state, limit, after = LAST } = filter
  const rows = await query<GrantRow>(
    pool,
    sql`/* emergency access, the newest first */
      select ${GRANT_COLUMNS} from access.emergency_grant g
      where g.grant_id < ${after} and ${facilityId === undefined ? sql`true` : sql`g.facility_id = ${facilityId}`}
        and ${begunIn(filter)} and ${inState(state)}
      order by g.grant_id desc limit ${limit}`,
  )
  return rows.map(toGrant)
}

/** As a list of ids: the plan for one page would otherwise go back from the newest grant to the month. */
function begunIn({ from, to }: GrantFilter): Statement {
  if (from === undefined || to === undefined) return sql`true`
  return sql`g.grant_id = any(array(
        select m.grant_id from access.emergency_grant m
        where m.started_at >= ${from.toISOString()}::timestamptz and m.started_at < ${to.toISOString()}::timestamptz))`
}

function inState(state: GrantFilter['state']): Statement {
  switch (state) {
    case undefined:
      return sql`true`
    case 'running':
      return RUNNING
    case 'ended':
      return sql`not ${RUNNING}`
    case 'overdue':
      return OVERDUE
    case 'unreviewed':
      return sql`g.reviewed_at is null`
  }
  return state satisfies never
}

export async function findGrant(client: Queryable, grantId: string): Promise<GrantView | undefined> {
  const row = await queryOne<GrantRow>(
    client,
    sql`/* one emergency access */ select ${GRANT_COLUMNS} from access.emergency_grant g where g.grant_id = ${grantId}`,
  )
  return row === undefined ? undefined : toGrant(row)
}

function toGrant(row: GrantRow): GrantView {
  const states = row.contacts.map(({ state }) => state)
  return { ...row, contact: URGENCY.find((state) => states.includes(state)) ?? 'not-due' }
}

export async function countEmergencies(client: Queryable): Promise<EmergencyCounts> {
  const row = await queryOne<EmergencyCounts>(
    client,
    sql`/* emergency access in numbers */
      select (select count(*)::int from access.emergency_grant g where ${RUNNING}) as running,
             (select count(*)::int from access.emergency_grant g where g.reviewed_at is null) as unreviewed,
             (select count(*)::int from access.emergency_notice where contact = 'due' and contacted_at is null and due_at <= now()) as overdue,
             (select count(*)::int from access.emergency_notice where noted_at is null) as unread,
             (select count(*)::int from access.emergency_miss where at > now() - interval '1 day') as misses`,
  )
  return row ?? { running: 0, unreviewed: 0, overdue: 0, unread: 0, misses: 0 }
}

export function findNotices(client: Queryable, asked: NoticeFilter): Promise<readonly NoticeView[]> {
  const { facilityId, state, limit, after = LAST } = asked
  return query<NoticeView>(
    client,
    sql`/* notices of emergency access for the facility whose records it opened, the newest first */
      select n.notice_id as "noticeId", g.grant_id as "grantId", g.facility_id as "facilityId", v.name as "facilityName", g.user_name as "user", g.job,
             g.origin, coalesce((select array_agg(i.value order by i.second, i.value)
                                 from identity.identifier i join identity.domain d on d.oid = i.domain and d.kind = 'facility' and d.facility_id = n.facility_id
                                 where i.person_key = g.person_key and i.status = 'active'),
                                case when g.publisher_id = n.facility_id then array[g.number] else '{}'::text[] end) as numbers,
             g.reason_code as "reasonCode", g.reason, g.consent_kind as "consentKind", g.consent_by as "consentBy", g.in_disaster as "inDisaster",
             g.started_at as "startedAt", g.ends_at as "endsAt", coalesce(g.ended_at, case when g.ends_at <= now() then g.ends_at end) as "endedAt",
             ${CONTACT} as state, n.due_at as "dueAt", n.contacted_at as "contactedAt", n.noted_at as "notedAt", n.noted_by as "notedBy"
      from access.emergency_notice n
      join access.emergency_grant g on g.grant_id = n.grant_id
      join access.facility v on v.facility_id = g.facility_id
      where n.facility_id = ${facilityId} and n.notice_id < ${after} and ${noticeInState(state)}
      order by n.notice_id desc limit ${limit}`,
  )
}

function noticeInState(state: NoticeFilter['state']): Statement {
  switch (state) {
    case undefined:
      return sql`true`
    case 'unread':
      return sql`n.noted_at is null`
    case 'due':
    case 'overdue':
      return sql`(${CONTACT}) = ${state}`
  }
  return state satisfies never
}
