// ITI-18 Registry Stored Query (ITI TF-2 3.18).

import { NS, type Transaction } from './define.ts'

export const iti18 = {
  id: 'ITI-18',
  name: 'Registry Stored Query',
  actor: 'DocumentRegistry',
  section: 'ITI TF-2 3.18',
  operation: 'RegistryStoredQuery',
  action: 'urn:ihe:iti:2007:RegistryStoredQuery',
  responseAction: 'urn:ihe:iti:2007:RegistryStoredQueryResponse',
  request: { ns: NS.query, name: 'AdhocQueryRequest' },
  response: { ns: NS.query, name: 'AdhocQueryResponse' },
  mtom: 'never',
  roles: ['document-consumer'],
  audit: { eventId: '110112', eventName: 'Query', action: 'E', typeCode: 'ITI-18', typeName: 'Registry Stored Query' },
} as const satisfies Transaction

/** At the Initiating Gateway of XCA: the same message, answered for other communities too (ITI TF-2 3.18.1, 3.38). */
export const iti18Initiating = {
  ...iti18,
  id: 'ITI-18 gateway',
  actor: 'InitiatingGateway',
} as const satisfies Transaction
