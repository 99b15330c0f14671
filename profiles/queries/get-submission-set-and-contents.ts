// GetSubmissionSetAndContents (ITI TF-2 3.18.4.1.2.3.7.10).

import { memberCriteria } from './criteria.ts'
import { parameter, storedQuery } from './define.ts'

export const getSubmissionSetAndContents = storedQuery({
  id: 'urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83',
  name: 'GetSubmissionSetAndContents',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.10',
  parameters: [
    parameter('$XDSSubmissionSetEntryUUID', 'S'),
    parameter('$XDSSubmissionSetUniqueId', 'S'),
    ...memberCriteria,
  ],
  returns: ['SubmissionSet', 'Folder', 'DocumentEntry', 'Association'],
  exactlyOneOf: ['$XDSSubmissionSetEntryUUID', '$XDSSubmissionSetUniqueId'],
})
