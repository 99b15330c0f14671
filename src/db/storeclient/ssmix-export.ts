// What an export of SS-MIX2 storages reads: the versions of a facility's documents, their flags, their bytes (ports of src/storeclient/ssmix).

import { createHash } from 'node:crypto'
import type pg from 'pg'
import { iheError } from '../../../profiles/errors/index.ts'
import { STATUS_APPROVED } from '../../model/xds.ts'
import { MESSAGE_CHARSET } from '../../storeclient/metadata.ts'
import type { ExportPorts, StoredVersion } from '../../storeclient/ssmix/export.ts'
import { isStopped } from '../access/facts.ts'
import { named, query, queryOne, sql } from '../sql.ts'
import { recordExport } from '../staff-change.ts'
import type { ReadFragment } from './calendar.ts'

type ExportStore = Omit<ExportPorts, 'decode'>

export interface ExportStoreOptions {
  readonly pool: pg.Pool
  readonly readFile: (
    key: string,
    expected: { readonly sizeBytes: number; readonly sha256: string },
  ) => AsyncIterable<Buffer>
  readonly readFragment: ReadFragment
}

const PERSONS = 500

export function createSsmixExport({ pool, readFile, readFragment }: ExportStoreOptions): ExportStore {
  return {
    persons: async (facilityId, after) => {
      const rows = await query<{ person_key: string }>(
        pool,
        sql`/* SS-MIX2 export: persons of a facility */
          select distinct person_key from registry.series
          where facility_id = ${facilityId} and person_key > ${after}::bigint order by person_key limit ${PERSONS}`,
      )
      return rows.map((row) => row.person_key)
    },
    personOf: async (facilityId, patientNumber) => {
      const row = await queryOne<{ person_key: string }>(
        pool,
        sql`/* SS-MIX2 export: whose number */
          select i.person_key from identity.domain d join identity.identifier i on i.domain = d.oid and i.status = 'active'
          where d.kind = 'facility' and d.facility_id = ${facilityId} and i.value = ${patientNumber}`,
      )
      return row?.person_key
    },
    versions: async (facilityId, person) =>
      (await query<VersionRow>(pool, versionsOf(facilityId, person))).map((row) => toVersion(row, readFragment)),
    bytes: async ({ content }) => {
      const { sha256, size_bytes, ...at } = content as Location
      if (at.file_key === null) return contentOf(pool, { ...at, sha256 })
      const chunks: Buffer[] = []
      for await (const chunk of readFile(at.file_key, { sizeBytes: Number(size_bytes), sha256 })) chunks.push(chunk)
      return Buffer.concat(chunks)
    },
    record: async ({ by, peer, facilityId, person }) => {
      const rows = await query<{ patient: string }>(
        pool,
        sql`/* SS-MIX2 export: who leaves */
          select i.value || '^^^&' || i.domain || '&ISO' as patient
          from identity.identifier i join identity.domain d on d.oid = i.domain
          where i.person_key = ${person} and i.status = 'active' and (d.facility_id = ${facilityId} or d.kind = 'community')
          order by patient`,
      )
      const operation = `SS-MIX2 export of facility ${facilityId}`
      await recordExport(pool, { by, peer, operation, patients: rows.map(({ patient }) => patient) })
    },
  }
}

interface Location {
  readonly unique_id: string | null
  readonly superseded_id: string | null
  readonly file_key: string | null
  readonly sha256: string
  readonly size_bytes: string
}

interface VersionRow extends Location {
  readonly base_series_id: string
  readonly kind: string
  readonly patient_number: string | null
  readonly order_number: string | null
  readonly care_date: string | null
  readonly tombstone: string | null
  readonly version: string | null
  readonly created: string | null
  readonly is_current: boolean
  readonly reason: string | null
  readonly stored_at: string
  /** An entry of the document that names its character set. */
  readonly naming: string | null
}

/**
 * The person's documents of one facility, as entries and as bytes that no entry names, which are in the character set of the others of their
 * document. Of versions of one moment the current one arrived last. An entry of another person stays out: what was
 * filed under somebody else is deprecated there, and his no longer. Nothing of a person whose support was stopped leaves (idlink C-7).
 */
