// A community told of a change of its index: its answer is wanted about whom that concerns (ITI TF-2 3.46.4.2.3).

import type pg from 'pg'
import type { HearOfUpdate } from '../../identity/update-notified.ts'
import { formatCx } from '../../model/identifiers.ts'
import { transaction } from '../pool.ts'
import { execute, sql } from '../sql.ts'

export function hearOfUpdate(pool: pg.Pool, { facilityId, ids }: Parameters<HearOfUpdate>[0]): Promise<void> {
  const authorities = ids.map(({ authority }) => authority)
  const values = ids.map(({ value }) => value)
  return transaction(pool, async (client) => {
    await execute(
      client,
      sql`/* ITI-46: about whom a community is asked */
        with told as (select * from unnest(${authorities}::text[], ${values}::text[]) as u (authority, value)),
        persons as (
          select i.person_key from told join identity.identifier i on i.domain = told.authority and i.value = told.value
          union
          select i.person_key from identity.synchronised s join identity.identifier i on i.domain = s.domain and i.value = s.value
          where s.facility_id = ${facilityId} and s.named && ${ids.map(formatCx)}::text[]),
        wanted as (
          update identity.synchronised s set ask_since = clock_timestamp()
          from persons p join identity.identifier i on i.person_key = p.person_key and i.status = 'active'
          where s.facility_id = ${facilityId} and s.domain = i.domain and s.value = i.value and s.state = 'fed' and not s.lapsed
          returning i.person_key)
        select identity.mark_synchronisation(array(select person_key from wanted))`,
    )
  })
}
