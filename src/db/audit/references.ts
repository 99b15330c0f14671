// Content-reference records of a facility and month (コンテンツ参照記録), read page by page in the order of time (idlink L-1; security d.10).

import type pg from 'pg'
import type { ContentReference, ReferenceQuery } from '../../audit/records/ports.ts'
import type { DocumentReference } from '../../model/evidence.ts'
import { query, type Statement, sql } from '../sql.ts'
import { IS_NO_CALL, IS_REFERENCE, PUBLISHER } from './event-pages.ts'

const PAGE_ROWS = 1000
const DAY_MS = 86_400_000

/** Title of an entry, from the content of the rim:Name of its fragment. */
export type ReadTitle = (texts: string) => string

/** Where to go on: after this document of this event. */
interface Place {
  readonly at: string
  readonly event_id: string
  readonly number: string
}

interface Row extends Place {
  readonly seen_at: Date
  readonly type_code: string
  readonly endpoint: string
  readonly outcome: number
  readonly document: DocumentReference
  readonly facility_name: string | null
  readonly person_name: string
  readonly is_known: boolean
  /** Content of its rim:Name; a regular expression would take a hundred times as long. */
  readonly texts: string | null
  readonly kind: string | null
  readonly owner_name: string | null
  readonly patient_number: string | null
  readonly purpose: string | null
  readonly is_emergency: boolean
}

/** First moments of the days of a month in Japan, and of the day after it. */
export function daysOf(month: string): readonly Date[] {
  const [year = 0, number = 0] = month.split('-').map(Number)
  const first = Date.parse(`${month}-01T00:00:00+09:00`)
  const count = new Date(Date.UTC(year, number, 0)).getUTCDate()
  return Array.from({ length: count + 1 }, (_, day) => new Date(first + day * DAY_MS))
}

/**
 * A day after the other, each page a statement of its own that goes on behind the last row: what somebody takes slowly, or for long,
 * holds neither a connection nor a snapshot, and a facility that is seldom looked at costs no statement over a whole month.
 */
export async function* findReferences(
  pool: pg.Pool,
  asked: ReferenceQuery,
  readTitle: ReadTitle,
): AsyncGenerator<readonly ContentReference[]> {
  const days = daysOf(asked.month)
  for (const [index, from] of days.slice(0, -1).entries()) {
    const to = days[index + 1] ?? from
    let after: Place = { at: from.toISOString(), event_id: '0', number: '0' }
    for (;;) {
      const rows = await query<Row>(pool, page(asked, { after, to }))
      if (rows.length > 0) yield rows.map((row) => toReference(row, readTitle))
      const last = rows.at(-1)
      if (last === undefined || rows.length < PAGE_ROWS) break
      after = last
    }
  }
}

/** Whose it is in events that name several patients; the calendar names one by two ids. */
const PATIENT = sql`coalesce(d.document ->> 'patient', case when cardinality(e.patients) = 1 or e.type_code = 'calendar' then e.patients[1] end)`

/** Content references of event `e` with its documents `d`, of which a facility is viewer or owner. */
export function concerned({ of, facilityId, patients }: ReferenceQuery): Statement {
  const side =
    of === 'own-views'
      ? sql`e.facility_id = ${facilityId} and ${PUBLISHER} is distinct from ${facilityId}`
      : sql`e.facility_id is distinct from ${facilityId} and ${PUBLISHER} = ${facilityId}`
  const chosen =
    patients === undefined ? sql`true` : sql`e.patients && ${patients}::text[] and ${PATIENT} = any(${patients})`
  return sql`${IS_REFERENCE} and ${IS_NO_CALL} and e.outcome in (0, 4) and e.received is null and ${chosen} and ${side}`
}

/** By the index event_reference, from where the last page ended. */
function page(asked: ReferenceQuery, { after, to }: { readonly after: Place; readonly to: Date }): Statement {
  return sql`/* content references */
      select r.at::text as at, r.event_id, r.number, r.at as seen_at, r.type_code, r.endpoint, r.outcome, r.document,
             coalesce(v.name, r.facility_id) as facility_name,
             coalesce(r.objects #>> '{user,displayName}', p.name, r.objects #>> '{user,name}', r.objects ->> 'by', r.system_id, '') as person_name,
             x.unique_id is not null as is_known, x.texts, coalesce(r.document ->> 'kind', x.kind) as kind,
             coalesce(o.name, r.publisher) as owner_name, own.value as patient_number,
             coalesce(r.objects #>> '{user,purposeOfUse,code}', r.objects #>> '{user,purpose}') as purpose,
             jsonb_array_length(coalesce(r.objects -> 'emergency', '[]'::jsonb)) > 0 as is_emergency
      from (
        select e.at, e.event_id, d.number, e.type_code, e.endpoint, e.outcome, e.facility_id, e.system_id, e.objects, d.document,
               ${PUBLISHER} as publisher, ${PATIENT} as patient
        from audit.event e
        cross join lateral jsonb_array_elements(e.objects -> 'documents') with ordinality as d (document, number)
        where e.at >= ${after.at}::timestamptz and e.at < ${to.toISOString()}::timestamptz
          and (e.at, e.event_id) >= (${after.at}::timestamptz, ${after.event_id}::bigint)
          and ((e.at, e.event_id) > (${after.at}::timestamptz, ${after.event_id}::bigint) or d.number > ${after.number}::bigint)
          and ${concerned(asked)}
        order by e.at, e.event_id, d.number limit ${PAGE_ROWS}) r
      left join access.facility v on v.facility_id = r.facility_id
      left join access.facility o on o.facility_id = r.publisher
      left join access.staff p on p.staff_id = coalesce(r.objects #>> '{user,staffId}', substring(r.objects ->> 'by' from '^staff:(.*)$'))
      left join lateral (
        select n.unique_id, split_part(split_part(n.ebrim, '<rim:Name>', 2), '</rim:Name>', 1) as texts, split_part(n.class_code, '^^', 1) as kind
        from registry.document_entry n where n.unique_id = r.document ->> 'documentUniqueId' and n.latest
        order by n.registered_at desc limit 1) x on true
      left join lateral (${ownNumber(sql`r.patient`, asked.facilityId)}) own on true
      order by r.at, r.event_id, r.number`
}

/** The facility's own number, in use now, of the person who has a patient id in CX form. */
export function ownNumber(cx: Statement, facilityId: string): Statement {
  return sql`select i.value from identity.identifier q
        join identity.identifier i on i.person_key = q.person_key and i.status = 'active'
        join identity.domain m on m.oid = i.domain and m.kind = 'facility' and m.facility_id = ${facilityId}
        where q.domain = split_part(split_part(${cx}, '&', 2), '&', 1) and q.value = split_part(${cx}, '^', 1)
        order by i.second, i.value limit 1`
}

function toReference(row: Row, readTitle: ReadTitle): ContentReference {
  return {
    at: row.seen_at,
    typeCode: row.type_code,
    endpoint: row.endpoint,
    outcome: row.outcome,
    document: row.document,
    facilityName: row.facility_name ?? '',
    personName: row.person_name,
    ...(row.is_known ? { title: row.texts === null || row.texts === '' ? '' : readTitle(row.texts) } : {}),
    kind: row.kind ?? '',
    ownerName: row.owner_name ?? '',
    patientNumber: row.patient_number ?? '',
    purpose: row.purpose ?? '',
    isEmergency: row.is_emergency,
  }
}
