// How far indexes are alike, and what waits for staff; each change and its audit event in one transaction (docs/federation.md).

import type pg from 'pg'
import type {
  SynchronisationState,
  SynchronisationStore,
  SynchronisationTrouble,
} from '../../identity/synchronisation-ports.ts'
import type { Oid } from '../../model/identifiers.ts'
import { allowTime, transaction } from '../pool.ts'
import { execute, type Queryable, query, type Statement, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'
import { reachedAgain } from './settle.ts'

const MAX_LISTED = 200

export function createSynchronisationStore(pool: pg.Pool, affinityDomain: Oid): SynchronisationStore {
  return {
    async state(facilityId) {
      const [state] = await query<SynchronisationState>(pool, statesOf(sql`p.facility_id = ${facilityId}`))
      if (state === undefined) return 'missing'
      return { ...withoutNulls(state), troubles: await troublesOf(pool, facilityId, affinityDomain) }
    },
    resume: (facilityId, change) =>
      transaction(pool, async (client) => {
        if (!(await resume(client, facilityId))) return 'missing'
        await recordChange(client, { ...change, patients: [] })
        return 'changed'
      }),
  }
}

/** For metrics; what waits for a community that is paused is not late. */
export async function synchronisationStates(client: Queryable): Promise<readonly SynchronisationState[]> {
  return (await query<SynchronisationState>(client, statesOf(sql`true`))).map(withoutNulls)
}

function statesOf(which: Statement): Statement {
  return sql`/* how far indexes of communities are alike */
    select p.facility_id as "facilityId",
           (select count(*)::int from identity.synchronised s where s.facility_id = p.facility_id and s.state = 'fed') as told,
           (select count(*)::int from identity.synchronised s where s.facility_id = p.facility_id and s.state = 'fed' and cardinality(s.answer) > 0)
             as linked,
           (select count(*)::int from identity.synchronised s where s.facility_id = p.facility_id and s.conflict is not null) as conflicts,
           j.waiting, j.parked, j."oldestSeconds", coalesce(y.failures, 0) as failures, y.retry_at as "retryAt"
    from access.partner p
    left join identity.synchronising y using (facility_id)
    cross join lateral (
      select count(*) filter (where w.state = 'waiting')::int as waiting, count(*) filter (where w.state = 'parked')::int as parked,
             coalesce(extract(epoch from now() - min(w.marked_at) filter (where w.state = 'waiting' and p.status = 'active')), 0)::float8 as "oldestSeconds"
      from jobs.synchronisation w where w.facility_id = p.facility_id) j
    where p.identity = 'pix' and p.status <> 'removed' and ${which} order by p.facility_id`
}

async function troublesOf(
  client: Queryable,
  facilityId: string,
  affinityDomain: Oid,
): Promise<readonly SynchronisationTrouble[]> {
  const rows = await query<SynchronisationTrouble>(
    client,
    sql`/* what waits for staff about a synchronised index */
      select 'parked' as kind, i.value as patient, j.parked_at as since, j.last_error as why, null as "exchangeId"
      from jobs.synchronisation j
      left join identity.identifier i on i.person_key = j.person_key and i.domain = ${affinityDomain} and i.status = 'active'
      where j.facility_id = ${facilityId} and j.state = 'parked'
      union all
      select 'conflict', s.value, s.answered_at, s.conflict, s.exchange_id::text
      from identity.synchronised s where s.facility_id = ${facilityId} and s.conflict is not null
      order by since limit ${MAX_LISTED}`,
  )
  return rows.map(withoutNulls)
}

/** An id that the community refused or forgot is told as a new one: to whoever has it that is no news. */
async function resume(client: Queryable, facilityId: string): Promise<boolean> {
  await allowTime(client)
  const due = await execute(
    client,
    sql`/* a synchronised index goes on */
      update identity.synchronising y set survey_due = now(), surveyed_to = 0
      from access.partner p where p.facility_id = y.facility_id and p.identity = 'pix' and p.status <> 'removed' and y.facility_id = ${facilityId}`,
  )
  if (due === 0) return false
  await execute(
    client,
    sql`/* what is parked is told anew */
      with freed as (
        update jobs.synchronisation set state = 'waiting', parked_at = null, message = null, attempts = 0, due_since = null
        where facility_id = ${facilityId} and state = 'parked' returning person_key),
      told as (
        update identity.synchronised s set state = 'sending'
        from freed f join identity.identifier i on i.person_key = f.person_key and i.status = 'active'
        where s.facility_id = ${facilityId} and s.domain = i.domain and s.value = i.value and s.state = 'fed')
      update identity.synchronised s set ask_since = clock_timestamp()
      where s.facility_id = ${facilityId} and s.state = 'fed' and not s.lapsed
        and not exists (select from freed f join identity.identifier i on i.person_key = f.person_key
                        where i.domain = s.domain and i.value = s.value)`,
  )
  await reachedAgain(client, facilityId)
  return true
}

/** A column without a value is an absent member. */
function withoutNulls<T extends object>(row: T): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T
}
