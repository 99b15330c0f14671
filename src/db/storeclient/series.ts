// What is stored under the keys of a push: current documents, tombstones, numbers that moved (ports of src/storeclient).

import { STATUS_APPROVED } from '../../model/xds.ts'
import type { CurrentDocument, LinkedPatient, Question, SeriesState, Situation } from '../../storeclient/ports.ts'
import { storedKey } from '../idempotency.ts'
import { type Queryable, query, sql } from '../sql.ts'

/** How the bytes of a document that lies in a file are read. */
export interface DocumentReading {
  readonly readFile: (
    key: string,
    expected: { readonly sizeBytes: number; readonly sha256: string },
  ) => AsyncIterable<Buffer>
}

export const NOTHING_STORED = { series: new Map(), ofOrders: new Map() } as const

interface SeriesRow extends StoredBytes {
  readonly base_series_id: string
  readonly series_id: string
  readonly part: number
  readonly version: string
  readonly body_sha256: string
  readonly tombstone: string | null
  readonly moved_to: string | null
  readonly order_number: string | null
  readonly entry_uuid: string | null
  readonly unique_id: string
  readonly person_key: string
}

interface StandingRow extends SeriesRow {
  readonly status: string | null
  readonly registered: readonly string[] | null
}

interface Wanted {
  readonly question: Question
  readonly options: DocumentReading
  readonly patient: LinkedPatient
}

/** What the question asks about series, those that were moved under their successor's state. */
export async function readStored(client: Queryable, wanted: Wanted): Promise<Pick<Situation, 'series' | 'ofOrders'>> {
  const { question, options } = wanted
  const states = await readSeries(client, { series: question.series, guarded: question.guarded, options })
  await addDeletions(client, states, { guarded: question.guarded, options })
  const targets = [...states.values()].flatMap(({ movedTo }) => (movedTo === undefined ? [] : [movedTo]))
  if (targets.length > 0) {
    const successors = await readSeries(client, { series: targets, guarded: question.guarded, options })
    for (const [id, { movedTo }] of states) {
      if (movedTo === undefined) continue
      states.set(id, { ...(successors.get(movedTo) ?? { currents: [], lastPart: 0 }), movedTo })
    }
  }
  return { series: states, ofOrders: await readOrders(client, wanted) }
}

/**
 * Documents are looked up one by one (lateral, limit 1): as a plain join, a plan made while the registry was small reads all of its
 * approved entries, and goes on doing so when it has grown.
 */
async function readSeries(
  client: Queryable,
  asked: {
    readonly series: readonly string[]
    readonly guarded: readonly string[]
    readonly options: DocumentReading
  },
): Promise<Map<string, SeriesState>> {
  const rows = await query<StandingRow>(
    client,
    sql`/* StoreClient: state of a series and its current documents */
      select s.base_series_id, s.series_id, s.part, s.version, s.body_sha256, s.tombstone, s.moved_to, s.order_number,
             e.entry_uuid, e.unique_id, e.person_key, e.status,
             case when e.status is distinct from ${STATUS_APPROVED} then array(
               select r.series_version from registry.document_entry r
               where r.series_id = s.series_id and r.series_version is not null) end as registered,
             case when s.base_series_id = any(${asked.guarded}::uuid[]) then d.content end as content,
             case when s.base_series_id = any(${asked.guarded}::uuid[]) then d.file_key end as file_key, d.size_bytes, d.sha256
      from registry.series s
      left join lateral (
        select c.entry_uuid, c.unique_id, c.person_key, c.status from registry.document_entry c
        where c.entry_uuid = s.current_entry limit 1) as e on true
      left join lateral (select * from repository.document c where c.unique_id = e.unique_id limit 1) as d on true
      where s.base_series_id = any(${asked.series}::uuid[])
      order by s.part`,
  )
  const states = new Map<string, SeriesState>()
  for (const row of rows) {
    const former = states.get(row.base_series_id) ?? { currents: [], lastPart: 0 }
    const newest = row.entry_uuid === null ? [] : [await toCurrent(row, row.entry_uuid, asked.options)]
    const isCurrent = row.status === STATUS_APPROVED
    const tombstone = latest(former.tombstone, row.tombstone ?? undefined)
    states.set(row.base_series_id, {
      currents: [...former.currents, ...(isCurrent ? newest : [])],
      withdrawn: [...(former.withdrawn ?? []), ...(isCurrent ? [] : newest)],
      registered: [...(former.registered ?? []), ...(row.registered ?? [])],
      lastPart: Math.max(former.lastPart, row.part),
      ...(tombstone === undefined ? {} : { tombstone }),
      ...(row.moved_to === null ? {} : { movedTo: row.moved_to }),
    })
  }
  return states
}

