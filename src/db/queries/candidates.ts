// ITI-51: the objects of many patients that match, found by the most selective criterion that has an index (ITI TF-2 3.51.4.1.2).

import type pg from 'pg'
import type {
  FindDocumentsForMultiplePatients,
  FindFoldersForMultiplePatients,
  MultiPatientQuery,
} from '../../model/stored-query.ts'
import { OBJECT_ON_DEMAND } from '../../model/xds.ts'
import type { Candidates } from '../../registry/query-ports.ts'
import { queryOne, type Statement, sql } from '../sql.ts'
import { anyOf, entryCriteria, folderCriteria } from './criteria.ts'

/** Rows that one query may look at; a broader one is asked to be narrowed. */
const MAX_LOOKED_AT = 20_000
/** Of patients that are named: as for FindDocuments, so that the bound is not met by what the caller may not see of a patient. */
const MAX_OF_NAMED = 250_000

export async function candidates(
  pool: pg.Pool,
  query: MultiPatientQuery,
  publishers: readonly string[] | undefined,
): Promise<Candidates> {
  const most = query.patientIds.length > 0 ? MAX_OF_NAMED : MAX_LOOKED_AT
  const row = await queryOne<Candidates>(
    pool,
    sql`/* ITI-51 candidates */
      with looked as materialized (${query.kind === 'FindFoldersForMultiplePatients' ? folders(query, publishers) : entries(query, publishers)}
        limit ${most + 1})
      select (select count(*) from looked) <= ${most} as complete,
        coalesce((select jsonb_agg(jsonb_build_object('id', 'urn:uuid:' || entry_uuid, 'personKey', person_key::text))
                  from looked where matches), '[]'::jsonb) as found`,
  )
  return row ?? { complete: true, found: [] }
}

type Publishers = readonly string[] | undefined

function entries(query: FindDocumentsForMultiplePatients, publishers: Publishers): Statement {
  return sql`
        select e.entry_uuid, e.person_key, (${entryCriteria(query)}) as matches from ${leading(query)}
        and (${publishers ?? null}::text[] is null or e.publisher = any(${publishers ?? null}))`
}

/** Each variant has its index; patients come first, codes that nearly every document has come last. */
function leading(query: FindDocumentsForMultiplePatients): Statement {
  const { eventCodeList, classCode, healthcareFacilityTypeCode } = query.codes
  const entry = sql`registry.document_entry e where`
  if (query.patientIds.length > 0) return sql`${entry} e.person_key = any(${personsOf(query)})`
  const referenceIds = query.referenceIds.find((list) => list.every((value) => !/[%_]/.test(value)))
  if (referenceIds !== undefined)
    return sql`${entry} e.reference_ids && ${referenceIds}::text[] and e.reference_ids <> '{}'`
  if (eventCodeList[0] !== undefined)
    return sql`${entry} e.event_codes && ${eventCodeList[0]}::text[] and e.event_codes <> '{}'`
  if (classCode.length > 0)
    return byCode(
      anyOf(classCode),
      sql`select * from registry.document_entry d where d.class_code = c.code ${created(query)}`,
    )
  return byCode(
    anyOf(healthcareFacilityTypeCode),
    sql`select * from registry.document_entry d where d.facility_type = c.code ${created(query)}`,
  )
}

/** Code by code, so that the time narrows within each: for a list of codes the planner may prefer the time alone. */
function byCode(codes: readonly string[] | null, rows: Statement): Statement {
  return sql`(select distinct unnest(${codes}::text[]) as code) c cross join lateral (${rows} offset 0) e where true`
}

/** The second column of both indexes; On-Demand entries have no time, so it does not narrow where they are asked for. */
function created({ creationTime, objectTypes }: FindDocumentsForMultiplePatients): Statement {
  if (objectTypes.includes(OBJECT_ON_DEMAND)) return sql``
  return sql`and d.creation_time >= ${creationTime.from ?? ''} and d.creation_time < ${creationTime.to ?? '9'.repeat(15)}`
}

function folders(query: FindFoldersForMultiplePatients, publishers: Publishers): Statement {
  const [codes] = query.codes
  const lead =
    query.patientIds.length > 0 ? sql`f.person_key = any(${personsOf(query)})` : sql`f.codes && ${codes ?? []}::text[]`
  return sql`
        select f.entry_uuid, f.person_key, (${folderCriteria(query)}) as matches from registry.folder f
        where ${lead} and (${publishers ?? null}::text[] is null or f.publisher = any(${publishers ?? null}))`
}

/** Ids that nobody has are of nobody. Looked up one by one, by primary key. */
function personsOf({ patientIds }: MultiPatientQuery): Statement {
  return sql`array(
          select (select i.person_key from identity.identifier i
                  where i.domain = x.domain and i.value = x.value and i.status = 'active'
                    and (select d.kind from identity.domain d where d.oid = i.domain) in ('affinity', 'community'))
          from unnest(${patientIds.map(({ authority }) => authority)}::text[], ${patientIds.map(({ value }) => value)}::text[]) x(domain, value))`
}
