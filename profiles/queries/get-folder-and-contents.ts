// GetFolderAndContents (ITI TF-2 3.18.4.1.2.3.7.11).

import { memberCriteria } from './criteria.ts'
import { parameter, storedQuery } from './define.ts'

export const getFolderAndContents = storedQuery({
  id: 'urn:uuid:b909a503-523d-4517-8acf-8e5834dfc4c7',
  name: 'GetFolderAndContents',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.11',
  parameters: [parameter('$XDSFolderEntryUUID', 'S'), parameter('$XDSFolderUniqueId', 'S'), ...memberCriteria],
  returns: ['Folder', 'DocumentEntry', 'Association'],
  exactlyOneOf: ['$XDSFolderEntryUUID', '$XDSFolderUniqueId'],
})
