// Staff persons on PostgreSQL: each change with its history row and audit event in one commit (port of src/access/accounts/ports.ts).

import type pg from 'pg'
import type { StaffHistory, StaffRecord, StaffStore } from '../../access/accounts/ports.ts'
import type { StaffChange, StaffEntry } from '../../access/accounts/staff.ts'
import type { Change, Changed, Stored } from '../../access/ports.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordPersonSecurity } from '../staff-change.ts'
import { endOfStaff } from './emergency-ending.ts'
import { shownRow } from './rows.ts'
import { endSessions, UNUSED_DAYS } from './sessions.ts'

export function createStaffStore(pool: pg.Pool): StaffStore {
  return {
    list: async ({ facilityId, staffId }) =>
      (
        await query<StaffRecord>(
          pool,
          sql`/* staff with the state of their accounts */
            select ${entryColumns()}, s.status, s.registered_at as "registeredAt", s.registered_by as "registeredBy",
                   case when a.staff_id is null then 'none'
                        when a.used_at < now() - make_interval(days => ${UNUSED_DAYS}) then 'unused' else a.kind end as account,
                   f2.confirmed_at is not null as "secondFactor", a.used_at as "usedAt"
            from access.staff s left join access.account a using (staff_id) left join access.second_factor f2 using (staff_id)
            where (${facilityId ?? null}::text is null or s.facility_id = ${facilityId ?? null})
              and (${staffId ?? null}::text is null or s.staff_id = ${staffId ?? null})
            order by s.staff_id`,
        )
      ).map(shownRow),
    history: async (staffId) =>
      (
        await query<StaffHistory>(
          pool,
          sql`/* history of a person, the newest first */
            select changed_at as "changedAt", changed_by as "changedBy", operation, reason, state
            from access.staff_change where staff_id = ${staffId} order by change_id desc`,
        )
      ).map(shownRow),
    add: (entry, change) => transaction(pool, (client) => add(client, entry, change)),
    change: (staffId, changed, change) =>
      changing(pool, { staffId, change, kind: 'change' }, (client) => update(client, staffId, changed)),
    setStatus: (staffId, status, change) =>
      changing(pool, { staffId, change, kind: status }, async (client) => {
        const changed = await execute(
          client,
          sql`/* state of a person */ update access.staff set status = ${status} where staff_id = ${staffId} and status <> ${status}`,
        )
        return changed === 0 && status === 'suspended' ? stoppedToo(client, staffId, change) : changed
      }),
  }
}

function entryColumns(): Statement {
  return sql`s.staff_id as "staffId", s.facility_id as "facilityId", s.name, s.name_kana as "nameKana", s.job, s.roles,
             s.may_use_ems as "mayUseEms", s.valid_from as "validFrom", s.valid_to as "validTo"`
}

async function add(client: Queryable, entry: StaffEntry, change: Change): Promise<Stored | 'missing'> {
  const { staffId, facilityId = null, name, nameKana = null, job, roles, mayUseEms, validFrom, validTo = null } = entry
  if (facilityId !== null) {
    const there = await queryOne(
      client,
      sql`/* is the facility there? */ select from access.facility where facility_id = ${facilityId} and status <> 'ended' for key share`,
    )
    if (there === undefined) return 'missing'
  }
  const inserted = await execute(
    client,
    sql`/* a person */
      insert into access.staff (staff_id, facility_id, name, name_kana, job, roles, may_use_ems, valid_from, valid_to, registered_by)
      values (${staffId}, ${facilityId}, ${name}, ${nameKana}, ${job}, ${roles}, ${mayUseEms}, coalesce(${validFrom ?? null}, now()), ${validTo}, ${change.by})
      on conflict (staff_id) do nothing`,
  )
  if (inserted === 1) {
    await keep(client, staffId, change)
    return 'created'
  }
  const same = await queryOne(
    client,
    sql`/* the same person again? */
      select from access.staff where staff_id = ${staffId} and facility_id is not distinct from ${facilityId} and name = ${name}
        and name_kana is not distinct from ${nameKana} and job = ${job} and roles = ${roles} and may_use_ems = ${mayUseEms}
        and valid_to is not distinct from ${validTo} and status <> 'ended'`,
  )
  return same === undefined ? 'conflict' : 'unchanged'
}

