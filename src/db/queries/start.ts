// Where a stored query starts, as a SELECT of uuids, and which persons it touches from there (ITI TF-2 3.18.4.1.2.3.7).

import type pg from 'pg'
import { parseEntryUuid } from '../../model/identifiers.ts'
import type { MetadataLevel, ObjectIds } from '../../model/stored-query.ts'
import type { Reach, SelectedQuery } from '../../registry/query-ports.ts'
import { bareUuid } from '../registry-write.ts'
import { queryOne, type Statement, sql } from '../sql.ts'

/** What is no uuid names nothing. */
export function uuidsOf(values: readonly string[]): readonly string[] {
  return values.filter((value) => parseEntryUuid(value) !== undefined).map(bareUuid)
}

type Ids = ObjectIds & { readonly metadataLevel: MetadataLevel }

/** Values by kind of id; two of the three are empty. */
function split({ by, values }: ObjectIds) {
  return {
    uuids: by === 'entryUUID' ? uuidsOf(values) : [],
    uniqueIds: by === 'uniqueId' ? values : [],
    logical: by === 'logicalID' ? uuidsOf(values) : [],
  }
}

/** Covered by the primary key, document_entry_unique_id and document_entry_version; the first version's uuid is the logical id. */
function entries(asked: Ids): Statement {
  const { uuids, uniqueIds, logical } = split(asked)
  return sql`select e.entry_uuid as uuid from registry.document_entry e
      where e.entry_uuid = any(${uuids}::uuid[]) or (e.entry_uuid = any(${logical}::uuid[]) and e.version = 1)
         or (e.logical_uuid = any(${logical}::uuid[]) and e.version > 1)
         or (e.unique_id = any(${uniqueIds}) and (${asked.metadataLevel === 2} or e.latest))`
}

function folders(asked: Ids): Statement {
  const { uuids, uniqueIds, logical } = split(asked)
  return sql`select f.entry_uuid as uuid from registry.folder f where f.entry_uuid = any(${uuids}::uuid[])
      union
      select f.entry_uuid from (
        select unnest(${logical}::uuid[]) as uuid
        union select u.object_uuid from registry.unique_id u where u.unique_id = any(${uniqueIds}) and u.object = 'Folder') l
      cross join lateral (
        select v.entry_uuid, v.latest from registry.folder v where v.entry_uuid = l.uuid and v.version = 1
        union all select v.entry_uuid, v.latest from registry.folder v where v.logical_uuid = l.uuid and v.version > 1) f
      where ${asked.metadataLevel === 2} or f.latest`
}

function submissionSets(asked: Ids): Statement {
  const { uuids, uniqueIds } = split(asked)
  return sql`select unnest(${uuids}::uuid[]) as uuid
      union select u.object_uuid from registry.unique_id u where u.unique_id = any(${uniqueIds}) and u.object = 'SubmissionSet'`
}

/** The objects a query names, or those of its person. */
export function startOf(selected: SelectedQuery): Statement {
  const { query } = selected
  switch (query.kind) {
    case 'GetDocuments':
    case 'GetDocumentsAndAssociations':
    case 'GetFoldersForDocument':
    case 'GetRelatedDocuments':
      return entries(query)
    case 'GetFolders':
    case 'GetFolderAndContents':
      return folders(query)
    case 'GetSubmissionSetAndContents':
      return submissionSets(query)
    case 'GetAssociations':
    case 'GetSubmissionSets':
      return sql`select unnest(${uuidsOf(query.uuids)}::uuid[]) as uuid`
    case 'FindSubmissionSets':
      return sql`select entry_uuid as uuid from registry.submission_set where person_key = ${personOf(selected)}`
    case 'FindFolders':
      return sql`select entry_uuid as uuid from registry.folder where person_key = ${personOf(selected)}`
    case 'GetAll':
      return ofPerson(personOf(selected))
  }
  return query satisfies never
}

/** @throws {TypeError} for a query that names no patient: its persons are found by its ids. */
export function personOf(selected: SelectedQuery): string {
  if ('personKey' in selected) return selected.personKey
  throw new TypeError(`${selected.query.kind} is about no person`)
}

function ofPerson(personKey: string): Statement {
  return sql`select entry_uuid as uuid from registry.document_entry where person_key = ${personKey}
      union all select entry_uuid from registry.submission_set where person_key = ${personKey}
      union all select entry_uuid from registry.folder where person_key = ${personKey}`
}

/**
 * Persons of the objects a query starts from and of what is associated with them: one step is enough, because only a SubmissionSet may
 * reach another person, by an entry it refers to (ITI TF-3 4.2.2.1.1).
 */
export async function reach(pool: pg.Pool, selected: SelectedQuery): Promise<Reach> {
  const row = await queryOne<Reach>(
    pool,
    sql`/* ITI-18 whom a query touches */
      with start as materialized (${startOf(selected)}),
      touched as materialized (${isAlone(selected) ? sql`select uuid from start` : WITH_ASSOCIATED}),
      entry as (
        select distinct e.person_key, e.publisher, split_part(e.class_code, '^^', 1) as kind, e.confidentiality
        from registry.document_entry e where e.entry_uuid = any(array(select uuid from touched)))
      select array(select person_key::text from entry
                   union select person_key::text from registry.submission_set where entry_uuid = any(array(select uuid from touched))
                   union select person_key::text from registry.folder where entry_uuid = any(array(select uuid from touched))) as "personKeys",
        coalesce((select jsonb_agg(jsonb_build_object('personKey', person_key::text, 'publisher', publisher, 'kind', kind,
                                                      'confidentiality', confidentiality)) from entry), '[]'::jsonb) as traits`,
  )
  return row ?? { personKeys: [], traits: [] }
}

const WITH_ASSOCIATED = sql`select uuid from start
      union select a.target_uuid from registry.association a where a.source_uuid = any(array(select uuid from start))
      union select a.source_uuid from registry.association a where a.target_uuid = any(array(select uuid from start))`

function isAlone({ query }: SelectedQuery): boolean {
  return query.kind === 'GetDocuments' || query.kind === 'GetFolders'
}
