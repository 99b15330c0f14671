// FindDocuments (ITI TF-2 3.18.4.1.2.3.7.1).

import { parameter, type StoredQueryRow } from './define.ts'

export const findDocuments: StoredQueryRow = {
  id: 'urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d',
  name: 'FindDocuments',
  section: 'ITI TF-2 3.18.4.1.2.3.7.1',
  parameters: [
    parameter('$XDSDocumentEntryPatientId', 'S', 'R'),
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
  ],
}
