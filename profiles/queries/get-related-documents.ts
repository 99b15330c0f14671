// GetRelatedDocuments (ITI TF-2 3.18.4.1.2.3.7.13).

import { parameter, storedQuery } from './define.ts'

export const getRelatedDocuments = storedQuery({
  id: 'urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6',
  name: 'GetRelatedDocuments',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.13',
  parameters: [
    parameter('$XDSDocumentEntryEntryUUID', 'S'),
    parameter('$XDSDocumentEntryUniqueId', 'S'),
    parameter('$AssociationTypes', 'M', 'R'),
    parameter('$XDSDocumentEntryType', 'M'),
  ],
  returns: ['DocumentEntry', 'Association'],
  exactlyOneOf: ['$XDSDocumentEntryEntryUUID', '$XDSDocumentEntryUniqueId'],
})
