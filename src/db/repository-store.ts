// Documents of the repository on PostgreSQL: reading for ITI-43, what is stored, and removal by ITI-86 (ports of src/repository).

import type pg from 'pg'
import type { AccessFacts } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { Oid } from '../model/identifiers.ts'
import type { RecordedOutcome } from '../registry/ports.ts'
import type {
  DocumentRemoval,
  HeldDocument,
  RefusedRemoval,
  RemovalTransaction,
  RepositoryPorts,
  RetrievableEntry,
} from '../repository/ports.ts'
import { communityIdOf, factColumns, isStopped, toAccessFacts } from './access/facts.ts'
import type { PersonFacts } from './access-store.ts'
import { causeOf, failureKind, sqlState } from './failure.ts'
import { createGathering } from './gathering.ts'
import { claimColumn, claimPart, claimResult, type StoredClaim } from './idempotency.ts'
import { transaction } from './pool.ts'
import { executeTogether, named, type Queryable, query, queryOne, type Statement, sql } from './sql.ts'

interface RetrievableRow extends AccessFacts {
  /** Of the request among those that were asked together. */
  readonly place: number
  readonly unique_id: string
  readonly mime_type: string
  readonly publisher: string
  readonly kind: string
  readonly confidentiality: readonly string[]
  readonly size_bytes: string
  readonly sha256: string
  readonly content: Buffer | null
  readonly file_key: string | null
  readonly person_key: string | null
  readonly domain: string
  readonly value: string
}

/** A document's entry with its bytes and the facts of its person towards one facility. */
export type RetrievableFacts = Omit<RetrievableEntry, 'access'> & { readonly person: PersonFacts }

/** Of a request for more documents than this, each is read when its turn in the answer comes: memory stays flat. */
const MAX_LOADED = 16
/** Documents read by one statement, when several requests wait; and such statements at a time. */
const MAX_ASKED = 32
const MAX_READING = 2

interface Asked {
  readonly uniqueIds: readonly string[]
  readonly facilityId: string
}

/** Documents of our repository with what their entries say (ITI-43), Approved and Deprecated alike. */
export type FindRetrievable = (asked: Asked) => Promise<readonly RetrievableFacts[]>

/** Whoever asks while others are being answered waits for the next statement, which answers all that wait; a large request goes alone. */
export function createRetrievable(pool: pg.Pool, repositoryUniqueId: string): FindRetrievable {
  const find = createGathering<Asked, readonly RetrievableFacts[]>({
    maxRunning: MAX_READING,
    batchOf: (waiting) => countWithin(waiting, MAX_ASKED),
    run: (batch) => findAll(pool, { repositoryUniqueId, batch, loads: true }),
    divides: (error) => failureKind(causeOf(error)) === 'other',
  })
  return async (asked) => {
    if (asked.uniqueIds.length === 0) return []
    if (asked.uniqueIds.length <= MAX_LOADED) return find(asked)
    const [found = []] = await findAll(pool, { repositoryUniqueId, batch: [asked], loads: false })
    return found
  }
}

/** How many of the requests have so many documents together; at least one. */
function countWithin(waiting: readonly Asked[], documents: number): number {
  let left = documents
  const over = waiting.findIndex(({ uniqueIds }) => {
    left -= uniqueIds.length
    return left < 0
  })
  return over === -1 ? waiting.length : Math.max(1, over)
}

interface Batch {
  readonly repositoryUniqueId: string
  readonly batch: readonly Asked[]
  /** Whether the bytes that a row holds come along. */
  readonly loads: boolean
}

async function findAll(pool: pg.Pool, asked: Batch): Promise<readonly (readonly RetrievableFacts[])[]> {
  const found = asked.batch.map((): RetrievableFacts[] => [])
  for (const row of await query<RetrievableRow>(pool, retrievable(asked))) found[row.place]?.push(toFacts(row))
  return found
}

function toFacts(row: RetrievableRow): RetrievableFacts {
  return {
    uniqueId: row.unique_id,
    person: {
      personKey: row.person_key ?? '',
      patientId: { value: row.value, authority: row.domain as Oid },
      facts: toAccessFacts(row),
    },
    mimeType: row.mime_type,
    publisher: row.publisher,
    kind: row.kind,
    confidentiality: row.confidentiality,
    sizeBytes: Number(row.size_bytes),
    sha256: row.sha256,
    bytes: row.content ?? undefined,
    fileKey: row.file_key ?? undefined,
  }
}

