// What stands behind the facts of the access decision, for explanations: states, rows, dates (port of src/access/explaining).

import type pg from 'pg'
import type { AskedViewer, Behind, DoorState, ExplainingPorts } from '../../access/explaining/ports.ts'
import type { DocumentTraits } from '../../model/access.ts'
import { query, queryOne, sql } from '../sql.ts'
import { recordExplanation } from '../staff-change.ts'
import { isPatientOf } from './own-patient.ts'

type Reads = Pick<ExplainingPorts, 'doors' | 'isPatientOf' | 'documents' | 'behind' | 'record'>

/** Rows shown of each kind at most. */
const MOST = 20

export function createExplainingReads(pool: pg.Pool): Reads {
  return {
    doors: (asked) => doorsOf(pool, asked),
    isPatientOf: (personKey, facilityId) => isPatientOf(pool, personKey, facilityId),
    documents: (personKey, uniqueId) =>
      query<DocumentTraits>(
        pool,
        sql`/* traits of a document of one person */
          select distinct publisher, split_part(class_code, '^^', 1) as kind, confidentiality
          from registry.document_entry where unique_id = ${uniqueId} and person_key = ${personKey} and latest`,
      ),
    behind: (about) => behindOf(pool, about),
    record: (asked) => recordExplanation(pool, asked),
  }
}

interface DoorRow {
  readonly facility: DoorState['facility']
  readonly system: NonNullable<DoorState['system']> | null
  readonly staff: NonNullable<DoorState['staff']> | null
}

/** Without a name the system is the facility's only one that queries, where no person is asked about. */
async function doorsOf(pool: pg.Pool, asked: AskedViewer): Promise<DoorState | undefined> {
  const { facilityId, systemId = null, staffId = null } = asked
  const isPerson = asked.staffId !== undefined || asked.job !== undefined
  const row = await queryOne<DoorRow>(
    pool,
    sql`/* state of facility, system, certificates and person */
      select jsonb_build_object('facilityId', f.facility_id, 'name', f.name, 'status', f.status) as facility,
             (select jsonb_build_object('systemId', s.system_id, 'status', s.status, 'certificates', coalesce((
                       select jsonb_agg(jsonb_build_object('status', case when c.not_after <= now() then 'expired' else c.status end,
                                                           'notAfter', c.not_after) order by c.not_after desc)
                       from access.client_certificate c where c.system_id = s.system_id), '[]'::jsonb))
              from access.system s where s.facility_id = f.facility_id and s.system_id = chosen.system_id) as system,
             (select jsonb_strip_nulls(jsonb_build_object('staffId', p.staff_id, 'facilityId', p.facility_id, 'job', p.job, 'status', p.status,
                       'isInPeriod', p.valid_from <= now() and (p.valid_to is null or p.valid_to > now())))
              from access.staff p where p.staff_id = ${staffId}) as staff
      from access.facility f
      cross join lateral (
        select coalesce(${systemId}::text, case when not ${isPerson}::boolean then (
          select min(s.system_id) from access.system s where s.facility_id = f.facility_id and 'document-consumer' = any(s.roles)
          having count(*) = 1) end) as system_id) chosen
      where f.facility_id = ${facilityId}`,
  )
  if (row === undefined) return undefined
  const { facility, system, staff } = row
  if ((systemId !== null && system === null) || (staffId !== null && staff === null)) return undefined
  return { facility, ...(system === null ? {} : { system }), ...(staff === null ? {} : { staff }) }
}

interface BehindRow extends Omit<Behind, 'stop'> {
  readonly stop: NonNullable<Behind['stop']> | null
}

async function behindOf(pool: pg.Pool, about: Parameters<ExplainingPorts['behind']>[0]): Promise<Behind> {
  const { personKey, facilityId, publisher } = about
  const members = publisher === undefined ? [facilityId] : [facilityId, publisher]
  const row = await queryOne<BehindRow>(
    pool,
    sql`/* rows behind the access facts of a person */
      with consent as (
        select c.*, c.withdrawn_at is null and c.valid_from <= now() and (c.valid_to is null or c.valid_to > now()) as stands
        from access.consent c where c.person_key = ${personKey} and c.replaced_by is null),
      shown_consent as (
        select * from consent c where c.stands or not exists (select from consent where stands)
        order by c.stands desc, c.consent_id desc limit ${MOST})
      select
        coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'consentId', c.consent_id::text, 'kind', c.kind, 'relation', c.relation, 'recordedBy', c.recorded_by, 'validFrom', c.valid_from,
            'validTo', c.valid_to, 'withdrawnAt', c.withdrawn_at, 'facilities', c.facilities, 'excludedFacilities', c.excluded_facilities,
            'excludedKinds', c.excluded_kinds, 'stands', c.stands)))
          from shown_consent c), '[]'::jsonb) as consents,
        coalesce((select jsonb_agg(jsonb_build_object('value', i.value, 'since', coalesce((
              select max(h.at) from identity.identifier_history h
              where h.domain = i.domain and h.value = i.value and h.person_key = i.person_key and h.event in ('add', 'link', 'merge')), i.created_at)))
          from identity.identifier i join identity.domain d on d.oid = i.domain and d.kind = 'facility'
          where i.person_key = ${personKey} and i.status = 'active' and d.facility_id = ${facilityId}), '[]'::jsonb) as links,
        coalesce((select jsonb_agg(members.member) from (
            select jsonb_strip_nulls(jsonb_build_object('unionId', m.union_id, 'name', u.name, 'facilityId', m.facility_id, 'since', m.valid_from,
                     'until', m.valid_to, 'stands', m.valid_from <= now() and (m.valid_to is null or m.valid_to > now()))) as member
            from access.union_member m join access.facility_union u using (union_id)
            where m.facility_id = any(${members})
              and m.union_id in (select mine.union_id from access.union_member mine where mine.facility_id = ${facilityId})
            order by m.valid_from desc limit ${MOST}) members), '[]'::jsonb) as unions,
        coalesce((select jsonb_agg(jsonb_build_object('grantId', g.grant_id::text, 'startedAt', g.started_at, 'endsAt', g.ends_at, 'kinds', g.kinds))
          from access.emergency_grant g
          where g.person_key = ${personKey} and g.facility_id = ${facilityId} and g.ended_at is null and g.started_at <= now() and g.ends_at > now()),
          '[]'::jsonb) as emergency,
        (select jsonb_build_object('stoppedAt', s.stopped_at, 'stoppedBy', s.stopped_by)
         from access.support_stop s where s.person_key = ${personKey} and s.lifted_at is null limit 1) as stop`,
  )
  if (row === undefined) throw new Error('a statement of one row had none')
  const { stop, ...rest } = row
  return { ...rest, ...(stop === null ? {} : { stop }) }
}
