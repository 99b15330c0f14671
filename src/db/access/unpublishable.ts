// Messages that wait to be filed for a person whom nothing allows to publish about any more: they are erased at once (idlink C-5, C-7).

import { writtenAs } from '../access-store.ts'
import { execute, type Queryable, sql } from '../sql.ts'

/**
 * Erases the held and quarantined messages of every facility that may not publish about the person now: no consent stands that covers
 * it, or support was stopped. The sweep removes their files, which no row names any more.
 */
export async function eraseUnpublishable(
  client: Queryable,
  personKey: string,
  { by }: { readonly by: string },
): Promise<void> {
  await execute(
    client,
    sql`/* withheld messages that may never be filed */
      with person_numbers as (
        select d.facility_id, i.value, f.patient_id_form from identity.identifier i
        join identity.domain d on d.oid = i.domain and d.kind = 'facility'
        join access.facility f on f.facility_id = d.facility_id
        where i.person_key = ${personKey} and i.status = 'active'),
      standing as (
        select * from access.consent c where c.person_key = ${personKey} and c.withdrawn_at is null
          and c.valid_from <= now() and (c.valid_to is null or c.valid_to > now())),
      closed as (
        select n.* from person_numbers n
        where exists (select from access.support_stop s where s.person_key = ${personKey} and s.lifted_at is null)
           or exists (select from standing c where n.facility_id = any(c.excluded_facilities))
           or not exists (select from standing c where c.kind = 'comprehensive' or n.facility_id = any(c.facilities)))
      update journal.withheld w set state = 'dropped', ended_at = now(), ended_by = ${by}, ended_reason = 'no consent to publication in force',
        key_id = null, content = null, file_key = null
      from closed f
      where w.facility_id = f.facility_id and w.ended_at is null and f.value = any(${writtenAs(sql`w.number`)})`,
  )
}