/**
 * Entries alike in traits and facts count once; of the versions of an entry the newest decides, so that what a publisher has
 * restricted or moved to another patient is not opened by what it was before. A document without an entry is judged by what its entry
 * said, and by the person that its patient is since the merges so far; of a patient whom nobody here knows no consent stands, so only
 * its publisher sees it, and systems in affinity-domain mode.
 */
function retrievable({ repositoryUniqueId, batch, loads }: Batch): Statement {
  const uniqueIds = batch.flatMap((asked) => asked.uniqueIds)
  const facilities = batch.flatMap((asked) => asked.uniqueIds.map(() => asked.facilityId))
  const places = batch.flatMap((asked, place) => asked.uniqueIds.map(() => place))
  return sql`/* ITI-43 documents with the traits and facts the access decision asks */
      with q as materialized (
        select * from unnest(${uniqueIds}::text[], ${facilities}::text[], ${places}::int[]) as q (unique_id, facility, place))
      select q.place, d.unique_id, e.mime_type, e.publisher, e.kind, e.confidentiality, d.size_bytes, d.sha256, d.file_key,
             case when ${loads} then d.content end as content,
             i.person_key, i.domain, i.value, ${factColumns(named('q.facility'))}
      from q
      join repository.document d on d.unique_id = q.unique_id
      cross join lateral (
        select distinct person_key, mime_type, publisher, split_part(class_code, '^^', 1) as kind, confidentiality
        from registry.document_entry
        where unique_id = d.unique_id and repository_unique_id = ${repositoryUniqueId} and latest) e
      cross join lateral ${communityIdOf(named('e.person_key'))} i
      union all
      select q.place, d.unique_id, t.mime_type, t.publisher, t.kind, t.confidentiality, d.size_bytes, d.sha256, d.file_key,
             case when ${loads} then d.content end,
             i.person_key, t.domain, t.value, ${factColumns(named('q.facility'))}
      from q
      join repository.document d on d.unique_id = q.unique_id
      cross join lateral (select distinct on (t.domain, t.value, t.publisher, t.mime_type, t.kind, t.confidentiality) t.*
                          from repository.traits t where t.unique_id = d.unique_id) t
      left join identity.identifier i on i.domain = t.domain and i.value = t.value and (i.status = 'active' or i.survivor is not null)
      where not exists (select from registry.document_entry e
                        where e.unique_id = d.unique_id and e.repository_unique_id = ${repositoryUniqueId})`
}

/** The bytes of one document that its row holds. */
export async function loadDocument(pool: pg.Pool, uniqueId: string): Promise<Buffer | undefined> {
  const row = await queryOne<{ readonly content: Buffer | null }>(
    pool,
    sql`/* ITI-43 bytes of one document */ select content from repository.document where unique_id = ${uniqueId}`,
  )
  return row?.content ?? undefined
}

/** Bytes of those documents that a row holds, by their SHA-256 in lower-case hex. */
export async function loadStored(pool: pg.Pool, uniqueIds: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  const rows = await query<{ readonly sha256: string; readonly content: Buffer }>(
    pool,
    sql`/* documents of an accepted message */
      select sha256, content from repository.document where unique_id = any(${uniqueIds}) and content is not null`,
  )
  return new Map(rows.map(({ sha256, content }) => [sha256, content]))
}

/** Those of the keys that some row names: documents, those of submissions on their way, and messages kept aside. */
export async function findNamedFiles(pool: pg.Pool, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await query<{ readonly file_key: string }>(
    pool,
    sql`/* files that rows name */
      select file_key from repository.document where file_key = any(${keys})
      union select file_key from repository.submitted_document where file_key = any(${keys})
      union select file_key from registry.superseded where file_key = any(${keys})`,
  )
  return new Set(rows.map((row) => row.file_key))
}

export async function findStored(
  pool: pg.Pool,
  uniqueIds: readonly string[],
): Promise<Awaited<ReturnType<RepositoryPorts['stored']>>> {
  const rows = await query<Record<'unique_id' | 'size_bytes' | 'sha1' | 'sha256', string>>(
    pool,
    sql`/* ITI-41: what is stored of these documents */
      select unique_id, size_bytes, sha1, sha256 from repository.document where unique_id = any(${uniqueIds})`,
  )
  return rows.map((row) => ({
    uniqueId: row.unique_id,
    sizeBytes: Number(row.size_bytes),
    sha1: row.sha1,
    sha256: row.sha256,
  }))
}

export interface DocumentRemovalOptions {
  readonly pool: pg.Pool
  readonly repositoryUniqueId: string
  /** Audit and journal rows of an exchange, as parts of the writing statement. */
  readonly exchangeParts: (caller: Caller, outcome: RecordedOutcome) => readonly Statement[]
}

