// What a push changes of the series of documents: the current one, tombstones, numbers that move, bytes that no entry names.

import { STATUS_DEPRECATED } from '../../model/xds.ts'
import type { Effect, LateTakeover, VersionRow, Write } from '../../storeclient/ports.ts'
import { storedKey } from '../idempotency.ts'
import { referencedObjects } from '../registry-facts.ts'
import { bareUuid } from '../registry-write.ts'
import { execute, executeTogether, type Queryable, type Statement, sql } from '../sql.ts'

/** Care date of kinds that have none, as paths of storages write it. */
const NO_DATE = '-'

export async function writeEffect(client: Queryable, effect: Effect, write: Write): Promise<void> {
  switch (effect.kind) {
    case 'register':
      await executeTogether(client, [currentPart(effect, write)])
      return
    case 'confirm':
      await execute(
        client,
        sql`/* StoreClient: the same words again */
          update registry.series set version = ${effect.version}, updated_at = now() where series_id = ${effect.seriesId}`,
      )
      return
    case 'supersede':
      if (effect.lateTakeover !== undefined)
        await takeOverLate(client, { row: effect.row, write, late: effect.lateTakeover })
      await keepAside(client, { row: effect.row, reason: 'older version', write })
      return
    case 'delete':
      await deprecate(client, effect.deprecates)
      await setTombstone(client, { row: effect.row, tombstone: effect.tombstone, retired: effect.deprecates, write })
      await keepAside(client, { row: effect.row, reason: 'delete', write })
  }
}

/** The replacement came late: its number leads on, and the newest document of both numbers stands under the new one. */
async function takeOverLate(
  client: Queryable,
  given: { readonly row: VersionRow; readonly write: Write; readonly late: LateTakeover },
): Promise<void> {
  const { row, write } = given
  const { takesOver, adopts, deprecates } = given.late
  await deprecate(client, deprecates)
  if (adopts !== undefined)
    await execute(
      client,
      sql`/* StoreClient: the current document of the former number, under the new one */
        insert into registry.series (series_id, base_series_id, part, person_key, facility_id, kind, order_number, care_date, patient_number, current_entry,
                                     version, body_sha256)
        values (${row.baseSeriesId}, ${row.baseSeriesId}, 1, ${write.personKey}, ${write.caller.facilityId}, ${row.kind}, ${orderColumn(row)},
                ${row.careDate ?? NO_DATE}, ${write.patientNumber}, ${bareUuid(adopts.entryUUID)}, ${adopts.version}, ${adopts.bodyHash})
        on conflict (series_id) do update set current_entry = excluded.current_entry, version = excluded.version,
          body_sha256 = excluded.body_sha256, updated_at = now()`,
    )
  await moveSeries(client, { row, takesOver, write })
}

/** What was made of a deleted document, or appended to it, goes with it, as with a replaced one (ITI TF-3 4.2.2.2.3). */
async function deprecate(client: Queryable, entries: readonly string[]): Promise<void> {
  const dependents = (await referencedObjects(client, entries)).flatMap((object) => object.dependents)
  await execute(
    client,
    sql`/* StoreClient: delete deprecates */ update registry.document_entry set status = ${STATUS_DEPRECATED}
        where entry_uuid = any(${[...entries, ...dependents].map(bareUuid)}::uuid[])`,
  )
}

/** The series points at its new entry; series of parts that were replaced point at nothing. */
export function currentPart(effect: Extract<Effect, { kind: 'register' }>, write: Write): Statement {
  const { row } = effect
  const retired = [...effect.replaces, ...effect.deprecates].map(bareUuid)
  return sql`retired as (
        update registry.series set current_entry = null, updated_at = now()
        where series_id = any(${effect.retires}::uuid[]) and series_id <> ${row.seriesId} and current_entry = any(${retired}::uuid[])),
      current as (
        insert into registry.series (series_id, base_series_id, part, person_key, facility_id, kind, order_number, care_date, patient_number, current_entry,
                                     version, body_sha256)
        values (${row.seriesId}, ${row.baseSeriesId}, ${row.part}, ${write.personKey}, ${write.caller.facilityId}, ${row.kind},
                ${orderColumn(row)}, ${row.careDate ?? NO_DATE}, ${write.patientNumber}, ${bareUuid(effect.entry.entryUUID)}, ${row.version},
                ${row.bodyHash})
        on conflict (series_id) do update set current_entry = excluded.current_entry, person_key = excluded.person_key,
          patient_number = excluded.patient_number, version = excluded.version, body_sha256 = excluded.body_sha256, updated_at = now())`
}

