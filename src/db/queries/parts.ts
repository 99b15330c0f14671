// What each stored query returns, as WITH parts: `ss`, `fd`, `de` and `link` hold the objects of the answer that are visible to the scopes
// (ITI TF-2 3.18.4.1.2.3.7). Ids of former parts are handed on as arrays, so that an index is used whatever the planner guesses.

import type {
  GetAll,
  GetAssociations,
  GetDocumentsAndAssociations,
  GetFolderAndContents,
  GetFoldersForDocument,
  GetRelatedDocuments,
  GetSubmissionSetAndContents,
  GetSubmissionSets,
  MetadataLevel,
} from '../../model/stored-query.ts'
import { HAS_MEMBER, STATUS_APPROVED } from '../../model/xds.ts'
import type { SelectedQuery } from '../../registry/query-ports.ts'
import { type Statement, sql } from '../sql.ts'
import { folderCriteria, memberCriteria, submissionSetCriteria } from './criteria.ts'
import { personOf, startOf } from './start.ts'
import { ENTRY, endsSeen, FOLDER, SUBMISSION_SET } from './visible.ts'

export type Part = 'ss' | 'fd' | 'de' | 'link'

export interface Parts {
  readonly with: readonly Statement[]
  readonly returned: readonly Part[]
}

export function partsOf(selected: SelectedQuery): Parts {
  const { query } = selected
  const start = sql`start as materialized (${startOf(selected)})`
  switch (query.kind) {
    case 'GetDocuments':
      return { with: [start, entriesOfStart], returned: ['de'] }
    case 'GetFolders':
      return { with: [start, foldersOfStart], returned: ['fd'] }
    case 'GetAssociations':
      return { with: [start, touching(query)], returned: ['link'] }
    case 'GetDocumentsAndAssociations':
      return { with: [start, entriesOfStart, touchingEntries(query)], returned: ['de', 'link'] }
    case 'GetSubmissionSets':
      return { with: [start, ...setsHolding(query)], returned: ['ss', 'link'] }
    case 'GetSubmissionSetAndContents':
      return { with: [start, ...setAndContents(query)], returned: ['ss', 'fd', 'de', 'link'] }
    case 'GetFolderAndContents':
      return { with: [start, ...folderAndContents(query)], returned: ['fd', 'de', 'link'] }
    case 'GetFoldersForDocument':
      return { with: [start, ...foldersHolding(query)], returned: ['fd'] }
    case 'GetRelatedDocuments':
      return { with: [start, ...related(query)], returned: ['de', 'link'] }
    case 'FindSubmissionSets': {
      const asked = sql`${query.status.includes(STATUS_APPROVED)} and ${submissionSetCriteria(query)}`
      return { with: [setsOfPerson(selected, asked)], returned: ['ss'] }
    }
    case 'FindFolders':
      return { with: [foldersOfPerson(selected, folderCriteria(query))], returned: ['fd'] }
    case 'GetAll':
      return { with: everything(selected, query), returned: ['ss', 'fd', 'de', 'link'] }
  }
  return query satisfies never
}

const entriesOfStart = sql`de as materialized (
      select e.* from registry.document_entry e
      where ${ENTRY} and e.entry_uuid = any(array(select uuid from start)))`

const foldersOfStart = sql`fd as materialized (
      select f.* from registry.folder f
      where ${FOLDER} and f.entry_uuid = any(array(select uuid from start)))`

const setsOfStart = sql`ss as materialized (
      select p.* from registry.submission_set p
      where ${SUBMISSION_SET} and p.entry_uuid = any(array(select uuid from start)))`

/** A SubmissionSet is Approved for ever. */
function setsOfPerson(selected: SelectedQuery, asked: Statement): Statement {
  return sql`ss as materialized (
      select p.* from registry.submission_set p
      where ${SUBMISSION_SET} and p.person_key = ${personOf(selected)} and ${asked})`
}

function foldersOfPerson(selected: SelectedQuery, asked: Statement): Statement {
  return sql`fd as materialized (
      select f.* from registry.folder f
      where ${FOLDER} and f.person_key = ${personOf(selected)} and ${asked})`
}

type Associating = { readonly associationStatus: readonly string[]; readonly metadataLevel: MetadataLevel }

/** Condition on association `a`. */
function shown({ associationStatus, metadataLevel }: Associating): Statement {
  return sql`a.status = any(${associationStatus}) and ${endsSeen(metadataLevel)}`
}

function touching(query: GetAssociations): Statement {
  return sql`link as materialized (
      select a.* from registry.association a
      where (a.source_uuid = any(array(select uuid from start)) or a.target_uuid = any(array(select uuid from start))) and ${shown(query)})`
}

function touchingEntries(query: GetDocumentsAndAssociations): Statement {
  return sql`link as materialized (
      select a.* from registry.association a
      where (a.source_uuid = any(array(select entry_uuid from de)) or a.target_uuid = any(array(select entry_uuid from de)))
        and ${shown(query)})`
}

