// What proves fees that ask for a record of sending and reading: by patient and day, a day after the other (idlink L-6).

import type pg from 'pg'
import { storeClientPush } from '../../../profiles/transactions/index.ts'
import type { ClaimKind, ClaimQuery, ClaimRow } from '../../audit/records/ports.ts'
import { jstDay } from '../../model/jst.ts'
import { query, type Statement, sql } from '../sql.ts'
import { PUBLISHER } from './event-pages.ts'
import { concerned, daysOf, ownNumber } from './references.ts'

/** Registrations of documents, by the type of their events. */
const SENDING = ['ITI-41', 'ITI-42', storeClientPush.audit.typeCode]

interface Row {
  readonly kind: ClaimKind
  readonly patient_number: string
  readonly other_facility: string
  readonly documents: number
  readonly kinds: readonly string[]
  readonly first: Date
  readonly last: Date
  readonly persons: readonly string[]
}

interface Day {
  readonly from: Date
  readonly to: Date
}

export async function* findClaims(
  pool: pg.Pool,
  asked: ClaimQuery,
): AsyncGenerator<{ readonly day: string; readonly rows: readonly ClaimRow[] }> {
  const days = daysOf(asked.month)
  for (const [index, from] of days.slice(0, -1).entries()) {
    const rows = await query<Row>(pool, ofDay(asked, { from, to: days[index + 1] ?? from }))
    if (rows.length > 0) yield { day: jstDay(from.getTime()), rows: rows.map(toClaim) }
  }
}

/** Patients without a number of the facility have no account there. */
function ofDay(asked: ClaimQuery, day: Day): Statement {
  return sql`/* records for claims of fees */
      with seen as (${viewed(asked, day)} union all ${sent(asked, day)})
      select s.kind, own.value as patient_number, coalesce(f.name, s.publisher, '') as other_facility,
             count(distinct s.document_id)::int as documents, array_agg(distinct s.class_code) filter (where s.class_code <> '') as kinds,
             min(s.at) as first, max(s.at) as last, array_agg(distinct s.person) filter (where s.person <> '') as persons
      from seen s
      cross join lateral (${ownNumber(sql`s.patient`, asked.facilityId)}) own
      left join access.facility f on f.facility_id = s.publisher
      group by 1, 2, 3 order by 1 desc, 2, 3`
}

const KIND = sql`coalesce(d.document ->> 'kind', (select split_part(x.class_code, '^^', 1) from registry.document_entry x
        where x.unique_id = d.document ->> 'documentUniqueId' and x.latest limit 1), '')`

/** Documents that were opened; what was only listed is not evaluated. */
function viewed(asked: ClaimQuery, { from, to }: Day): Statement {
  return sql`select 'viewed' as kind, e.at, d.document ->> 'documentUniqueId' as document_id, ${PUBLISHER} as publisher, ${KIND} as class_code,
             coalesce(d.document ->> 'patient', case when cardinality(e.patients) = 1 then e.patients[1] end) as patient,
             coalesce(e.objects #>> '{user,displayName}', (select p.name from access.staff p
               where p.staff_id = coalesce(e.objects #>> '{user,staffId}', substring(e.objects ->> 'by' from '^staff:(.*)$'))),
               e.objects #>> '{user,name}', e.system_id, '') as person
      from audit.event e cross join lateral jsonb_array_elements(e.objects -> 'documents') as d (document)
      where e.at >= ${from.toISOString()}::timestamptz and e.at < ${to.toISOString()}::timestamptz and e.type_code <> 'calendar'
        and ${concerned({ ...asked, of: 'own-views' })}`
}

function sent({ facilityId, patients }: ClaimQuery, { from, to }: Day): Statement {
  const chosen = patients === undefined ? sql`true` : sql`e.patients && ${patients}::text[]`
  return sql`select 'sent', e.at, d.document ->> 'documentUniqueId', null, ${KIND}, coalesce(d.document ->> 'patient', e.patients[1]),
             coalesce(e.system_id, '')
      from audit.event e cross join lateral jsonb_array_elements(e.objects -> 'documents') as d (document)
      where e.facility_id = ${facilityId} and e.at >= ${from.toISOString()}::timestamptz and e.at < ${to.toISOString()}::timestamptz
        and e.event_code = '110107' and e.type_code = any(${SENDING}) and e.outcome in (0, 4) and e.received is null and ${chosen}`
}

function toClaim(row: Row): ClaimRow {
  return {
    kind: row.kind,
    patientNumber: row.patient_number,
    otherFacility: row.other_facility,
    documents: row.documents,
    kinds: row.kinds ?? [],
    first: row.first,
    last: row.last,
    persons: row.persons ?? [],
  }
}
