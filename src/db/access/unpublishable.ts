// Messages that wait to be filed for a person whom nothing allows to publish about any more: they are erased at once (idlink C-5, C-7).

import type { AccessMode } from '../../model/caller.ts'
import { writtenAs } from '../access-store.ts'
import { execute, type Queryable, sql } from '../sql.ts'
import { isStopped } from './facts.ts'

/**
 * Erases the held and quarantined messages of every facility that may not publish about the person now: no consent stands that covers
 * it, which systems in access mode affinity-domain are not asked for, or support was stopped. The sweep removes their files, which no row names any more.
 */
export async function eraseUnpublishable(
  client: Queryable,
  personKey: string,
  { by, networkMode }: { readonly by: string; readonly networkMode: AccessMode },
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
        select n.*, x.stopped from person_numbers n
        cross join (select ${isStopped(sql`${personKey}`)} as stopped) x
        where x.stopped
           or exists (select from standing c where n.facility_id = any(c.excluded_facilities))
           or not exists (select from standing c where c.kind = 'comprehensive' or n.facility_id = any(c.facilities)))
      update journal.withheld w set state = 'dropped', ended_at = now(), ended_by = ${by}, ended_reason = 'no consent to publication in force',
        key_id = null, content = null, file_key = null
      from closed f, access.system s
      where w.facility_id = f.facility_id and w.ended_at is null and f.value = any(${writtenAs(sql`w.number`)})
        and s.system_id = w.system_id and (f.stopped or coalesce(s.access_mode, ${networkMode}) = 'consent')`,
  )
}