export function createDocumentRemoval(options: DocumentRemovalOptions): DocumentRemoval {
  return (work) =>
    transaction(options.pool, async (client) => {
      try {
        return await work(removalTransaction(client, options))
      } catch (error) {
        if (sqlState(error) === '23505')
          throw Object.assign(new Error('lost a race for a message id', { cause: error }), { code: '40001' })
        throw error
      }
    })
}

interface KeptAnswer {
  readonly refusals: readonly RefusedRemoval[]
}

function removalTransaction(client: pg.PoolClient, options: DocumentRemovalOptions): RemovalTransaction {
  let files: ReadonlyMap<string, string> = new Map()
  let claimIs: ReturnType<typeof claimResult>['kind'] = 'new'
  return {
    open: async ({ claim, uniqueIds }) => {
      files = await lockDocuments(client, uniqueIds)
      const row = await queryOne<{ readonly claim: StoredClaim | null }>(
        client,
        sql`/* ITI-86: claim */ select ${claimColumn(claim)} as claim`,
      )
      const found = claimResult(row?.claim, claim)
      claimIs = found.kind
      if (found.kind === 'replay') return { replayed: (found.response as KeptAnswer).refusals, documents: [] }
      return { replayed: undefined, documents: await readHeld(client, uniqueIds, options) }
    },
    write: async ({ uniqueIds, claim, caller, outcome, refusals }) => {
      const kept: KeptAnswer = { refusals }
      const claimed = claim === undefined || claimIs !== 'new' ? [] : [claimPart(claim, kept)]
      await executeTogether(client, [
        sql`documents as (delete from repository.document where unique_id = any(${uniqueIds})),
            traits as (delete from repository.traits where unique_id = any(${uniqueIds}))`,
        ...claimed,
        ...options.exchangeParts(caller, outcome),
      ])
      return uniqueIds.flatMap((uniqueId) => files.get(uniqueId) ?? [])
    },
  }
}

/** Locked in one order; the file of each that has one. */
async function lockDocuments(client: Queryable, uniqueIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await query<{ readonly unique_id: string; readonly file_key: string | null }>(
    client,
    sql`/* ITI-86: lock the documents */
      select unique_id, file_key from repository.document where unique_id = any(${uniqueIds}) order by unique_id for update`,
  )
  return new Map(rows.flatMap((row) => (row.file_key === null ? [] : [[row.unique_id, row.file_key] as const])))
}

/** Of whom the id is since the merges so far. */
function stoppedBy(domain: Statement, value: Statement): Statement {
  return sql`coalesce((select ${isStopped(sql`i.person_key`)} from identity.identifier i where i.domain = ${domain} and i.value = ${value}), false)`
}

async function readHeld(
  client: Queryable,
  uniqueIds: readonly string[],
  options: DocumentRemovalOptions,
): Promise<readonly HeldDocument[]> {
  const rows = await query<{
    readonly unique_id: string
    readonly being_registered: boolean
    readonly holders: HeldDocument['holders']
  }>(
    client,
    sql`/* ITI-86: the documents and who published them */
      select d.unique_id, coalesce(bool_or(h.pending), false) as being_registered,
             coalesce(jsonb_agg(jsonb_build_object('publisher', h.publisher, 'patient', h.patient, 'stopped', h.stopped)) filter (where h.publisher is not null), '[]'::jsonb) as holders
      from (select unique_id from repository.document where unique_id = any(${uniqueIds})
            union select unique_id from repository.submitted_document where unique_id = any(${uniqueIds})) d
      left join lateral (
        select e.publisher, e.patient_id as patient, ${isStopped(sql`e.person_key`)} as stopped, false as pending from registry.document_entry e
        where e.unique_id = d.unique_id and e.repository_unique_id = ${options.repositoryUniqueId}
        union
        select t.publisher, t.value || '^^^&' || t.domain || '&ISO', ${stoppedBy(sql`t.domain`, sql`t.value`)}, false from repository.traits t
        where t.unique_id = d.unique_id and not exists (select from registry.document_entry e
              where e.unique_id = d.unique_id and e.repository_unique_id = ${options.repositoryUniqueId})
        union
        select s.publisher, s.value || '^^^&' || s.domain || '&ISO', ${stoppedBy(sql`s.domain`, sql`s.value`)}, true from repository.submitted_document s
        where s.unique_id = d.unique_id) h on true
      group by d.unique_id`,
  )
  return rows.map((row) => ({ uniqueId: row.unique_id, beingRegistered: row.being_registered, holders: row.holders }))
}