interface DeletionRow extends StoredBytes {
  readonly series_id: string
  readonly version: string
}

/** More than anybody deletes one document; whoever does has it deleted altogether. */
const MAX_DELETIONS = 100

/** What was deleted piecewise is told by the messages that did it; seldom anything was. */
async function addDeletions(
  client: Queryable,
  states: Map<string, SeriesState>,
  { guarded, options }: { readonly guarded: readonly string[]; readonly options: DocumentReading },
): Promise<void> {
  const deleted = guarded.filter((id) => states.get(id)?.tombstone !== undefined)
  if (deleted.length === 0) return
  const rows = await query<DeletionRow>(
    client,
    sql`/* StoreClient: messages that deleted a series */
      select series_id, version, content, file_key, coalesce(size_bytes, octet_length(content)) as size_bytes, sha256
      from registry.superseded where series_id = any(${deleted}::uuid[]) and reason = 'delete' limit ${MAX_DELETIONS + 1}`,
  )
  if (rows.length > MAX_DELETIONS) return
  for (const row of rows) {
    const state = states.get(row.series_id)
    const bytes = await bytesOf(row, options)
    if (state === undefined || bytes === undefined) continue
    states.set(row.series_id, {
      ...state,
      deletions: [...(state.deletions ?? []), { version: row.version, bytes }],
    })
  }
}

/** Current documents of changed orders, under whatever day they stand. */
async function readOrders(client: Queryable, { question, options, patient }: Wanted): Promise<Situation['ofOrders']> {
  const { changed } = question
  if (changed === undefined) return NOTHING_STORED.ofOrders
  const asked = new Map(changed.orderNumbers.map((number) => [storedKey(number), number]))
  const rows = await query<SeriesRow>(
    client,
    sql`/* StoreClient: current documents of an order under any care date */
      select s.base_series_id, s.series_id, s.part, s.version, s.body_sha256, s.tombstone, s.moved_to, s.order_number,
             e.entry_uuid, e.unique_id, e.person_key, null as content, null as file_key, '0' as size_bytes, '' as sha256
      from registry.series s
      join lateral (
        select c.entry_uuid, c.unique_id, c.person_key from registry.document_entry c
        where c.entry_uuid = s.current_entry and c.status = ${STATUS_APPROVED} limit 1) as e on true
      where s.facility_id = ${changed.facilityId} and s.kind = ${changed.kind} and s.order_number = any(${[...asked.keys()]})
        and s.person_key = ${patient.personKey}`,
  )
  const found = new Map<string, (CurrentDocument & { readonly baseSeriesId: string })[]>()
  for (const row of rows) {
    const number = asked.get(row.order_number ?? '')
    if (row.entry_uuid === null || number === undefined) continue
    const current = { ...(await toCurrent(row, row.entry_uuid, options)), baseSeriesId: row.base_series_id }
    found.set(number, [...(found.get(number) ?? []), current])
  }
  return found
}

function latest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a > b ? a : b
}

interface StoredBytes {
  readonly content: Buffer | null
  readonly file_key: string | null
  readonly size_bytes: string
  readonly sha256: string
}

async function bytesOf(row: StoredBytes, options: DocumentReading): Promise<Buffer | undefined> {
  const chunks: Buffer[] = row.content === null ? [] : [row.content]
  if (row.file_key !== null)
    for await (const chunk of options.readFile(row.file_key, { sizeBytes: Number(row.size_bytes), sha256: row.sha256 }))
      chunks.push(chunk)
  return chunks.length === 0 ? undefined : Buffer.concat(chunks)
}

async function toCurrent(row: SeriesRow, entryUuid: string, options: DocumentReading): Promise<CurrentDocument> {
  const bytes = await bytesOf(row, options)
  return {
    seriesId: row.series_id,
    part: row.part,
    entryUUID: `urn:uuid:${entryUuid}`,
    uniqueId: row.unique_id,
    personKey: row.person_key,
    version: row.version,
    bodyHash: row.body_sha256,
    ...(bytes === undefined ? {} : { bytes }),
  }
}
