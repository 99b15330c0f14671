// ITI-39 Cross Gateway Retrieve (ITI TF-2 3.39).

import { NS, type Transaction } from './define.ts'

export const iti39 = {
  id: 'ITI-39',
  name: 'Cross Gateway Retrieve',
  actor: 'RespondingGateway',
  section: 'ITI TF-2 3.39',
  operation: 'CrossGatewayRetrieve',
  action: 'urn:ihe:iti:2007:CrossGatewayRetrieve',
  responseAction: 'urn:ihe:iti:2007:CrossGatewayRetrieveResponse',
  request: { ns: NS.xds, name: 'RetrieveDocumentSetRequest' },
  response: { ns: NS.xds, name: 'RetrieveDocumentSetResponse' },
  mtom: 'required',
  roles: ['xca-partner'],
  audit: {
    eventId: '110106',
    eventName: 'Export',
    action: 'R',
    typeCode: 'ITI-39',
    typeName: 'Cross Gateway Retrieve',
  },
} as const satisfies Transaction
