// Stored queries this registry answers; every other id is XDSUnknownStoredQuery.

import type { StoredQueryRow } from './define.ts'
import { findDocuments } from './find-documents.ts'
import { findDocumentsByReferenceId } from './find-documents-by-reference-id.ts'
import { findDocumentsByReferenceIdForMultiplePatients } from './find-documents-by-reference-id-for-multiple-patients.ts'
import { findDocumentsForMultiplePatients } from './find-documents-for-multiple-patients.ts'
import { findFolders } from './find-folders.ts'
import { findFoldersForMultiplePatients } from './find-folders-for-multiple-patients.ts'
import { findSubmissionSets } from './find-submission-sets.ts'
import { getAll } from './get-all.ts'
import { getAssociations } from './get-associations.ts'
import { getDocuments } from './get-documents.ts'
import { getDocumentsAndAssociations } from './get-documents-and-associations.ts'
import { getFolderAndContents } from './get-folder-and-contents.ts'
import { getFolders } from './get-folders.ts'
import { getFoldersForDocument } from './get-folders-for-document.ts'
import { getRelatedDocuments } from './get-related-documents.ts'
import { getSubmissionSetAndContents } from './get-submission-set-and-contents.ts'
import { getSubmissionSets } from './get-submission-sets.ts'

export { SELECTIVE_FOR_ENTRIES } from './criteria.ts'
export {
  ASSOCIATION_STATUS,
  METADATA_LEVEL,
  type QueryParameter,
  type ReturnedObject,
  type StoredQueryName,
  type StoredQueryRow,
} from './define.ts'
export { findDocuments, getDocuments, getFolders }

export const storedQueries: readonly StoredQueryRow[] = [
  findDocuments,
  findDocumentsByReferenceId,
  findSubmissionSets,
  findFolders,
  getAll,
  getDocuments,
  getFolders,
  getAssociations,
  getDocumentsAndAssociations,
  getSubmissionSets,
  getSubmissionSetAndContents,
  getFolderAndContents,
  getFoldersForDocument,
  getRelatedDocuments,
  findDocumentsForMultiplePatients,
  findDocumentsByReferenceIdForMultiplePatients,
  findFoldersForMultiplePatients,
]
