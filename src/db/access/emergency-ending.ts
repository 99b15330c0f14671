// The end of emergency access in SQL: by itself and by hand, once each, with its alert (DICOM PS3.15 A.5.3.11: 110138).

import type pg from 'pg'
import type { Act, EmsUser } from '../../access/emergency/ports.ts'
import type { Changed } from '../../access/ports.ts'
import { formatCx, type PatientId } from '../../model/identifiers.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordEmergency } from '../staff-change.ts'

/** Ended at a time; the next round takes the rest. */
const MAX_ENDED = 100

/** Who ends what runs out. */
const BY_ITSELF = { by: 'system', peer: 'localhost' }

interface DueRow {
  readonly grant_id: string
  readonly facility_id: string
  readonly person_key: string
  readonly number: string
  readonly number_authority: PatientId['authority']
  readonly why: string
}

/** The number under which grant `g` was opened is no longer the person's: what followed would be about somebody else. */
const NUMBER_WENT = sql`not exists (
      select from identity.identifier n
      where n.domain = g.number_authority and n.value = g.number and n.person_key = g.person_key and (n.status = 'active' or n.survivor is not null))`

/** Consent `c` of the person of grant `g` stands now. */
const STANDS = sql`c.person_key = g.person_key and c.withdrawn_at is null and c.valid_from <= now() and (c.valid_to is null or c.valid_to > now())`

/** Facility `named.facility`, which a consent names, is of a union of the facility of grant `g`, and no consent excludes it. */
const MAY_BE_OPENED = sql`exists (
        select from access.union_member mine join access.union_member other on other.union_id = mine.union_id
        where mine.facility_id = g.facility_id and mine.valid_from <= now() and (mine.valid_to is null or mine.valid_to > now())
          and other.facility_id = named.facility and other.valid_from <= now() and (other.valid_to is null or other.valid_to > now()))
      and not exists (select from access.consent c where ${STANDS} and named.facility = any(c.excluded_facilities))`

/**
 * The facility of grant `g` has a number of its own for the person, and consents that cover it give as much as emergency access: normal
 * access has followed. It has not towards a facility that individual consents name without this one, nor where a union of the facility
 * lets emergency access open what is very restricted.
 */
const LINKED = sql`not exists (
      select from access.union_member m join access.facility_union u on u.union_id = m.union_id and u.emergency_opens_v
      where m.facility_id = g.facility_id and m.valid_from <= now() and (m.valid_to is null or m.valid_to > now()))
    and exists (
      select from identity.identifier own join identity.domain o on o.oid = own.domain and o.kind = 'facility' and o.facility_id = g.facility_id
      where own.person_key = g.person_key and own.status = 'active')
    and exists (
      select from access.consent c where ${STANDS} and (c.kind = 'comprehensive' or g.facility_id = any(c.facilities)))
    and not exists (
      select from (select distinct unnest(c.facilities) as facility from access.consent c where ${STANDS} and c.kind = 'individual') named
      where named.facility <> g.facility_id and ${MAY_BE_OPENED}
        and not exists (select from access.consent c
                        where ${STANDS} and (c.kind = 'comprehensive' or c.facilities @> array[g.facility_id, named.facility])))`

const WHY = sql`case when g.ends_at <= now() then 'expired' when ${NUMBER_WENT} then 'the number is another person’s' else 'normal access follows' end`

const DUE = sql`(g.ends_at <= now() or ${NUMBER_WENT} or (${LINKED}))`

/** Ends what is due; another process that does the same takes other rows. @returns how many. */
export function endDue(pool: pg.Pool): Promise<number> {
  return transaction(pool, async (client) => {
    const due = await query<DueRow>(
      client,
      sql`/* emergency access that ends by itself */
        select g.grant_id, g.facility_id, g.person_key, g.number, g.number_authority, ${WHY} as why from access.emergency_grant g
        where g.ended_at is null and ${DUE} order by g.grant_id limit ${MAX_ENDED} for update of g skip locked`,
    )
    for (const row of due) await endOne(client, row, { ...BY_ITSELF, reason: row.why })
    return due.length
  })
}

