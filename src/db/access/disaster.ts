// Disaster mode of unions in SQL: one at a time, with its dates; what ended stays as it was.

import type { Act } from '../../access/emergency/ports.ts'
import type { DisasterMode, EmergencyStore, NewDisaster } from '../../access/emergency/store.ts'
import type { Changed } from '../../access/ports.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'

export function disasters(client: Queryable): Promise<readonly DisasterMode[]> {
  return query<DisasterMode>(
    client,
    sql`/* disaster modes, the newest first */
      select disaster_id as "disasterId", union_id as "unionId", valid_from as "validFrom", valid_to as "validTo", words, relaxed,
             grant_days as "grantDays", set_at as "setAt", set_by as "setBy", ended_at as "endedAt", ended_by as "endedBy", end_reason as "endReason",
             case when ended_at is not null or valid_to <= now() then 'over' when valid_from > now() then 'coming' else 'standing' end as state
      from access.disaster_mode order by disaster_id desc`,
  )
}

/** The union is locked, so that two that come at once do not overlap. */
export async function declare(
  client: Queryable,
  disaster: NewDisaster,
  act: Act,
): ReturnType<EmergencyStore['declare']> {
  const { unionId, validFrom = null, validTo, words, relaxed, grantDays } = disaster
  const union = await queryOne(
    client,
    sql`/* disaster mode: its union */ select union_id from access.facility_union where union_id = ${unionId} for update`,
  )
  if (union === undefined) return { stored: 'missing' }
  const row = await queryOne<{ readonly disasterId: string }>(
    client,
    sql`/* disaster mode begins */
      insert into access.disaster_mode (union_id, valid_from, valid_to, words, relaxed, grant_days, set_by)
      select ${unionId}, coalesce(${validFrom}::timestamptz, now()), ${validTo}::timestamptz, ${words}, ${relaxed}, ${grantDays}, ${act.by}
      where not exists (select from access.disaster_mode d
                        where d.union_id = ${unionId} and d.ended_at is null and d.valid_to > coalesce(${validFrom}::timestamptz, now())
                          and d.valid_from < ${validTo}::timestamptz)
      returning disaster_id as "disasterId"`,
  )
  if (row === undefined) return { stored: 'conflict' }
  const operation = `disaster mode ${row.disasterId} of union ${unionId} declared`
  await recordChange(client, { ...act, operation, patients: [] })
  return { stored: 'created', ...row }
}

export async function lift(
  client: Queryable,
  disasterId: string,
  { by, reason }: Act & { readonly reason: string },
): Promise<Changed> {
  const ended = await execute(
    client,
    sql`/* disaster mode ends */
      update access.disaster_mode set ended_at = now(), ended_by = ${by}, end_reason = ${reason}
      where disaster_id = ${disasterId} and ended_at is null and valid_to > now()`,
  )
  if (ended > 0) return 'changed'
  const row = await queryOne(
    client,
    sql`select true as there from access.disaster_mode where disaster_id = ${disasterId}`,
  )
  return row === undefined ? 'missing' : 'unchanged'
}
