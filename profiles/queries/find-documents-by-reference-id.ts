// FindDocumentsByReferenceId (ITI TF-2 3.18.4.1.2.3.7.14).

import { entryCriteria, referenceIds } from './criteria.ts'
import { parameter, storedQuery } from './define.ts'

export const findDocumentsByReferenceId = storedQuery({
  id: 'urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492',
  name: 'FindDocumentsByReferenceId',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.14',
  parameters: [parameter('$XDSDocumentEntryPatientId', 'S', 'R'), ...entryCriteria, referenceIds],
  returns: ['DocumentEntry'],
})