/** A grant of the user to the person that has run out but was not ended yet; one that is being ended is waited for. */
export async function endExpired(client: Queryable, user: EmsUser, personKey: string): Promise<void> {
  const due = await query<DueRow>(
    client,
    sql`/* emergency access of one user that has run out */
      select g.grant_id, g.facility_id, g.person_key, g.number, g.number_authority, 'expired' as why from access.emergency_grant g
      where ${ofUser(user)} and g.person_key = ${personKey} and g.ended_at is null and g.ends_at <= now() for update of g`,
  )
  for (const row of due) await endOne(client, row, { ...BY_ITSELF, reason: row.why })
}

/** All that runs in the name of a member of staff who may act no more. */
export async function endOfStaff(
  client: Queryable,
  staffId: string,
  act: Act & { readonly reason: string },
): Promise<void> {
  const running = await query<DueRow>(
    client,
    sql`/* emergency access of a person who is suspended */
      select g.grant_id, g.facility_id, g.person_key, g.number, g.number_authority, 'expired' as why from access.emergency_grant g
      where g.staff_id = ${staffId} and g.ended_at is null order by g.grant_id for update of g`,
  )
  for (const row of running) await endOne(client, row, act)
}

/** Grant `g` is of this user. */
export function ofUser({ facilityId, staffId, name }: EmsUser): Statement {
  return sql`g.facility_id = ${facilityId} and coalesce(g.staff_id, g.user_name) = ${staffId ?? name}`
}

export async function endByHand(
  client: Queryable,
  grantId: string,
  act: Act & { readonly reason: string },
): Promise<Changed> {
  const row = await queryOne<DueRow & { readonly ended_at: Date | null; readonly is_over: boolean }>(
    client,
    sql`/* emergency access by its number */
      select g.grant_id, g.facility_id, g.person_key, g.number, g.number_authority, 'expired' as why, g.ended_at, g.ends_at <= now() as is_over
      from access.emergency_grant g where g.grant_id = ${grantId} for update of g`,
  )
  if (row === undefined) return 'missing'
  if (row.ended_at !== null) return 'unchanged'
  await endOne(client, row, row.is_over ? { ...BY_ITSELF, reason: row.why } : act)
  return row.is_over ? 'unchanged' : 'changed'
}

/** What ran out ended when it ran out, whoever finds it. */
async function endOne(client: Queryable, row: DueRow, act: Act & { readonly reason: string }): Promise<void> {
  await execute(
    client,
    sql`/* emergency access ends */
      update access.emergency_grant set ended_at = least(now(), ends_at), ended_by = ${act.by}, end_reason = ${act.reason}
      where grant_id = ${row.grant_id}`,
  )
  await recordEmergency(client, 'ended', {
    ...act,
    operation: `emergency access ${row.grant_id} ended`,
    patients: [formatCx((await networkId(client, row.person_key)) ?? numberOf(row))],
    facilityId: row.facility_id,
    grantId: row.grant_id,
  })
}

function numberOf({ number, number_authority }: DueRow): PatientId {
  return { value: number, authority: number_authority }
}

/** Undefined for a person of whom a merge left nothing. */
function networkId(client: Queryable, personKey: string): Promise<PatientId | undefined> {
  return queryOne<PatientId>(
    client,
    sql`/* the network's id of a person */
      select i.value, i.domain as authority from identity.identifier i join identity.domain d on d.oid = i.domain and d.kind = 'community'
      where i.person_key = ${personKey} and i.status = 'active' order by i.second, i.value limit 1`,
  )
}

/**
 * Notices whose user was to tell the facility and has not: each is reminded of once. @returns their grants.
 */
export async function remindOverdue(client: Queryable): Promise<readonly string[]> {
  const rows = await query<{ readonly grant_id: string }>(
    client,
    sql`/* contacts after emergency access that are overdue */
      update access.emergency_notice set reminded_at = now()
      where contact = 'due' and contacted_at is null and due_at <= now() and reminded_at is null
      returning grant_id`,
  )
  return rows.map(({ grant_id }) => grant_id)
}

/** What limits guessing looks at an hour; the metric at a day. */
export async function forgetMisses(client: Queryable): Promise<void> {
  await execute(
    client,
    sql`/* old entries that opened nothing */ delete from access.emergency_miss where at < now() - interval '1 day'`,
  )
}
