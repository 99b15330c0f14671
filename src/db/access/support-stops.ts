// 支援中止 on PostgreSQL (idlink C-7): stops are never deleted; one that is lifted stays as history.

import type pg from 'pg'
import type { ReasonedChange, SupportStop, SupportStore } from '../../access/administration/support-ports.ts'
import type { Changed } from '../../access/ports.ts'
import type { AccessMode } from '../../model/caller.ts'
import { execute, type Queryable, query, sql } from '../sql.ts'
import { changingFor, isThere, withoutNulls } from './changing.ts'
import { lockPerson } from './consents.ts'
import { eraseUnpublishable } from './unpublishable.ts'

export function supportStops(pool: pg.Pool, networkMode: AccessMode): SupportStore {
  return {
    supportStops: async (personKey) =>
      (
        await query<SupportStop>(
          pool,
          sql`/* stops of support, the newest first */
            select stop_id as "stopId", stopped_at as "stoppedAt", stopped_by as "stoppedBy", reason, lifted_at as "liftedAt",
                   lifted_by as "liftedBy", lift_reason as "liftReason"
            from access.support_stop where person_key = ${personKey} order by stop_id desc`,
        )
      ).map(withoutNulls),
    stopSupport: (personKey, change) =>
      changingFor(pool, change, (client) => stop(client, personKey, { ...change, networkMode })),
    resumeSupport: (personKey, change) => changingFor(pool, change, (client) => lift(client, personKey, change)),
  }
}

interface Done {
  readonly result: Changed
  readonly personKey?: string
}

/** The person is locked: a submission under way is waited for, and what it wrote is hidden with the rest. */
async function stop(
  client: Queryable,
  key: string,
  given: ReasonedChange & { readonly networkMode: AccessMode },
): Promise<Done> {
  const { by, reason, networkMode } = given
  const personKey = await lockPerson(client, key)
  const stopped = await isThere(
    client,
    sql`select 1 as there from access.support_stop where person_key = ${personKey} and lifted_at is null`,
  )
  if (stopped) return { result: 'unchanged' }
  await execute(
    client,
    sql`insert into access.support_stop (person_key, stopped_by, reason) values (${personKey}, ${by}, ${reason})`,
  )
  await eraseUnpublishable(client, personKey, { by, networkMode })
  return { result: 'changed', personKey }
}

/** Lifts with it what it was made from, so that the undo of a merge brings back no stop that was lifted since. */
async function lift(client: Queryable, key: string, { by, reason }: ReasonedChange): Promise<Done> {
  const personKey = await lockPerson(client, key)
  const lifted = await execute(
    client,
    sql`/* support goes on */
      with recursive lifted as (
        select stop_id, made_from from access.support_stop where person_key = ${personKey} and lifted_at is null
        union
        select s.stop_id, s.made_from from access.support_stop s join lifted l on s.stop_id = l.made_from)
      update access.support_stop s set lifted_at = now(), lifted_by = ${by}, lift_reason = ${reason}
      from lifted l where s.stop_id = l.stop_id and s.lifted_at is null`,
  )
  return { result: lifted > 0 ? 'changed' : 'unchanged', personKey }
}
