// Parameters that several stored queries share (ITI TF-2 3.18.4.1.2.3.7).

import { parameter, type QueryParameter } from './define.ts'

/** All of FindDocuments but the patient. */
export const entryCriteria: readonly QueryParameter[] = [
  parameter('$XDSDocumentEntryStatus', 'M', 'R'),
  parameter('$XDSDocumentEntryClassCode', 'C'),
  parameter('$XDSDocumentEntryTypeCode', 'C'),
  parameter('$XDSDocumentEntryPracticeSettingCode', 'C'),
  parameter('$XDSDocumentEntryHealthcareFacilityTypeCode', 'C'),
  parameter('$XDSDocumentEntryFormatCode', 'C'),
  parameter('$XDSDocumentEntryEventCodeList', 'CA'),
  parameter('$XDSDocumentEntryConfidentialityCode', 'CA'),
  parameter('$XDSDocumentEntryCreationTimeFrom', 'T'),
  parameter('$XDSDocumentEntryCreationTimeTo', 'T'),
  parameter('$XDSDocumentEntryServiceStartTimeFrom', 'T'),
  parameter('$XDSDocumentEntryServiceStartTimeTo', 'T'),
  parameter('$XDSDocumentEntryServiceStopTimeFrom', 'T'),
  parameter('$XDSDocumentEntryServiceStopTimeTo', 'T'),
  parameter('$XDSDocumentEntryAuthorPerson', 'L'),
  parameter('$XDSDocumentEntryType', 'M'),
]

/** Compared as a whole; a value with % or _ is a pattern. */
export const referenceIds: QueryParameter = parameter('$XDSDocumentEntryReferenceIdList', 'LA', 'R')

/** All of FindFolders but the patient. */
export const folderCriteria: readonly QueryParameter[] = [
  parameter('$XDSFolderStatus', 'M', 'R'),
  parameter('$XDSFolderLastUpdateTimeFrom', 'T'),
  parameter('$XDSFolderLastUpdateTimeTo', 'T'),
  parameter('$XDSFolderCodeList', 'CA'),
]

/** Which members a query for contents returns. */
export const memberCriteria: readonly QueryParameter[] = [
  parameter('$XDSDocumentEntryFormatCode', 'C'),
  parameter('$XDSDocumentEntryConfidentialityCode', 'CA'),
  parameter('$XDSDocumentEntryType', 'M'),
]

/** Of these a query about many patients must give one, or more (ITI TF-2 3.51.4.1.2). */
export const SELECTIVE_FOR_ENTRIES = [
  '$XDSDocumentEntryPatientId',
  '$XDSDocumentEntryClassCode',
  '$XDSDocumentEntryEventCodeList',
  '$XDSDocumentEntryHealthcareFacilityTypeCode',
] as const
