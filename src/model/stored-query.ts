// Stored queries after decoding (ITI TF-2 3.18.4.1.2.3.7, 3.51.4.1.2): typed, with AND/OR resolved.

import type { PatientId } from './identifiers.ts'

/** All inner lists must match (AND); within one list any value matches (OR). Values are `code^^scheme`. */
export type CodeFilter = readonly (readonly string[])[]

/** As CodeFilter; a value with `%` or `_` is a pattern. */
export type PatternFilter = readonly (readonly string[])[]

export type ReturnType = 'LeafClass' | 'ObjectRef'

/** 1: of every object its newest version only, unless an entryUUID names another; 2: all versions (Metadata Update). */
export type MetadataLevel = 1 | 2

/** from ≤ x < to, 14 digits each, either side open. */
export interface TimeRange {
  readonly from?: string
  readonly to?: string
}

interface Asked {
  readonly returnType: ReturnType
  readonly metadataLevel: MetadataLevel
}

/** What FindDocuments asks of an entry; empty lists ask nothing, except status and objectTypes. */
export interface EntryCriteria {
  /** availabilityStatus URNs. */
  readonly status: readonly string[]
  readonly objectTypes: readonly string[]
  readonly codes: {
    readonly classCode: CodeFilter
    readonly typeCode: CodeFilter
    readonly practiceSettingCode: CodeFilter
    readonly healthcareFacilityTypeCode: CodeFilter
    readonly formatCode: CodeFilter
    readonly eventCodeList: CodeFilter
    readonly confidentialityCode: CodeFilter
  }
  readonly creationTime: TimeRange
  readonly serviceStartTime: TimeRange
  readonly serviceStopTime: TimeRange
  /** LIKE patterns; any may match any author. */
  readonly authorPerson: readonly string[]
  readonly referenceIds: PatternFilter
}

export interface FolderCriteria {
  readonly status: readonly string[]
  readonly lastUpdateTime: TimeRange
  readonly codes: CodeFilter
}

/** Which member entries a query for contents returns, whatever their status. */
export interface MemberCriteria {
  readonly objectTypes: readonly string[]
  readonly formatCode: CodeFilter
  readonly confidentialityCode: CodeFilter
}

/** Ids of objects of one kind; several objects may share a uniqueId, versions share a logicalID. */
export interface ObjectIds {
  readonly by: 'entryUUID' | 'uniqueId' | 'logicalID'
  readonly values: readonly string[]
}

interface Associated {
  /** Status URNs of the associations returned or followed. */
  readonly associationStatus: readonly string[]
}

/** FindDocumentsByReferenceId too: it only requires one criterion more. */
export interface FindDocuments extends Asked, EntryCriteria {
  readonly kind: 'FindDocuments'
  readonly patientId: PatientId
}

export interface FindSubmissionSets extends Asked {
  readonly kind: 'FindSubmissionSets'
  readonly patientId: PatientId
  readonly status: readonly string[]
  readonly sourceId: readonly string[]
  readonly submissionTime: TimeRange
  /** LIKE patterns; any may match any author. */
  readonly authorPerson: readonly string[]
  readonly contentType: CodeFilter
}

export interface FindFolders extends Asked, FolderCriteria {
  readonly kind: 'FindFolders'
  readonly patientId: PatientId
}

export interface GetAll extends Asked, Associated {
  readonly kind: 'GetAll'
  readonly patientId: PatientId
  readonly entryStatus: readonly string[]
  readonly submissionSetStatus: readonly string[]
  readonly folderStatus: readonly string[]
  readonly members: MemberCriteria
}

export interface GetDocuments extends Asked, ObjectIds {
  readonly kind: 'GetDocuments'
}

export interface GetFolders extends Asked, ObjectIds {
  readonly kind: 'GetFolders'
}

export interface GetAssociations extends Asked, Associated {
  readonly kind: 'GetAssociations'
  readonly uuids: readonly string[]
}

export interface GetDocumentsAndAssociations extends Asked, Associated, ObjectIds {
  readonly kind: 'GetDocumentsAndAssociations'
}

export interface GetSubmissionSets extends Asked, Associated {
  readonly kind: 'GetSubmissionSets'
  /** Of entries and folders. */
  readonly uuids: readonly string[]
}

export interface GetSubmissionSetAndContents extends Asked, Associated, ObjectIds {
  readonly kind: 'GetSubmissionSetAndContents'
  readonly members: MemberCriteria
}

export interface GetFolderAndContents extends Asked, Associated, ObjectIds {
  readonly kind: 'GetFolderAndContents'
  readonly members: MemberCriteria
}

export interface GetFoldersForDocument extends Asked, Associated, ObjectIds {
  readonly kind: 'GetFoldersForDocument'
}

export interface GetRelatedDocuments extends Asked, Associated, ObjectIds {
  readonly kind: 'GetRelatedDocuments'
  /** URNs. */
  readonly associationTypes: readonly string[]
  readonly objectTypes: readonly string[]
}

/** The one by reference ids too. */
export interface FindDocumentsForMultiplePatients extends Asked, EntryCriteria {
  readonly kind: 'FindDocumentsForMultiplePatients'
  /** Empty: of anybody. */
  readonly patientIds: readonly PatientId[]
}

export interface FindFoldersForMultiplePatients extends Asked, FolderCriteria {
  readonly kind: 'FindFoldersForMultiplePatients'
  /** Empty: of anybody. */
  readonly patientIds: readonly PatientId[]
}

/** About one patient, who is named. */
export type PatientQuery = FindSubmissionSets | FindFolders | GetAll

/** About objects whose ids are named; of whom they are shows only when they are found. */
export type IdQuery =
  | GetDocuments
  | GetFolders
  | GetAssociations
  | GetDocumentsAndAssociations
  | GetSubmissionSets
  | GetSubmissionSetAndContents
  | GetFolderAndContents
  | GetFoldersForDocument
  | GetRelatedDocuments

export type MultiPatientQuery = FindDocumentsForMultiplePatients | FindFoldersForMultiplePatients

export type StoredQuery = FindDocuments | PatientQuery | IdQuery | MultiPatientQuery

/** An object as the registry stored it: canonical XML after the element name, without status and home (design §3). */
export interface StoredObject {
  readonly element: 'ExtrinsicObject' | 'RegistryPackage' | 'Association'
  readonly id: string
  readonly status: string
  /** Of a Folder, 14 digits: it moves after registration, so it stands beside the fragment (ITI TF-3 4.2.3.4.6). */
  readonly lastUpdateTime?: string
  readonly ebrim: string
}
