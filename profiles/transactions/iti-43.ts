// ITI-43 Retrieve Document Set (ITI TF-2 3.43).

import { NS, type Transaction } from './define.ts'

export const iti43 = {
  id: 'ITI-43',
  name: 'Retrieve Document Set',
  actor: 'DocumentRepository',
  section: 'ITI TF-2 3.43',
  operation: 'RetrieveDocumentSet',
  action: 'urn:ihe:iti:2007:RetrieveDocumentSet',
  responseAction: 'urn:ihe:iti:2007:RetrieveDocumentSetResponse',
  request: { ns: NS.xds, name: 'RetrieveDocumentSetRequest' },
  response: { ns: NS.xds, name: 'RetrieveDocumentSetResponse' },
  mtom: 'required',
  roles: ['document-consumer'],
  audit: { eventId: '110106', eventName: 'Export', action: 'R', typeCode: 'ITI-43', typeName: 'Retrieve Document Set' },
} as const satisfies Transaction

/** At the Initiating Gateway of XCA: the same message, answered for other communities too (ITI TF-2 3.43.1, 3.39). */
export const iti43Initiating = {
  ...iti43,
  id: 'ITI-43 gateway',
  actor: 'InitiatingGateway',
} as const satisfies Transaction
