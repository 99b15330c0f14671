// From the arguments of a stored query to its typed form, one reader a query (ITI TF-2 3.18.4.1.2.3.7, 3.51.4.1.2).

import { iheError } from '../../../profiles/errors/index.ts'
import {
  ASSOCIATION_STATUS,
  METADATA_LEVEL,
  SELECTIVE_FOR_ENTRIES,
  type StoredQueryName,
} from '../../../profiles/queries/index.ts'
import { type PatientId, parseCx } from '../../model/identifiers.ts'
import type {
  EntryCriteria,
  FolderCriteria,
  MemberCriteria,
  MetadataLevel,
  ObjectIds,
  PatternFilter,
  ReturnType,
  StoredQuery,
  TimeRange,
} from '../../model/stored-query.ts'
import { OBJECT_ON_DEMAND, OBJECT_STABLE, STATUS_APPROVED, STATUS_DEPRECATED } from '../../model/xds.ts'
import type { Arguments } from './query-arguments.ts'

const ENTRY = '$XDSDocumentEntry'
const SET = '$XDSSubmissionSet'
const FOLDER = '$XDSFolder'

/**
 * @throws {IheError} QUERY_PARAMETER_MISSING without a known status, QUERY_PARAMETER_VALUE for a patient id or level that is none,
 * QUERY_LOGICAL_ID
 */
export function toStoredQuery(name: StoredQueryName, given: Arguments, returnType: ReturnType): StoredQuery {
  return readers[name](given, { returnType, metadataLevel: levelOf(given) })
}

type Asked = { readonly returnType: ReturnType; readonly metadataLevel: MetadataLevel }
type Reader = (given: Arguments, asked: Asked) => StoredQuery

const findDocuments: Reader = (given, asked) => ({
  kind: 'FindDocuments',
  ...asked,
  patientId: patientOf(given, `${ENTRY}PatientId`),
  ...entryCriteria(given),
})

const findDocumentsOfMany: Reader = (given, asked) => ({
  kind: 'FindDocumentsForMultiplePatients',
  ...asked,
  patientIds: patientsOf(given, `${ENTRY}PatientId`),
  ...entryCriteria(given),
})

const readers: Readonly<Record<StoredQueryName, Reader>> = {
  FindDocuments: findDocuments,
  FindDocumentsByReferenceId: findDocuments,
  FindSubmissionSets: (given, asked) => ({
    kind: 'FindSubmissionSets',
    ...asked,
    patientId: patientOf(given, `${SET}PatientId`),
    status: statusesOf(given, `${SET}Status`),
    sourceId: given.list(`${SET}SourceId`) ?? [],
    submissionTime: range(given, `${SET}SubmissionTime`),
    authorPerson: given.list(`${SET}AuthorPerson`) ?? [],
    contentType: given.filter(`${SET}ContentType`),
  }),
  FindFolders: (given, asked) => ({
    kind: 'FindFolders',
    ...asked,
    patientId: patientOf(given, `${FOLDER}PatientId`),
    ...folderCriteria(given),
  }),
  GetAll: (given, asked) => ({
    kind: 'GetAll',
    ...asked,
    patientId: patientOf(given, '$patientId'),
    entryStatus: statusesOf(given, `${ENTRY}Status`),
    submissionSetStatus: statusesOf(given, `${SET}Status`),
    folderStatus: statusesOf(given, `${FOLDER}Status`),
    members: memberCriteria(given),
    ...associated(given),
  }),
  GetDocuments: (given, asked) => ({ kind: 'GetDocuments', ...asked, ...idsOf(given, { prefix: ENTRY, asked }) }),
  GetFolders: (given, asked) => ({ kind: 'GetFolders', ...asked, ...idsOf(given, { prefix: FOLDER, asked }) }),
  GetAssociations: (given, asked) => ({
    kind: 'GetAssociations',
    ...asked,
    uuids: given.list('$uuid') ?? [],
    ...associated(given),
  }),
  GetDocumentsAndAssociations: (given, asked) => ({
    kind: 'GetDocumentsAndAssociations',
    ...asked,
    ...idsOf(given, { prefix: ENTRY, asked }),
    ...associated(given),
  }),
  GetSubmissionSets: (given, asked) => ({
    kind: 'GetSubmissionSets',
    ...asked,
    uuids: given.list('$uuid') ?? [],
    ...associated(given),
  }),
  GetSubmissionSetAndContents: (given, asked) => ({
    kind: 'GetSubmissionSetAndContents',
    ...asked,
    ...idsOf(given, { prefix: SET, asked }),
    members: memberCriteria(given),
    ...associated(given),
  }),
  GetFolderAndContents: (given, asked) => ({
    kind: 'GetFolderAndContents',
    ...asked,
    ...idsOf(given, { prefix: FOLDER, asked }),
    members: memberCriteria(given),
    ...associated(given),
  }),
  GetFoldersForDocument: (given, asked) => ({
    kind: 'GetFoldersForDocument',
    ...asked,
    ...idsOf(given, { prefix: ENTRY, asked }),
    ...associated(given),
  }),
  GetRelatedDocuments: (given, asked) => ({
    kind: 'GetRelatedDocuments',
    ...asked,
    ...idsOf(given, { prefix: ENTRY, asked }),
    associationTypes: given.list('$AssociationTypes') ?? [],
    objectTypes: objectTypesOf(given),
    ...associated(given),
  }),
  FindDocumentsForMultiplePatients: findDocumentsOfMany,
  FindDocumentsByReferenceIdForMultiplePatients: (given, asked) => {
    if (!SELECTIVE_FOR_ENTRIES.some((name) => given.list(name) !== undefined) && !hasWholeReferenceId(given))
      throw iheError('QUERY_PARAMETER_MISSING', {
        at: SELECTIVE_FOR_ENTRIES.join(' or '),
        rule: 'required where every reference id is a pattern',
      })
    return findDocumentsOfMany(given, asked)
  },
  FindFoldersForMultiplePatients: (given, asked) => ({
    kind: 'FindFoldersForMultiplePatients',
    ...asked,
    patientIds: patientsOf(given, `${FOLDER}PatientId`),
    ...folderCriteria(given),
  }),
}

