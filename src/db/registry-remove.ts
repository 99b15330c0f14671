// Remove Metadata on PostgreSQL: persons locked in one order, rules read after the lock, one writing statement (ITI-62).

import type pg from 'pg'
import type { Caller } from '../model/caller.ts'
import { HAS_MEMBER } from '../model/xds.ts'
import type { RecordedOutcome } from '../registry/ports.ts'
import type { RemovableObject, RemovalFacts, RemovalPorts, RemovalTransaction } from '../registry/remove-ports.ts'
import { communityIdOf, isStopped } from './access/facts.ts'
import { sqlState } from './failure.ts'
import { claimColumn, claimPart, claimResult, type IdempotencyClaim, type StoredClaim } from './idempotency.ts'
import { transaction } from './pool.ts'
import { bareUuid } from './registry-write.ts'
import { executeTogether, named, type Queryable, query, queryOne, type Statement, sql } from './sql.ts'

export interface RemovalStoreOptions {
  readonly pool: pg.Pool
  readonly repositoryUniqueId: string
  /** Audit and journal rows of an exchange, as parts of the writing statement. */
  readonly exchangeParts: (caller: Caller, outcome: RecordedOutcome) => readonly Statement[]
}

/** As many as the answer names. */
const MAX_NAMED = 100

export function createRemovalStore(options: RemovalStoreOptions): RemovalPorts {
  return {
    inTransaction: (work) =>
      transaction(options.pool, async (client) => {
        try {
          return await work(removalTransaction(client, options))
        } catch (error) {
          if (sqlState(error) === '23505') throw conflict('lost a race for a message id', error)
          throw error
        }
      }),
  }
}

/** Makes the transaction run again: what it has read is no longer so. */
function conflict(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: '40001' })
}

function removalTransaction(client: pg.PoolClient, options: RemovalStoreOptions): RemovalTransaction {
  let claimIs: ReturnType<typeof claimResult>['kind'] = 'new'
  let locked: readonly string[] = []
  return {
    open: async ({ ids, claim }) => {
      locked = await lockPersons(client, ids.map(bareUuid))
      claimIs = claimResult(await readClaim(client, claim), claim).kind
      return { replayed: claimIs === 'replay' }
    },
    facts: async (ids) => {
      const { persons, ...facts } = await readFacts(client, ids.map(bareUuid))
      // A merge has moved an object to a person that is not locked.
      if (persons.some((person) => !locked.includes(person))) throw conflict('an object went to another person')
      return facts
    },
    write: async ({ ids, claim, caller, outcome }) => {
      const claimed = claim === undefined || claimIs !== 'new' ? [] : [claimPart(claim, { status: 'Success' })]
      const parts = removalParts(ids.map(bareUuid), options.repositoryUniqueId)
      await executeTogether(client, [...parts, ...claimed, ...options.exchangeParts(caller, outcome)])
    },
  }
}

/** Columns over parameter ids: person of every object, whatever its kind. */
function personsOf(uuids: readonly string[]): Statement {
  return sql`select person_key from registry.document_entry where entry_uuid = any(${uuids}::uuid[])
      union select person_key from registry.submission_set where entry_uuid = any(${uuids}::uuid[])
      union select person_key from registry.folder where entry_uuid = any(${uuids}::uuid[])
      union select person_key from registry.association where association_uuid = any(${uuids}::uuid[])`
}

/**
 * Numbers first, as a registration, a StoreClient push and a feed lock them, then their persons: none of these refers to an object that is
 * being removed, and none waits for the other in a circle. Then the uniqueIds, of which another patient's entry may be registered at this
 * moment.
 */
async function lockPersons(client: Queryable, uuids: readonly string[]): Promise<readonly string[]> {
  const numbers = await query<{ readonly record_id: string }>(
    client,
    sql`/* ITI-62: lock the numbers of the persons of the objects */
      select i.record_id from identity.identifier i where i.person_key in (${personsOf(uuids)})
      order by i.domain, i.value for update`,
  )
  const persons = await query<{ readonly person_key: string }>(
    client,
    sql`/* ITI-62: lock their persons */
      select p.person_key from identity.person p where p.person_key in (${personsOf(uuids)})
      order by p.person_key for update`,
  )
  const keys = persons.map((person) => person.person_key)
  const others = await queryOne(
    client,
    sql`/* ITI-62: numbers that came to them meanwhile */
      select 1 as there from identity.identifier i
      where i.person_key = any(${keys}) and i.record_id <> all(${numbers.map((number) => number.record_id)}::bigint[]) limit 1`,
  )
  if (others !== undefined) throw conflict('a number came to the person of an object')
  await query(
    client,
    sql`/* ITI-62: lock the uniqueIds of the entries */
      select from registry.unique_id
      where unique_id in (select unique_id from registry.document_entry where entry_uuid = any(${uuids}::uuid[]))
      order by unique_id for update`,
  )
  return keys
}

