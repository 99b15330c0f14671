// GetAssociations (ITI TF-2 3.18.4.1.2.3.7.7).

import { parameter, storedQuery } from './define.ts'

export const getAssociations = storedQuery({
  id: 'urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155',
  name: 'GetAssociations',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.7',
  parameters: [parameter('$uuid', 'M', 'R')],
  returns: ['Association'],
})
