// GetFolders (ITI TF-2 3.18.4.1.2.3.7.6).

import { parameter, storedQuery } from './define.ts'

export const getFolders = storedQuery({
  id: 'urn:uuid:5737b14c-8a1a-4539-b659-e03a34a5e1e4',
  name: 'GetFolders',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.6',
  parameters: [
    parameter('$XDSFolderEntryUUID', 'M'),
    parameter('$XDSFolderUniqueId', 'M'),
    parameter('$XDSFolderLogicalID', 'M'),
  ],
  returns: ['Folder'],
  exactlyOneOf: ['$XDSFolderEntryUUID', '$XDSFolderUniqueId', '$XDSFolderLogicalID'],
})
