// ITI-51 Multi-Patient Stored Query (ITI TF-2 3.51).

import { NS, type Transaction } from './define.ts'

export const iti51 = {
  id: 'ITI-51',
  name: 'Multi-Patient Stored Query',
  actor: 'DocumentRegistry',
  section: 'ITI TF-2 3.51',
  operation: 'MultiPatientStoredQuery',
  action: 'urn:ihe:iti:2009:MultiPatientStoredQuery',
  responseAction: 'urn:ihe:iti:2009:MultiPatientStoredQueryResponse',
  request: { ns: NS.query, name: 'AdhocQueryRequest' },
  response: { ns: NS.query, name: 'AdhocQueryResponse' },
  mtom: 'never',
  roles: ['document-consumer'],
  audit: {
    eventId: '110112',
    eventName: 'Query',
    action: 'E',
    typeCode: 'ITI-51',
    typeName: 'Multi-Patient Stored Query',
  },
} as const satisfies Transaction
