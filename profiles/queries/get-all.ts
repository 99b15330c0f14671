// GetAll (ITI TF-2 3.18.4.1.2.3.7.4).

import { memberCriteria } from './criteria.ts'
import { parameter, storedQuery } from './define.ts'

export const getAll = storedQuery({
  id: 'urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3',
  name: 'GetAll',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.4',
  parameters: [
    parameter('$patientId', 'S', 'R'),
    parameter('$XDSDocumentEntryStatus', 'M', 'R'),
    parameter('$XDSSubmissionSetStatus', 'M', 'R'),
    parameter('$XDSFolderStatus', 'M', 'R'),
    ...memberCriteria,
  ],
  returns: ['SubmissionSet', 'Folder', 'DocumentEntry', 'Association'],
})