/** Orders are found by their numbers, so a number longer than an index row holds is kept as its digest. */
function orderColumn({ number }: VersionRow): string | null {
  return number === undefined ? null : storedKey(number)
}

interface Move {
  readonly row: VersionRow
  /** Series of the former number. */
  readonly takesOver: string
  readonly write: Write
}

/** Later messages for the former number are meant for the document that took its place; it may never have come itself. */
export async function moveSeries(client: Queryable, move: Move): Promise<void> {
  const { row, takesOver, write } = move
  await execute(
    client,
    sql`/* StoreClient: a cancel of the former number holds for the new one */
      insert into registry.series as s (series_id, base_series_id, part, person_key, facility_id, kind, order_number, care_date, patient_number,
                                        version, body_sha256, tombstone)
      select ${row.baseSeriesId}, ${row.baseSeriesId}, 1, ${write.personKey}, ${write.caller.facilityId}, ${row.kind}, ${orderColumn(row)},
             ${row.careDate ?? NO_DATE}, ${write.patientNumber}, ${row.version}, ${row.bodyHash}, former.tombstone
      from registry.series former where former.series_id = ${takesOver} and former.tombstone is not null
      on conflict (series_id) do update set tombstone = greatest(s.tombstone, excluded.tombstone), updated_at = now()`,
  )
  await execute(
    client,
    sql`/* StoreClient: a document number that another one replaced */
      insert into registry.series (series_id, base_series_id, part, person_key, facility_id, kind, version, body_sha256, moved_to)
      values (${takesOver}, ${takesOver}, 1, ${write.personKey}, ${write.caller.facilityId}, ${row.kind}, ${row.version}, ${row.bodyHash},
              ${row.baseSeriesId})
      on conflict (series_id) do update set moved_to = excluded.moved_to, current_entry = null, updated_at = now()`,
  )
  // Every number leads to its last successor at once, so that reading takes one step however long the chain is.
  await execute(
    client,
    sql`/* StoreClient: earlier numbers of it */
      update registry.series set moved_to = ${row.baseSeriesId}, updated_at = now() where moved_to = ${takesOver}`,
  )
}

async function setTombstone(
  client: Queryable,
  given: {
    readonly row: VersionRow
    readonly tombstone: string
    readonly retired: readonly string[]
    readonly write: Write
  },
): Promise<void> {
  const { row, write } = given
  await execute(
    client,
    sql`/* StoreClient: a deleted series keeps the time of its deletion */
      with retired as (
        update registry.series set current_entry = null, updated_at = now()
        where base_series_id = ${row.baseSeriesId} and series_id <> ${row.seriesId} and current_entry = any(${given.retired.map(bareUuid)}::uuid[]))
      insert into registry.series (series_id, base_series_id, part, person_key, facility_id, kind, order_number, care_date, patient_number, current_entry,
                                   version, body_sha256, tombstone)
      values (${row.seriesId}, ${row.baseSeriesId}, ${row.part}, ${write.personKey}, ${write.caller.facilityId}, ${row.kind},
              ${orderColumn(row)}, ${row.careDate ?? NO_DATE}, ${write.patientNumber}, null, ${row.version}, ${row.bodyHash}, ${given.tombstone})
      on conflict (series_id) do update set tombstone = excluded.tombstone, updated_at = now(),
        current_entry = case when registry.series.current_entry = any(${given.retired.map(bareUuid)}::uuid[]) then null else registry.series.current_entry end`,
  )
}

/** Whatever came before under the same version is there already: an old storage that is imported again changes nothing. */
async function keepAside(
  client: Queryable,
  given: { readonly row: VersionRow; readonly reason: string; readonly write: Write },
): Promise<void> {
  const { row } = given
  const { content, sha256, sizeBytes } = row.document
  await execute(
    client,
    sql`/* StoreClient: bytes that no entry names */
      insert into registry.superseded (series_id, person_key, version, reason, sha256, content, file_key, facility_id, size_bytes)
      select ${row.seriesId}, ${given.write.personKey}, ${row.version}, ${given.reason}, ${sha256},
             ${content.kind === 'row' ? content.bytes : null}, ${content.kind === 'file' ? content.key : null},
             ${given.write.caller.facilityId}, ${sizeBytes}
      where not exists (select from registry.superseded u where u.series_id = ${row.seriesId} and u.version = ${row.version})
        and not exists (select from registry.document_entry e join registry.series s on s.series_id = e.series_id
                        where s.base_series_id = ${row.baseSeriesId} and e.series_version = ${row.version})`,
  )
}
