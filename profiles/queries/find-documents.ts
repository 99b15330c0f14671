// FindDocuments (ITI TF-2 3.18.4.1.2.3.7.1).

import { entryCriteria } from './criteria.ts'
import { parameter, storedQuery } from './define.ts'

export const findDocuments = storedQuery({
  id: 'urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d',
  name: 'FindDocuments',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.1',
  parameters: [parameter('$XDSDocumentEntryPatientId', 'S', 'R'), ...entryCriteria],
  returns: ['DocumentEntry'],
})
