// GetDocumentsAndAssociations (ITI TF-2 3.18.4.1.2.3.7.8).

import { parameter, storedQuery } from './define.ts'

export const getDocumentsAndAssociations = storedQuery({
  id: 'urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a',
  name: 'GetDocumentsAndAssociations',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.8',
  parameters: [parameter('$XDSDocumentEntryEntryUUID', 'M'), parameter('$XDSDocumentEntryUniqueId', 'M')],
  returns: ['DocumentEntry', 'Association'],
  exactlyOneOf: ['$XDSDocumentEntryEntryUUID', '$XDSDocumentEntryUniqueId'],
})
