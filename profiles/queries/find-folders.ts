// FindFolders (ITI TF-2 3.18.4.1.2.3.7.3).

import { folderCriteria } from './criteria.ts'
import { parameter, storedQuery } from './define.ts'

export const findFolders = storedQuery({
  id: 'urn:uuid:958f3006-baad-4929-a4de-ff1114824431',
  name: 'FindFolders',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.3',
  parameters: [parameter('$XDSFolderPatientId', 'S', 'R'), ...folderCriteria],
  returns: ['Folder'],
})
