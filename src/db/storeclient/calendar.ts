// Documents of a person for the calendar, and one document with what belongs to it, in one statement each, under the access rule.

import { setImmediate } from 'node:timers/promises'
import type pg from 'pg'
import type { PatientAccess } from '../../model/access.ts'
import type { DocumentEntry } from '../../model/document-entry.ts'
import { RPLC, STATUS_APPROVED, STATUS_DEPRECATED, XFRM, XFRM_RPLC } from '../../model/xds.ts'
import type {
  CalendarPorts,
  FileOfDocument,
  OpenedEntry,
  VisibleDocument,
} from '../../storeclient/view/calendar-ports.ts'
import { ENTRY, scopes, versionSeen } from '../queries/visible.ts'
import { query, queryOne, type Statement, sql } from '../sql.ts'

const MIME_ER7 = 'x-application/hl7-v2+er7'
/** Versions of one document that are counted. */
const MAX_VERSIONS = 1000

/** Fragments read in one go: a long calendar takes seconds, and messages are not to wait for it. */
const AT_ONCE = 16

/** Reads the fragment that the registry keeps of an entry. */
export type ReadFragment = (fragment: string) => DocumentEntry | undefined

interface DocumentRow {
  readonly status: string
  readonly replaced: boolean
  readonly publisher: string
  readonly publisher_name: string | null
  readonly versions: number
  readonly files: readonly (Omit<FileOfDocument, 'title'> & { readonly ebrim: string })[]
  readonly ebrim: string
}

/** Entry `d` is the newest version of the object that was registered with this uuid: associations name the first version. */
const newest = (d: Statement, uuid: Statement): Statement =>
  sql`${d}.latest and (${d}.entry_uuid = ${uuid} or (${d}.logical_uuid = ${uuid} and ${d}.version > 1))`

/** Entry `e` is a file that a message held, and it is shown with the message. */
const FILE_OF_MESSAGE = sql`exists (
      select from registry.association x
      join registry.document_entry m on ${newest(sql`m`, sql`x.target_uuid`)}
      where x.source_uuid = e.logical_uuid and x.type = ${XFRM} and m.mime_type = ${MIME_ER7} and m.publisher = e.publisher
        and m.status = e.status and ${versionSeen(sql`m`)})`

/** Association `x` says that its source took the place of its target, as it is or in another form (ITI TF-3 4.2.2.2.4). */
const REPLACES = sql`x.type in (${RPLC}, ${XFRM_RPLC})`

const REPLACED = sql`exists (select from registry.association x where x.target_uuid = e.logical_uuid and ${REPLACES})`

/** Entry `e` is a list that counts until the next one comes; word for word the condition of the index. */
const STANDING = sql`split_part(e.class_code, '^^', 1) in ('ALLERGY', 'PROBLEM')`

/** Columns of entry `e`. */
const COLUMNS = sql`e.status, ${REPLACED} as replaced, e.publisher,
      (select name from access.facility p where p.facility_id = e.publisher) as publisher_name, e.ebrim,
      (with recursive former (uuid, place) as (
         select x.target_uuid, 1 from registry.association x where x.source_uuid = e.logical_uuid and ${REPLACES}
         union
         select x.target_uuid, f.place + 1 from former f join registry.association x on x.source_uuid = f.uuid and ${REPLACES}
         where f.place < ${MAX_VERSIONS})
       select 1 + coalesce(max(f.place), 0) from former f join registry.document_entry d on d.entry_uuid = f.uuid and d.publisher = e.publisher)::int as versions,
      coalesce((
        select jsonb_agg(jsonb_build_object('uniqueId', d.unique_id, 'mimeType', d.mime_type, 'sizeBytes', d.size_bytes, 'hash', d.hash, 'ebrim', d.ebrim)
                         order by d.unique_id)
        from registry.association x
        join registry.document_entry d on ${newest(sql`d`, sql`x.source_uuid`)} and d.publisher = e.publisher and d.status = e.status
        where x.target_uuid = e.logical_uuid and x.type = ${XFRM} and e.mime_type = ${MIME_ER7} and ${versionSeen(sql`d`)}), '[]'::jsonb) as files`

