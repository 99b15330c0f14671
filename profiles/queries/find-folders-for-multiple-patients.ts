// FindFoldersForMultiplePatients (ITI TF-2 3.51.4.1.2).

import { folderCriteria } from './criteria.ts'
import { parameter, storedQuery } from './define.ts'

export const findFoldersForMultiplePatients = storedQuery({
  id: 'urn:uuid:50d3f5ac-39a2-11de-a1ca-b366239e58df',
  name: 'FindFoldersForMultiplePatients',
  transaction: 'ITI-51',
  section: 'ITI TF-2 3.51.4.1.2',
  parameters: [parameter('$XDSFolderPatientId', 'M'), ...folderCriteria],
  returns: ['Folder'],
  atLeastOneOf: ['$XDSFolderPatientId', '$XDSFolderCodeList'],
})