function setsHolding(query: GetSubmissionSets): readonly Statement[] {
  return [
    sql`link as materialized (
      select a.* from registry.association a
      where a.target_uuid = any(array(select uuid from start)) and a.type = ${HAS_MEMBER} and ${shown(query)}
        and (select true from registry.submission_set p where p.entry_uuid = a.source_uuid))`,
    sql`ss as (
      select p.* from registry.submission_set p where p.entry_uuid = any(array(select source_uuid from link)))`,
  ]
}

/** Memberships whose package is among these; of a folder version that is not the newest nothing shows at level 1. */
function members(packages: Statement, { associationStatus }: Associating): Statement {
  return sql`member as materialized (
      select a.* from registry.association a
      where a.source_uuid = any(array(${packages})) and a.type = ${HAS_MEMBER} and a.status = any(${associationStatus}))`
}

function memberEntries(query: GetSubmissionSetAndContents | GetFolderAndContents): Statement {
  return sql`de as materialized (
      select e.* from registry.document_entry e
      where ${ENTRY} and e.entry_uuid = any(array(select target_uuid from member)) and ${memberCriteria(query.members, query.metadataLevel)})`
}

function setAndContents(query: GetSubmissionSetAndContents): readonly Statement[] {
  return [
    setsOfStart,
    members(sql`select entry_uuid from ss`, query),
    memberEntries(query),
    sql`fd as materialized (
      select f.* from registry.folder f
      where ${FOLDER} and f.entry_uuid = any(array(select target_uuid from member)) and (${query.metadataLevel === 2} or f.latest))`,
    sql`content as materialized (
      select a.* from registry.association a
      where a.association_uuid = any(array(select target_uuid from member)) and a.type = ${HAS_MEMBER}
        and a.status = any(${query.associationStatus})
        and (a.source_uuid in (select entry_uuid from fd)) is true and (a.target_uuid in (select entry_uuid from de)) is true)`,
    sql`link as (
      select * from content
      union all
      select * from member where (target_uuid in (
        select entry_uuid from de union all select entry_uuid from fd union all select association_uuid from content)) is true)`,
  ]
}

function folderAndContents(query: GetFolderAndContents): readonly Statement[] {
  return [
    foldersOfStart,
    members(sql`select entry_uuid from fd where ${query.metadataLevel === 2} or latest`, query),
    memberEntries(query),
    sql`link as (select * from member where (target_uuid in (select entry_uuid from de)) is true)`,
  ]
}

function foldersHolding(query: GetFoldersForDocument): readonly Statement[] {
  return [
    sql`holding as materialized (
      select a.source_uuid from registry.association a
      where a.target_uuid = any(array(select uuid from start)) and a.type = ${HAS_MEMBER} and ${shown(query)})`,
    sql`fd as (
      select f.* from registry.folder f where f.entry_uuid = any(array(select source_uuid from holding)))`,
  ]
}

/** Between entries there is every type of association but HasMember. */
function related(query: GetRelatedDocuments): readonly Statement[] {
  const types = query.associationTypes.filter((type) => type !== HAS_MEMBER)
  return [
    sql`link as materialized (
      select a.* from registry.association a
      where (a.source_uuid = any(array(select uuid from start)) or a.target_uuid = any(array(select uuid from start)))
        and a.type = any(${types}) and ${shown(query)}
        and (select count(*) from registry.document_entry e
             where e.entry_uuid = any(array[a.source_uuid, a.target_uuid]) and e.object_type = any(${query.objectTypes})) = 2)`,
    sql`de as (
      select e.* from registry.document_entry e
      where e.entry_uuid = any(array(select source_uuid from link union select target_uuid from link)))`,
  ]
}

/** Alone among the queries for contents, it returns associations one end of which is not in the answer. */
function everything(selected: SelectedQuery, query: GetAll): readonly Statement[] {
  return [
    setsOfPerson(selected, sql`${query.submissionSetStatus.includes(STATUS_APPROVED)}::boolean`),
    foldersOfPerson(
      selected,
      sql`f.status = any(${query.folderStatus}) and (${query.metadataLevel === 2} or f.latest)`,
    ),
    sql`de as materialized (
      select e.* from registry.document_entry e
      where ${ENTRY} and e.person_key = ${personOf(selected)} and e.status = any(${query.entryStatus})
        and ${memberCriteria(query.members, query.metadataLevel)})`,
    sql`among as materialized (
      select entry_uuid from ss union all select entry_uuid from fd union all select entry_uuid from de)`,
    sql`link as materialized (
      select a.* from registry.association a
      where (a.source_uuid = any(array(select entry_uuid from among)) or a.target_uuid = any(array(select entry_uuid from among)))
        and ${shown(query)})`,
  ]
}