export function createCalendarReads(pool: pg.Pool, readFragment: ReadFragment): Pick<CalendarPorts, 'documents'> {
  return {
    async documents(asked) {
      const found: VisibleDocument[] = []
      for (const [index, row] of (await query<DocumentRow>(pool, documentsStatement(asked))).entries()) {
        if (index % AT_ONCE === 0) await setImmediate()
        const document = toDocument(row, readFragment)
        if (document !== undefined) found.push(document)
      }
      return found
    },
  }
}

/**
 * Covered by document_entry_service and document_entry_standing. Entries are looked up one by one (lateral, limit 1): as a plain join, a
 * plan made while the registry was small reads all of it, and goes on doing so when it has grown.
 */
function documentsStatement({
  access,
  period,
  cancelled,
  limit,
}: Parameters<CalendarPorts['documents']>[0]): Statement {
  const statuses = cancelled === 'shown' ? [STATUS_APPROVED, STATUS_DEPRECATED] : [STATUS_APPROVED]
  return sql`/* calendar */ with ${scopes([access])},
      timed as (
        select e.entry_uuid from registry.document_entry e
        where e.person_key = ${access.personKey}
          and rpad(coalesce(e.service_stop, e.service_start, e.creation_time), 14, '9') >= ${period.start}
          and coalesce(e.service_start, e.creation_time) < ${period.end}
        union
        select e.entry_uuid from registry.document_entry e
        where e.person_key = ${access.personKey} and ${STANDING})
      select ${COLUMNS}
      from timed cross join lateral (select * from registry.document_entry d where d.entry_uuid = timed.entry_uuid limit 1) as e
      where e.latest and e.status = any(${statuses}) and ${ENTRY} and not ${FILE_OF_MESSAGE}
        and (e.status = ${STATUS_APPROVED} or not ${REPLACED})
      order by ${STANDING} desc, coalesce(e.service_start, e.creation_time) desc, e.entry_uuid
      limit ${limit}`
}

/** The persons whose entries have this uniqueId: more than one where a document was registered for several. */
export async function personsOfDocument(pool: pg.Pool, uniqueId: string): Promise<readonly string[]> {
  const rows = await query<{ readonly person_key: string }>(
    pool,
    sql`/* persons of a document */ select distinct person_key from registry.document_entry where unique_id = ${uniqueId} and latest`,
  )
  return rows.map(({ person_key }) => person_key)
}

interface OpenedRow extends DocumentRow {
  readonly number: string | null
  readonly former_unique_id: string | null
}

/** One document under the access rule, with its number and the document whose place it took. */
export async function findOpened(
  pool: pg.Pool,
  asked: { readonly uniqueId: string; readonly accesses: readonly PatientAccess[] },
  readFragment: ReadFragment,
): Promise<OpenedEntry | undefined> {
  if (asked.accesses.length === 0) return undefined
  const row = await queryOne<OpenedRow>(
    pool,
    sql`/* one document to be shown */ with ${scopes(asked.accesses)}
      select ${COLUMNS}, (select s.order_number from registry.series s where s.series_id = e.series_id) as number,
             (select d.unique_id from registry.association x
              join registry.document_entry d on ${newest(sql`d`, sql`x.target_uuid`)} and d.publisher = e.publisher
              where x.source_uuid = e.logical_uuid and ${REPLACES} and ${versionSeen(sql`d`)} order by d.registered_at desc limit 1) as former_unique_id
      from registry.document_entry e
      where e.unique_id = ${asked.uniqueId} and e.latest and ${ENTRY}
      order by e.registered_at desc limit 1`,
  )
  const document = row === undefined ? undefined : toDocument(row, readFragment)
  if (row === undefined || document === undefined) return undefined
  return {
    ...document,
    ...(row.number === null ? {} : { number: row.number }),
    ...(row.former_unique_id === null ? {} : { formerUniqueId: row.former_unique_id }),
  }
}

function toDocument(row: DocumentRow, readFragment: ReadFragment): VisibleDocument | undefined {
  const entry = readFragment(row.ebrim)
  if (entry === undefined) return undefined
  return {
    entry,
    state: row.status === STATUS_APPROVED ? 'current' : row.replaced ? 'former' : 'cancelled',
    publisher: { facilityId: row.publisher, name: row.publisher_name ?? row.publisher },
    versions: row.versions,
    files: row.files.map(({ ebrim, ...file }) => ({ ...file, title: readFragment(ebrim)?.title ?? file.uniqueId })),
  }
}
