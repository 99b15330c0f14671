// Answers of stored queries as a person reads them: a table for each kind of object (ITI TF-2 3.18.4.1.3).

import { readDocumentEntry, readFolder, readSubmissionSet } from '../../profiles/metadata/read.ts'
import type { ReturnedObject } from '../../profiles/queries/index.ts'
import type { ReceivedQueryResponse } from '../codec/ebxml/query-response.ts'
import type { DocumentEntry, Folder, SubmissionSet } from '../model/document-entry.ts'
import { type Association, type RegistryObject, slotValues } from '../model/ebrim.ts'
import type { Context } from './context.ts'
import { type Column, formatTable, printRows, toJson } from './output.ts'

type Stated<T> = T & { readonly availabilityStatus: string }
type ShownFolder = Stated<Folder> & { readonly lastUpdateTime: string }

const entryColumns: readonly Column<Stated<DocumentEntry>>[] = [
  { title: 'TITLE', value: (entry) => entry.title ?? '' },
  { title: 'CLASS', value: (entry) => entry.classCode.code },
  { title: 'CREATED', value: (entry) => readableTime(entry.creationTime ?? '') },
  { title: 'REPOSITORY', value: (entry) => entry.repositoryUniqueId ?? '' },
  { title: 'DOCUMENT', value: (entry) => entry.uniqueId },
]

/** Shown when gateways answered: whose an object is. */
const homeColumn: Column<{ readonly homeCommunityId?: string }> = {
  title: 'COMMUNITY',
  value: ({ homeCommunityId = '' }) => homeCommunityId.replace(/^urn:oid:/, ''),
}

const setColumns: readonly Column<Stated<SubmissionSet>>[] = [
  { title: 'TITLE', value: (set) => set.title ?? '' },
  { title: 'CONTENT', value: (set) => set.contentTypeCode.code },
  { title: 'SUBMITTED', value: (set) => readableTime(set.submissionTime) },
  { title: 'SOURCE', value: (set) => set.sourceId },
  { title: 'SUBMISSION SET', value: (set) => set.uniqueId },
]

const folderColumns: readonly Column<ShownFolder>[] = [
  { title: 'TITLE', value: (folder) => folder.title },
  { title: 'CODES', value: (folder) => folder.codeList.map(({ code }) => code).join(' ') },
  { title: 'UPDATED', value: (folder) => readableTime(folder.lastUpdateTime) },
  { title: 'STATUS', value: (folder) => lastWord(folder.availabilityStatus) },
  { title: 'FOLDER', value: (folder) => folder.uniqueId },
]

const associationColumns: readonly Column<Association>[] = [
  { title: 'TYPE', value: (association) => lastWord(association.type) },
  { title: 'SOURCE', value: (association) => association.source },
  { title: 'TARGET', value: (association) => association.target },
]

interface Section {
  readonly name: 'submissionSets' | 'folders' | 'documents' | 'associations'
  readonly heading: string
  readonly empty: string
  readonly rows: readonly unknown[]
  readonly table: string
}

/** One kind of object as every command shows its rows; several as a table, or a member of one JSON object, each. */
export function showObjects(
  { terminal, format }: Context,
  response: ReceivedQueryResponse,
  returns: readonly ReturnedObject[],
): void {
  const sections = returns.map((kind) => sectionOf(kind, response))
  terminal.out(format === 'json' ? jsonOf(sections) : tablesOf(sections))
}

function jsonOf(sections: readonly Section[]): string {
  const [only, ...others] = sections
  if (only !== undefined && others.length === 0) return toJson(only.rows)
  return toJson(Object.fromEntries(sections.map(({ name, rows }) => [name, rows])))
}

function tablesOf(sections: readonly Section[]): string {
  const [only, ...others] = sections
  if (only !== undefined && others.length === 0) return only.rows.length === 0 ? `${only.empty}\n` : only.table
  const filled = sections.filter(({ rows }) => rows.length > 0)
  if (filled.length === 0) return NOTHING
  return filled.map(({ heading, table }) => `${heading}\n${table}`).join('\n')
}

const NOTHING = 'nothing / 該当するものはありません\n'

function sectionOf(kind: ReturnedObject, response: ReceivedQueryResponse): Section {
  switch (kind) {
    case 'DocumentEntry': {
      const rows = readAll(response, 'ExtrinsicObject', readDocumentEntry)
      const words = { heading: 'documents / 文書', empty: 'no document / 文書はありません' }
      return { name: 'documents', ...words, rows, table: tableOf(rows, entryColumns) }
    }
    case 'SubmissionSet': {
      const rows = readAll(response, 'RegistryPackage', readSubmissionSet)
      const words = { heading: 'submission sets / 登録単位', empty: 'no submission set / 登録単位はありません' }
      return { name: 'submissionSets', ...words, rows, table: tableOf(rows, setColumns) }
    }
    case 'Folder': {
      const rows = foldersOf(response)
      const words = { heading: 'folders / フォルダ', empty: 'no folder / フォルダはありません' }
      return { name: 'folders', ...words, rows, table: tableOf(rows, folderColumns) }
    }
    case 'Association': {
      const rows = response.associations
      const words = { heading: 'associations / 関連', empty: 'no association / 関連はありません' }
      return { name: 'associations', ...words, rows, table: formatTable(rows, associationColumns) }
    }
  }
  return kind satisfies never
}

function tableOf<Row extends { readonly homeCommunityId?: string }>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): string {
  return formatTable(rows, rows.some((row) => row.homeCommunityId !== undefined) ? [homeColumn, ...columns] : columns)
}

/** Objects of that element that are what the reader reads; the label tells a SubmissionSet from a Folder. */
function readAll<T>(
  response: ReceivedQueryResponse,
  kind: RegistryObject['kind'],
  read: (object: RegistryObject) => { readonly value: T | undefined },
): readonly Stated<T>[] {
  return response.objects
    .filter((object) => object.kind === kind)
    .flatMap((object) => {
      const { value } = read(object)
      return value === undefined ? [] : [{ ...value, availabilityStatus: object.status ?? '' }]
    })
}

function foldersOf(response: ReceivedQueryResponse): readonly ShownFolder[] {
  const times = new Map(response.objects.map((object) => [object.id, slotValues(object, 'lastUpdateTime')[0] ?? '']))
  return readAll(response, 'RegistryPackage', readFolder).map((folder) => ({
    ...folder,
    lastUpdateTime: times.get(folder.entryUUID) ?? '',
  }))
}

export function showReferences({ terminal, format }: Context, response: ReceivedQueryResponse): void {
  const columns = [{ title: 'ENTRY', value: (id: string) => id }]
  printRows(terminal, { rows: response.references, columns, empty: 'no document / 文書はありません' }, format)
}

function lastWord(urn: string): string {
  return urn.slice(urn.lastIndexOf(':') + 1)
}

/** DTM in UTC as `2026-01-20 05:30:00Z`, in the precision it has. */
export function readableTime(dtm: string): string {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?$/.exec(dtm) ?? []
  if (year === undefined) return dtm
  const date = [year, month, day].filter((part) => part !== undefined).join('-')
  if (hour === undefined) return date
  return `${date} ${[hour, minute ?? '00', second].filter((part) => part !== undefined).join(':')}Z`
}
