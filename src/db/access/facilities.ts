// Facilities and their states on PostgreSQL (idlink ).

import type pg from 'pg'
import type {
  AdministrationStore,
  Change,
  Changed,
  Facility,
  FacilityStatusRecord,
  Stored,
} from '../../access/ports.ts'
import type { FacilityStatus } from '../../model/caller.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { changing, outcomeOf, withoutNulls } from './changing.ts'

export function facilities(
  pool: pg.Pool,
): Pick<AdministrationStore, 'facilities' | 'addFacility' | 'setFacilityStatus' | 'facilityStatuses'> {
  return {
    facilities: async () =>
      (
        await query<Facility>(
          pool,
          sql`/* facilities */
          select f.facility_id as "facilityId", f.oid, f.code, f.name, f.name_kana as "nameKana", f.name_english as "nameEnglish", f.postal_code as "postalCode", f.address,
                 f.phone, f.email, f.area, f.beds, f.kind, f.patient_id_form as "patientIdForm",
                 f.facility_type as "facilityType", f.status, jsonb_build_object('oid', d.oid, 'name', d.name) as "patientDomain"
          from access.facility f left join identity.domain d on d.facility_id = f.facility_id and d.kind = 'facility'
          order by f.facility_id`,
        )
      ).map(withoutNulls),
    addFacility: (facility, change) => changing(pool, change, (client) => addFacility(client, facility)),
    setFacilityStatus: (facilityId, status, change) =>
      changing(pool, change, (client) => setFacilityStatus(client, { facilityId, status }, change)),
    facilityStatuses: async (facilityId) =>
      (
        await query<FacilityStatusRecord>(
          pool,
          sql`/* states of a facility, the newest first */
            select status, set_at as "setAt", set_by as "setBy", reason from access.facility_status
            where facility_id = ${facilityId} order by change_id desc`,
        )
      ).map(withoutNulls),
  }
}

/** Ended is for good: what was withheld can be filed for nobody any more, so it is erased in the same commit. */
async function setFacilityStatus(
  client: Queryable,
  { facilityId, status }: { readonly facilityId: string; readonly status: FacilityStatus },
  change: Change,
): Promise<Changed> {
  const found = await queryOne<Pick<Facility, 'status'>>(
    client,
    sql`select status from access.facility where facility_id = ${facilityId} for no key update`,
  )
  if (found === undefined) return 'missing'
  if (found.status === status) return 'unchanged'
  if (found.status === 'ended') return 'conflict'
  await execute(client, sql`update access.facility set status = ${status} where facility_id = ${facilityId}`)
  await execute(
    client,
    sql`insert into access.facility_status (facility_id, status, set_by, reason)
        values (${facilityId}, ${status}, ${change.by}, ${change.reason ?? null})`,
  )
  if (status === 'ended')
    await execute(
      client,
      sql`/* withheld for a facility that has ended */
        update journal.withheld set state = 'dropped', ended_at = now(), ended_by = ${change.by}, ended_reason = 'the facility has ended',
          key_id = null, content = null, file_key = null
        where facility_id = ${facilityId} and ended_at is null`,
    )
  return 'changed'
}

async function addFacility(client: Queryable, f: Facility): Promise<Stored> {
  const stored = await outcomeOf(
    client,
    sql`insert into access.facility (facility_id, oid, code, name, name_kana, kind, patient_id_form, facility_type,
                                     name_english, postal_code, address, phone, email, area, beds)
        values (${f.facilityId}, ${f.oid}, ${f.code ?? null}, ${f.name}, ${f.nameKana ?? null}, ${f.kind}, ${f.patientIdForm}, ${f.facilityType ?? null},
                ${f.nameEnglish ?? null}, ${f.postalCode ?? null}, ${f.address ?? null}, ${f.phone ?? null}, ${f.email ?? null}, ${f.area ?? null},
                ${f.beds ?? null})
        on conflict do nothing`,
    sql`select true as same from access.facility f where facility_id = ${f.facilityId} and oid = ${f.oid} and code is not distinct from ${f.code ?? null}
          and name = ${f.name} and name_kana is not distinct from ${f.nameKana ?? null} and kind = ${f.kind}
          and patient_id_form = ${f.patientIdForm} and facility_type is not distinct from ${f.facilityType ?? null}
          and to_jsonb(f) @> ${profileOf(f)}::jsonb
          and exists (select from identity.domain d where d.oid = ${f.patientDomain.oid} and d.name = ${f.patientDomain.name} and d.facility_id = ${f.facilityId})`,
  )
  if (stored !== 'created') return stored
  const domain = f.patientDomain
  const added = await execute(
    client,
    sql`insert into identity.domain (oid, name, kind, facility_id) values (${domain.oid}, ${domain.name}, 'facility', ${f.facilityId}) on conflict do nothing`,
  )
  if (added === 1) return 'created'
  // The facility row goes too: a facility never shares its patient domain with another one.
  await execute(client, sql`delete from access.facility where facility_id = ${f.facilityId}`)
  return 'conflict'
}

/** By column; what is not given is not compared, for it may have been edited since. */
function profileOf(f: Facility): string {
  const { nameEnglish, postalCode, address, phone, email, area, beds } = f
  return JSON.stringify({ name_english: nameEnglish, postal_code: postalCode, address, phone, email, area, beds })
}
