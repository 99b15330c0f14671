// ITI-55 Cross Gateway Patient Discovery: immediate and deferred (ITI TF-2 3.55).

import { NS, type Transaction } from './define.ts'

const QUERY = 'PRPA_IN201305UV02'
const ANSWER = 'PRPA_IN201306UV02'
const ACKNOWLEDGEMENT = 'MCCI_IN000002UV01'

export const iti55 = {
  id: 'ITI-55',
  name: 'Cross Gateway Patient Discovery',
  actor: 'XcpdRespondingGateway',
  section: 'ITI TF-2 3.55.4.1',
  operation: QUERY,
  action: `urn:hl7-org:v3:${QUERY}:CrossGatewayPatientDiscovery`,
  responseAction: `urn:hl7-org:v3:${ANSWER}:CrossGatewayPatientDiscovery`,
  request: { ns: NS.hl7, name: QUERY },
  response: { ns: NS.hl7, name: ANSWER },
  mtom: 'never',
  roles: ['xca-partner'],
  audit: {
    eventId: '110112',
    eventName: 'Query',
    action: 'E',
    typeCode: 'ITI-55',
    typeName: 'Cross Gateway Patient Discovery',
  },
} as const satisfies Transaction

/** The answer would come later, as a message of its own to the address that respondTo names. */
export const iti55Deferred = {
  ...iti55,
  id: 'ITI-55 deferred',
  operation: `Deferred_${QUERY}`,
  action: `urn:hl7-org:v3:${QUERY}:Deferred:CrossGatewayPatientDiscovery`,
  responseAction: `urn:hl7-org:v3:${ACKNOWLEDGEMENT}`,
  response: { ns: NS.hl7, name: ACKNOWLEDGEMENT },
} as const satisfies Transaction