function update(client: Queryable, staffId: string, changed: StaffChange): Promise<number> {
  const {
    name = null,
    nameKana = null,
    job = null,
    roles = null,
    mayUseEms = null,
    validFrom = null,
    validTo,
  } = changed
  return execute(
    client,
    sql`/* change of a person */
      update access.staff s set name = n.name, name_kana = n.name_kana, job = n.job, roles = n.roles, may_use_ems = n.may_use_ems,
                                valid_from = n.valid_from, valid_to = n.valid_to
      from (select staff_id, coalesce(${name}, name) as name, coalesce(${nameKana}, name_kana) as name_kana, coalesce(${job}, job) as job,
                   coalesce(${roles}::text[], roles) as roles, coalesce(${mayUseEms}, may_use_ems) as may_use_ems,
                   coalesce(${validFrom}, valid_from) as valid_from,
                   case when ${validTo === undefined} then valid_to else ${validTo ?? null}::timestamptz end as valid_to
            from access.staff where staff_id = ${staffId}) n
      where s.staff_id = n.staff_id
        and (s.name, s.name_kana, s.job, s.roles, s.may_use_ems, s.valid_from, s.valid_to)
            is distinct from (n.name, n.name_kana, n.job, n.roles, n.may_use_ems, n.valid_from, n.valid_to)`,
  )
}

/** Whoever stops a person whom somebody else has stopped is heard as well: else the first one could let in again whom both have stopped. */
function stoppedToo(client: Queryable, staffId: string, { by, operation }: Change): Promise<number> {
  return execute(
    client,
    sql`/* did this one stop the person before? */
      select where not exists (
        select from access.staff_change c
        where c.staff_id = ${staffId} and c.changed_by = ${by} and c.operation = ${operation}
          and c.change_id > coalesce((select max(a.change_id) from access.staff_change a
                                      where a.staff_id = ${staffId} and a.state ->> 'status' <> 'suspended'), 0))`,
  )
}

async function changing(
  pool: pg.Pool,
  { staffId, change, kind }: { readonly staffId: string; readonly change: Change; readonly kind: string },
  work: (client: Queryable) => Promise<number>,
): Promise<Changed> {
  return transaction(pool, async (client) => {
    const found = await queryOne<{ readonly status: string }>(
      client,
      sql`/* a person, held */ select status from access.staff where staff_id = ${staffId} for no key update`,
    )
    if (found === undefined) return 'missing'
    if (found.status === 'ended' && kind !== 'ended') return 'conflict'
    if ((await work(client)) === 0) return 'unchanged'
    await keep(client, staffId, change)
    // They open nothing already, since every request asks for the person's state; the list of open ones shall say so too.
    if (kind === 'suspended' || kind === 'ended') {
      await endSessions(client, staffId, kind)
      await endOfStaff(client, staffId, { by: change.by, peer: change.peer, reason: `the person was ${kind}` })
    }
    return 'changed'
  })
}

/** History and audit of a change; `client` is within its transaction. */
export async function keep(client: Queryable, staffId: string, change: Change): Promise<void> {
  const { by, peer, operation, reason = null } = change
  await execute(
    client,
    sql`/* history of a person */
      insert into access.staff_change (staff_id, changed_by, operation, reason, state)
      select s.staff_id, ${by}, ${operation}, ${reason},
             jsonb_strip_nulls(jsonb_build_object('facilityId', s.facility_id, 'name', s.name, 'nameKana', s.name_kana, 'job', s.job, 'roles', s.roles,
               'mayUseEms', s.may_use_ems, 'status', s.status, 'validFrom', s.valid_from, 'validTo', s.valid_to))
      from access.staff s where s.staff_id = ${staffId}`,
  )
  await recordPersonSecurity(client, { by, peer, operation, patients: [] })
}
