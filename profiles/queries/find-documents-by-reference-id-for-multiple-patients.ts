// FindDocumentsByReferenceIdForMultiplePatients (ITI TF-2 3.51.4.1.2): not in the Framework, but asked by others.

import { entryCriteria, referenceIds } from './criteria.ts'
import { parameter, storedQuery } from './define.ts'

export const findDocumentsByReferenceIdForMultiplePatients = storedQuery({
  id: 'urn:uuid:1191642d-86c4-42d8-b784-f95445f9f0d5',
  name: 'FindDocumentsByReferenceIdForMultiplePatients',
  transaction: 'ITI-51',
  section: 'ITI TF-2 3.51.4.1.2',
  parameters: [parameter('$XDSDocumentEntryPatientId', 'M'), ...entryCriteria, referenceIds],
  returns: ['DocumentEntry'],
})
