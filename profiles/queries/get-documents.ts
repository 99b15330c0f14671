// GetDocuments (ITI TF-2 3.18.4.1.2.3.7.5).

import { parameter, type StoredQueryRow } from './define.ts'

export const getDocuments: StoredQueryRow = {
  id: 'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4',
  name: 'GetDocuments',
  section: 'ITI TF-2 3.18.4.1.2.3.7.5',
  parameters: [parameter('$XDSDocumentEntryEntryUUID', 'M'), parameter('$XDSDocumentEntryUniqueId', 'M')],
  exactlyOneOf: ['$XDSDocumentEntryEntryUUID', '$XDSDocumentEntryUniqueId'],
}
