// ITI-38 Cross Gateway Query (ITI TF-2 3.38).

import { NS, type Transaction } from './define.ts'

export const iti38 = {
  id: 'ITI-38',
  name: 'Cross Gateway Query',
  actor: 'RespondingGateway',
  section: 'ITI TF-2 3.38',
  operation: 'CrossGatewayQuery',
  action: 'urn:ihe:iti:2007:CrossGatewayQuery',
  responseAction: 'urn:ihe:iti:2007:CrossGatewayQueryResponse',
  request: { ns: NS.query, name: 'AdhocQueryRequest' },
  response: { ns: NS.query, name: 'AdhocQueryResponse' },
  mtom: 'never',
  roles: ['xca-partner'],
  audit: { eventId: '110112', eventName: 'Query', action: 'E', typeCode: 'ITI-38', typeName: 'Cross Gateway Query' },
} as const satisfies Transaction