async function readClaim(client: Queryable, claim: IdempotencyClaim | undefined): Promise<StoredClaim | null> {
  const row = await queryOne<{ readonly claim: StoredClaim | null }>(
    client,
    sql`/* ITI-62: claim */ select ${claimColumn(claim)} as claim`,
  )
  return row?.claim ?? null
}

interface ObjectRow {
  readonly uuid: string
  readonly kind: RemovableObject['kind']
  readonly person_key: string
  readonly publisher: string
  readonly patient_id: string | null
  readonly unique_id: string | null
  readonly repository_unique_id: string | null
  readonly stopped: boolean
}

async function readFacts(
  client: Queryable,
  uuids: readonly string[],
): Promise<RemovalFacts & { readonly persons: readonly string[] }> {
  const rows = await readObjects(client, uuids)
  const objects = rows.map(toObject)
  return {
    persons: [...new Set(rows.map((row) => row.person_key))],
    objects,
    referenced: await readReferences(client, uuids),
    unreferenced: await readUnreferenced(client, uuids),
  }
}

function readObjects(client: Queryable, uuids: readonly string[]): Promise<readonly ObjectRow[]> {
  return query<ObjectRow>(
    client,
    sql`/* ITI-62: the objects listed */
      select o.*, ${isStopped(sql`o.person_key`)} as stopped from (
      select entry_uuid as uuid, 'DocumentEntry' as kind, person_key, publisher, patient_id, unique_id, repository_unique_id
      from registry.document_entry where entry_uuid = any(${uuids}::uuid[])
      union all
      select entry_uuid, 'SubmissionSet', person_key, publisher, patient_id, unique_id, null
      from registry.submission_set where entry_uuid = any(${uuids}::uuid[])
      union all
      select entry_uuid, 'Folder', person_key, publisher, patient_id, unique_id, null
      from registry.folder where entry_uuid = any(${uuids}::uuid[])
      union all
      select a.association_uuid, 'Association', a.person_key, coalesce(s.publisher, e.publisher, f.publisher, ''),
             coalesce(s.patient_id, e.patient_id, f.patient_id), null, null
      from registry.association a
      left join registry.submission_set s on s.entry_uuid = a.source_uuid
      left join registry.document_entry e on e.entry_uuid = a.source_uuid
      left join registry.folder f on f.entry_uuid = a.source_uuid
      where a.association_uuid = any(${uuids}::uuid[])) o`,
  )
}

function toObject(row: ObjectRow): RemovableObject {
  const uniqueId = row.unique_id ?? undefined
  return {
    id: `urn:uuid:${row.uuid}`,
    kind: row.kind,
    publisher: row.publisher,
    stopped: row.stopped,
    ...(row.patient_id === null ? {} : { patient: row.patient_id }),
    ...(uniqueId === undefined ? {} : { uniqueId }),
    ...(row.kind === 'DocumentEntry' && uniqueId !== undefined
      ? { document: { documentUniqueId: uniqueId, repositoryUniqueId: row.repository_unique_id ?? '' } }
      : {}),
  }
}

function readReferences(client: Queryable, uuids: readonly string[]): Promise<RemovalFacts['referenced']> {
  return query(
    client,
    sql`/* ITI-62: associations outside the list that refer into it */
      select 'urn:uuid:' || case when a.source_uuid = any(${uuids}::uuid[]) then a.source_uuid else a.target_uuid end as id,
             'urn:uuid:' || a.association_uuid as by
      from registry.association a
      where (a.source_uuid = any(${uuids}::uuid[]) or a.target_uuid = any(${uuids}::uuid[]))
        and a.association_uuid <> all(${uuids}::uuid[])
      order by 1, 2 limit ${MAX_NAMED}`,
  )
}