function hasWholeReferenceId(given: Arguments): boolean {
  return referenceIds(given).some((list) => list.every((value) => !/[%_]/.test(value)))
}

function referenceIds(given: Arguments): PatternFilter {
  return given.filter(`${ENTRY}ReferenceIdList`)
}

function entryCriteria(given: Arguments): EntryCriteria {
  const filter = (name: string) => given.filter(ENTRY + name)
  return {
    status: statusesOf(given, `${ENTRY}Status`),
    objectTypes: objectTypesOf(given),
    codes: {
      classCode: filter('ClassCode'),
      typeCode: filter('TypeCode'),
      practiceSettingCode: filter('PracticeSettingCode'),
      healthcareFacilityTypeCode: filter('HealthcareFacilityTypeCode'),
      formatCode: filter('FormatCode'),
      eventCodeList: filter('EventCodeList'),
      confidentialityCode: filter('ConfidentialityCode'),
    },
    creationTime: range(given, `${ENTRY}CreationTime`),
    serviceStartTime: range(given, `${ENTRY}ServiceStartTime`),
    serviceStopTime: range(given, `${ENTRY}ServiceStopTime`),
    authorPerson: given.list(`${ENTRY}AuthorPerson`) ?? [],
    referenceIds: referenceIds(given),
  }
}

function folderCriteria(given: Arguments): FolderCriteria {
  return {
    status: statusesOf(given, `${FOLDER}Status`),
    lastUpdateTime: range(given, `${FOLDER}LastUpdateTime`),
    codes: given.filter(`${FOLDER}CodeList`),
  }
}

function memberCriteria(given: Arguments): MemberCriteria {
  return {
    objectTypes: objectTypesOf(given),
    formatCode: given.filter(`${ENTRY}FormatCode`),
    confidentialityCode: given.filter(`${ENTRY}ConfidentialityCode`),
  }
}

/** Stable entries when absent; values that are neither kind of entry find nothing. */
function objectTypesOf(given: Arguments): readonly string[] {
  const types = given.list(`${ENTRY}Type`) ?? [OBJECT_STABLE]
  return types.filter((value) => value === OBJECT_STABLE || value === OBJECT_ON_DEMAND)
}

/** A value not understood is dropped; none left is as if the parameter were missing. */
function statusesOf(given: Arguments, name: string): readonly string[] {
  const known = knownStatuses(given.list(name))
  if (known.length === 0)
    throw iheError('QUERY_PARAMETER_MISSING', { at: name, rule: 'no known status among the values' })
  return known
}

function knownStatuses(values: readonly string[] = []): readonly string[] {
  return values.filter((value) => value === STATUS_APPROVED || value === STATUS_DEPRECATED)
}

function associated(given: Arguments): { readonly associationStatus: readonly string[] } {
  const known = knownStatuses(given.list(ASSOCIATION_STATUS))
  return { associationStatus: known.length === 0 ? [STATUS_APPROVED] : known }
}

function idsOf(given: Arguments, { prefix, asked }: { readonly prefix: string; readonly asked: Asked }): ObjectIds {
  const logical = given.list(`${prefix}LogicalID`)
  if (logical !== undefined) {
    if (asked.metadataLevel === 1) throw iheError('QUERY_LOGICAL_ID', { at: `${prefix}LogicalID` })
    return { by: 'logicalID', values: logical }
  }
  const uuids = given.list(`${prefix}EntryUUID`)
  return uuids === undefined
    ? { by: 'uniqueId', values: given.list(`${prefix}UniqueId`) ?? [] }
    : { by: 'entryUUID', values: uuids }
}

function levelOf(given: Arguments): MetadataLevel {
  const value = given.one(METADATA_LEVEL)
  if (value === undefined || value === '1') return 1
  if (value === '2') return 2
  throw iheError('QUERY_PARAMETER_VALUE', { at: METADATA_LEVEL, value, rule: 'the number 1 or 2' })
}

function patientOf(given: Arguments, name: string): PatientId {
  return toPatientId(name, given.one(name) ?? '')
}

function patientsOf(given: Arguments, name: string): readonly PatientId[] {
  return (given.list(name) ?? []).map((value) => toPatientId(name, value))
}

/** White space around the id is no part of it: stacks in the field send it inside the quotes. */
function toPatientId(name: string, value: string): PatientId {
  const id = parseCx(value.trim())
  if (id === undefined) throw iheError('QUERY_PARAMETER_VALUE', { at: name, value, rule: 'CX: id^^^&OID&ISO' })
  return id
}

function range(given: Arguments, name: string): TimeRange {
  const [from, to] = [given.one(`${name}From`), given.one(`${name}To`)]
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}
