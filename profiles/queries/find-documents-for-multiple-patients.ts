// FindDocumentsForMultiplePatients (ITI TF-2 3.51.4.1.2).

import { entryCriteria, SELECTIVE_FOR_ENTRIES } from './criteria.ts'
import { parameter, storedQuery } from './define.ts'

export const findDocumentsForMultiplePatients = storedQuery({
  id: 'urn:uuid:3d1bdb10-39a2-11de-89c2-2f44d94eaa9f',
  name: 'FindDocumentsForMultiplePatients',
  transaction: 'ITI-51',
  section: 'ITI TF-2 3.51.4.1.2',
  parameters: [parameter('$XDSDocumentEntryPatientId', 'M'), ...entryCriteria],
  returns: ['DocumentEntry'],
  atLeastOneOf: SELECTIVE_FOR_ENTRIES,
})
