// The stored queries on PostgreSQL: one statement finds and renders, after another that says whom it is about (ITI TF-2 3.18, 3.51).

import type pg from 'pg'
import { NOBODY, type PatientAccess } from '../model/access.ts'
import type { FindDocuments, ReturnType, StoredObject } from '../model/stored-query.ts'
import { STATUS_APPROVED } from '../model/xds.ts'
import type { FoundObject, RegistryQueries, SelectedQuery } from '../registry/query-ports.ts'
import { candidates } from './queries/candidates.ts'
import { entryCriteria } from './queries/criteria.ts'
import { type Part, partsOf } from './queries/parts.ts'
import { reach } from './queries/start.ts'
import { NEWEST, scopes, shownIn } from './queries/visible.ts'
import { query, type Statement, sql } from './sql.ts'

export function createRegistryQueries(pool: pg.Pool): RegistryQueries {
  return {
    findDocuments: (asked, selection) => findDocuments(pool, { query: asked, ...selection }),
    reach: (selected) => reach(pool, selected),
    findObjects: (selected, selection) => findObjects(pool, { selected, ...selection }),
    candidates: (asked, publishers) => candidates(pool, asked, publishers),
  }
}

interface ObjectRow {
  readonly entry_uuid: string
  readonly status: string
  readonly ebrim: string
}

/** FindDocuments and FindDocumentsByReferenceId; covered by document_entry_patient. On-Demand entries, which have no time, come first. */
async function findDocuments(
  pool: pg.Pool,
  asked: { readonly query: FindDocuments; readonly patient: PatientAccess; readonly limit: number },
): Promise<readonly StoredObject[]> {
  const { scope } = asked.patient
  // Asked all the same: that nothing may be shown is not to be told by the time it takes.
  const personKey = scope.mode === 'nothing' ? NOBODY : asked.patient.personKey
  const ofOthers = shownIn(scope)
  const rows = await query<ObjectRow>(
    pool,
    sql`/* ITI-18 FindDocuments */
      select e.entry_uuid, e.status, ${ebrimOf(asked.query.returnType)}
      from registry.document_entry e
      where e.person_key = ${personKey} and ${entryCriteria(asked.query)}
        and (${scope.mode === 'everything'} or e.publisher = ${scope.ownFacility}
             or (${ofOthers(sql`e`)}
                 and (e.latest or (select bool_and(n.person_key = ${personKey} and ${ofOthers(sql`n`)}) from ${NEWEST}))))
      order by e.creation_time desc, e.entry_uuid
      limit ${asked.limit}`,
  )
  return rows.map(({ entry_uuid, status, ebrim }) => ({
    element: 'ExtrinsicObject',
    id: `urn:uuid:${entry_uuid}`,
    status,
    ebrim,
  }))
}

interface FoundRow {
  readonly object: FoundObject['object']
  readonly uuid: string
  readonly person_key: string
  readonly status: string
  readonly last_update: string | null
  readonly ebrim: string
}

async function findObjects(
  pool: pg.Pool,
  asked: { readonly selected: SelectedQuery; readonly accesses: readonly PatientAccess[]; readonly limit: number },
): Promise<readonly FoundObject[]> {
  const { selected, accesses, limit } = asked
  const parts = partsOf(selected)
  const clause = parts.with.reduce((joined, part) => sql`${joined}, ${part}`, scopes(accesses))
  const rows = await query<FoundRow>(
    pool,
    sql`/* ITI-18 objects of a query */ with ${clause}
      select object, uuid, person_key, status, last_update, ebrim from (${union(parts.returned, selected.query.returnType)}) r
      order by place, time desc, uuid
      limit ${limit}`,
  )
  return rows.map(toObject)
}

function union(parts: readonly Part[], returnType: ReturnType): Statement {
  const [first, ...others] = parts.map((part) => rowsOf(part, ebrimOf(returnType)))
  return others.reduce((joined, part) => sql`${joined} union all ${part}`, first ?? sql``)
}

/** Packages first, then entries, then associations; within each the newest first. */
function rowsOf(part: Part, ebrim: Statement): Statement {
  switch (part) {
    case 'ss':
      return sql`select 'SubmissionSet' as object, entry_uuid as uuid, person_key, ${STATUS_APPROVED}::text as status, null::text as last_update, ${ebrim},
                        1 as place, submission_time as time from ss`
    case 'fd':
      return sql`select 'Folder' as object, entry_uuid as uuid, person_key, status, last_update, ${ebrim}, 2 as place, last_update as time from fd`
    case 'de':
      return sql`select 'DocumentEntry' as object, entry_uuid as uuid, person_key, status, null::text as last_update, ${ebrim},
                        3 as place, creation_time as time from de`
    case 'link':
      return sql`select 'Association' as object, association_uuid as uuid, person_key, status, null::text as last_update, ${ebrim},
                        4 as place, null::text as time from link`
  }
  return part satisfies never
}

/** References need no object. */
function ebrimOf(returnType: ReturnType): Statement {
  return returnType === 'LeafClass' ? sql`ebrim` : sql`'' as ebrim`
}

const ELEMENTS = {
  SubmissionSet: 'RegistryPackage',
  Folder: 'RegistryPackage',
  DocumentEntry: 'ExtrinsicObject',
  Association: 'Association',
} as const satisfies Record<FoundObject['object'], StoredObject['element']>

function toObject(row: FoundRow): FoundObject {
  return {
    object: row.object,
    element: ELEMENTS[row.object],
    id: `urn:uuid:${row.uuid}`,
    personKey: row.person_key,
    status: row.status,
    ...(row.last_update === null ? {} : { lastUpdateTime: row.last_update }),
    ebrim: row.ebrim,
  }
}