/** Ends of the listed associations that are not listed: each keeps an association, and what was in a SubmissionSet stays in one. */
async function readUnreferenced(client: Queryable, uuids: readonly string[]): Promise<readonly string[]> {
  const rows = await query<{ readonly id: string }>(
    client,
    sql`/* ITI-62: objects outside the list that would stand alone */
      with ends as (
        select a.source_uuid as uuid, false as member from registry.association a where a.association_uuid = any(${uuids}::uuid[])
        union select a.target_uuid, a.type = ${HAS_MEMBER} from registry.association a where a.association_uuid = any(${uuids}::uuid[]))
      select distinct 'urn:uuid:' || o.uuid as id
      from ends o
      where o.uuid <> all(${uuids}::uuid[])
        and (exists (select from registry.document_entry where entry_uuid = o.uuid)
             or exists (select from registry.submission_set where entry_uuid = o.uuid)
             or exists (select from registry.folder where entry_uuid = o.uuid)
             or exists (select from registry.association where association_uuid = o.uuid))
        and (not exists (select from registry.association b
                         where (b.source_uuid = o.uuid or b.target_uuid = o.uuid) and b.association_uuid <> all(${uuids}::uuid[]))
             or (o.member and not exists (
                   select from registry.association b join registry.submission_set s on s.entry_uuid = b.source_uuid
                   where b.target_uuid = o.uuid and b.type = ${HAS_MEMBER} and b.association_uuid <> all(${uuids}::uuid[]))))
      order by 1 limit ${MAX_NAMED}`,
  )
  return rows.map((row) => row.id)
}

/**
 * The parts of one statement; all of them see the state before it. The highest version that stays of an object becomes the latest.
 * A StoreClient series whose current entry goes has none: the next message of its key is registered as a first one. What the last
 * entry of a document of ours said is kept beside the bytes, for the access decision, in place of what its publisher had said before.
 */
function removalParts(uuids: readonly string[], repositoryUniqueId: string): readonly Statement[] {
  return [
    sql`gone_entry as (
        select entry_uuid, unique_id, logical_uuid, latest, series_id, person_key, publisher, mime_type, class_code, confidentiality,
               repository_unique_id
        from registry.document_entry where entry_uuid = any(${uuids}::uuid[])),
      gone_folder as (
        select entry_uuid, unique_id, logical_uuid, latest from registry.folder where entry_uuid = any(${uuids}::uuid[])),
      unnamed as (
        select e.unique_id from gone_entry e
        where not exists (select from registry.document_entry o where o.unique_id = e.unique_id and o.entry_uuid <> all(${uuids}::uuid[]))),
      names as (
        delete from registry.unique_id where unique_id in (
          select unique_id from unnamed
          union select unique_id from registry.submission_set where entry_uuid = any(${uuids}::uuid[])
          union select f.unique_id from gone_folder f
          where not exists (select from registry.folder o
                            where (o.entry_uuid = f.logical_uuid or (o.logical_uuid = f.logical_uuid and o.version > 1))
                              and o.entry_uuid <> all(${uuids}::uuid[])))),
      said_before as (
        delete from repository.traits t using gone_entry e join unnamed u on u.unique_id = e.unique_id
        where t.unique_id = e.unique_id and t.publisher = e.publisher and e.repository_unique_id = ${repositoryUniqueId}),
      traits as (
        insert into repository.traits (unique_id, domain, value, publisher, mime_type, kind, confidentiality)
        select distinct e.unique_id, i.domain, i.value, e.publisher, e.mime_type, split_part(e.class_code, '^^', 1), e.confidentiality
        from gone_entry e
        join unnamed u on u.unique_id = e.unique_id
        join repository.document d on d.unique_id = e.unique_id
        cross join lateral ${communityIdOf(named('e.person_key'))} i
        where e.repository_unique_id = ${repositoryUniqueId} and e.latest),
      newest_entry as (
        update registry.document_entry set latest = true where entry_uuid in (
          select distinct on (x.logical_uuid) x.entry_uuid
          from gone_entry g join registry.document_entry x
            on x.entry_uuid = g.logical_uuid or (x.logical_uuid = g.logical_uuid and x.version > 1)
          where g.latest and x.entry_uuid <> all(${uuids}::uuid[])
          order by x.logical_uuid, x.version desc)),
      newest_folder as (
        update registry.folder set latest = true where entry_uuid in (
          select distinct on (x.logical_uuid) x.entry_uuid
          from gone_folder g join registry.folder x
            on x.entry_uuid = g.logical_uuid or (x.logical_uuid = g.logical_uuid and x.version > 1)
          where g.latest and x.entry_uuid <> all(${uuids}::uuid[])
          order by x.logical_uuid, x.version desc)),
      series as (
        update registry.series set current_entry = null, updated_at = now()
        where series_id in (select series_id from gone_entry where series_id is not null) and current_entry = any(${uuids}::uuid[])),
      entries as (delete from registry.document_entry where entry_uuid = any(${uuids}::uuid[])),
      folders as (delete from registry.folder where entry_uuid = any(${uuids}::uuid[])),
      sets as (delete from registry.submission_set where entry_uuid = any(${uuids}::uuid[])),
      associations as (delete from registry.association where association_uuid = any(${uuids}::uuid[]))`,
  ]
}
