// GetSubmissionSets (ITI TF-2 3.18.4.1.2.3.7.9).

import { parameter, storedQuery } from './define.ts'

export const getSubmissionSets = storedQuery({
  id: 'urn:uuid:51224314-5390-4169-9b91-b1980040715a',
  name: 'GetSubmissionSets',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.9',
  parameters: [parameter('$uuid', 'M', 'R')],
  returns: ['SubmissionSet', 'Association'],
})
