// GetFoldersForDocument (ITI TF-2 3.18.4.1.2.3.7.12).

import { parameter, storedQuery } from './define.ts'

export const getFoldersForDocument = storedQuery({
  id: 'urn:uuid:10cae35a-c7f9-4cf5-b61e-fc3278ffb578',
  name: 'GetFoldersForDocument',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.12',
  parameters: [parameter('$XDSDocumentEntryEntryUUID', 'S'), parameter('$XDSDocumentEntryUniqueId', 'S')],
  returns: ['Folder'],
  exactlyOneOf: ['$XDSDocumentEntryEntryUUID', '$XDSDocumentEntryUniqueId'],
})