function versionsOf(facilityId: string, person: string) {
  return sql`/* SS-MIX2 export: versions of a person's documents */
    with own as materialized (
      select s.*, max(s.tombstone) over (partition by s.base_series_id) as deleted_at
      from registry.series s
      where s.facility_id = ${facilityId} and s.person_key = ${person} and not ${isStopped(named('s.person_key'))}),
    numbers as materialized (
      select i.value from identity.identifier i join identity.domain d on d.oid = i.domain and d.kind = 'facility'
      where d.facility_id = ${facilityId} and i.person_key = ${person} and i.status = 'active'),
    found as (
      select o.series_id, d.unique_id, null::bigint as superseded_id, d.file_key, d.sha256, d.size_bytes, v.version, v.created, v.is_current,
             null as reason, v.stored_at, v.naming
      from own o
      cross join lateral (
        select e.unique_id, max(e.series_version) as version, min(e.creation_time) as created,
               bool_or(e.status = ${STATUS_APPROVED}) as is_current, min(e.registered_at) as stored_at,
               max(e.ebrim) filter (where e.ebrim like ${`%${MESSAGE_CHARSET}%`}) as naming
        from registry.document_entry e where e.series_id = o.series_id and e.person_key = o.person_key group by e.unique_id) as v
      join repository.document d on d.unique_id = v.unique_id
      union all
      select o.series_id, null, u.superseded_id, u.file_key, u.sha256, coalesce(u.size_bytes, octet_length(u.content)), u.version, null, false,
             u.reason, u.received_at, null
      from own o join registry.superseded u on u.series_id = o.series_id)
    select o.base_series_id, o.kind, o.order_number, o.care_date, o.deleted_at as tombstone,
           coalesce((select n.value from numbers n order by n.value = o.patient_number desc, n.value limit 1), o.patient_number) as patient_number,
           f.unique_id, f.superseded_id, f.file_key, f.sha256, f.size_bytes, f.version, f.created, f.is_current, f.reason,
           to_char(f.stored_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as stored_at,
           coalesce(f.naming, max(f.naming) over (partition by o.base_series_id)) as naming
    from found f join own o on o.series_id = f.series_id
    order by o.kind, o.base_series_id, left(coalesce(f.version, f.created), 17), f.is_current, f.stored_at, f.sha256`
}

function toVersion(row: VersionRow, readFragment: ReadFragment): StoredVersion {
  const { unique_id, superseded_id, file_key, sha256, size_bytes, naming } = row
  const slots = (naming === null ? undefined : readFragment(naming))?.extraSlots ?? []
  const charset = slots.find(({ name }) => name === MESSAGE_CHARSET)?.values[0]
  return {
    baseSeriesId: row.base_series_id,
    kind: row.kind,
    ...(row.patient_number === null ? {} : { patientNumber: row.patient_number }),
    ...(row.order_number === null ? {} : { orderNumber: row.order_number }),
    ...(row.care_date === null ? {} : { careDate: row.care_date }),
    time: row.version === null ? localTime(row.created ?? '') : row.version.slice(0, 17),
    ...(row.tombstone === null ? {} : { tombstone: row.tombstone }),
    state: row.reason === 'delete' ? 'deleting' : row.is_current ? 'current' : 'former',
    storedAt: row.stored_at,
    ...(charset === undefined ? {} : { charset }),
    content: { unique_id, superseded_id, file_key, sha256, size_bytes } satisfies Location,
  }
}

const JST_MS = 9 * 3_600_000

/** Documents of before versions were kept beside their entries have their time to the second, in UTC. */
function localTime(dtm: string): string {
  const [year, month, day, hour, minute, second] = [0, 4, 6, 8, 10, 12].map((at) =>
    Number(dtm.slice(at, at === 0 ? 4 : at + 2) || '0'),
  )
  const utc = Date.UTC(year ?? 1970, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0)
  return new Date(utc + JST_MS).toISOString().replaceAll(/\D/g, '').slice(0, 17)
}

async function contentOf(pool: pg.Pool, at: Pick<Location, 'unique_id' | 'superseded_id' | 'sha256'>): Promise<Buffer> {
  const row = await queryOne<{ content: Buffer | null }>(
    pool,
    at.unique_id === null
      ? sql`/* SS-MIX2 export: bytes that no entry names */
          select content from registry.superseded where superseded_id = ${at.superseded_id}`
      : sql`/* SS-MIX2 export: bytes of a document */ select content from repository.document where unique_id = ${at.unique_id}`,
  )
  if (row === undefined || row.content === null) throw new Error('a document went while it was exported')
  if (createHash('sha256').update(row.content).digest('hex') !== at.sha256) throw iheError('DOCUMENT_DAMAGED')
  return row.content
}
