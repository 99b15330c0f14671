// GetDocuments (ITI TF-2 3.18.4.1.2.3.7.5).

import { parameter, storedQuery } from './define.ts'

export const getDocuments = storedQuery({
  id: 'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4',
  name: 'GetDocuments',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.5',
  parameters: [
    parameter('$XDSDocumentEntryEntryUUID', 'M'),
    parameter('$XDSDocumentEntryUniqueId', 'M'),
    parameter('$XDSDocumentEntryLogicalID', 'M'),
  ],
  returns: ['DocumentEntry'],
  exactlyOneOf: ['$XDSDocumentEntryEntryUUID', '$XDSDocumentEntryUniqueId', '$XDSDocumentEntryLogicalID'],
})
