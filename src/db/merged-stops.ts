// 支援中止 of persons of whom a merge makes one: who was stopped stays stopped, and an undo gives each its own back (idlink C-7).

import type pg from 'pg'
import type { MergeChange } from '../identity/ports.ts'
import { execute, sql } from './sql.ts'

/** The survivor is stopped too where the former person was: nothing becomes visible by a merge. */
export async function carryStops(client: pg.ClientBase, mergeId: string, change: MergeChange): Promise<void> {
  await execute(
    client,
    sql`/* merge: a stop of support goes over to the survivor */
      insert into access.support_stop (person_key, stopped_by, reason, made_from, merge_id)
      select ${change.survivor}, ${change.by}, s.reason, s.stop_id, ${mergeId}
      from access.support_stop s where s.person_key = ${change.former} and s.lifted_at is null
      on conflict (person_key) where lifted_at is null do nothing`,
  )
}

/**
 * The stop that the merge carried over ends with it; that of the former person was never lifted. Who was stopped as one person
 * since then is stopped as both.
 */
export async function returnStops(
  client: pg.ClientBase,
  merge: {
    readonly merge_id: string
    readonly at: Date
    readonly former_person: string
    readonly survivor_person: string
  },
  by: string,
): Promise<void> {
  const told = `undo of merge ${merge.merge_id}`
  await execute(
    client,
    sql`/* undo of a merge: stopped since then */
      insert into access.support_stop (person_key, stopped_by, reason)
      select ${merge.former_person}, ${by}, s.reason from access.support_stop s
      where s.person_key = ${merge.survivor_person} and s.lifted_at is null and s.made_from is null and s.stopped_at > ${merge.at}
      on conflict (person_key) where lifted_at is null do nothing`,
  )
  await execute(
    client,
    sql`/* undo of a merge: a stop of support that it carried over */
      update access.support_stop set lifted_at = now(), lifted_by = ${by}, lift_reason = ${told}
      where merge_id = ${merge.merge_id} and lifted_at is null`,
  )
}
