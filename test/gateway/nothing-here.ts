// The registry of a community that has nothing of the patient: what a query then answers is what its neighbours gave (ITI TF-2 3.18.4.1.3).

import type { InitiatingQueryPorts } from '../../src/gateway/initiate-query.ts'
import { NO_EVIDENCE } from '../../src/model/evidence.ts'

export const nothingHere: InitiatingQueryPorts['query'] = async () => ({
  answer: { returnType: 'LeafClass', objects: [] },
  result: 'success',
  errors: [],
  evidence: NO_EVIDENCE,
  recorded: false,
})
