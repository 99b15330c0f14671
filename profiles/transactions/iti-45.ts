// ITI-45 PIXV3 Query (ITI TF-2 3.45).

import { NS, type Transaction } from './define.ts'

export const iti45 = {
  id: 'ITI-45',
  name: 'PIXV3 Query',
  actor: 'PIXManager',
  section: 'ITI TF-2 3.45',
  operation: 'PRPA_IN201309UV02',
  action: 'urn:hl7-org:v3:PRPA_IN201309UV02',
  responseAction: 'urn:hl7-org:v3:PRPA_IN201310UV02',
  request: { ns: NS.hl7, name: 'PRPA_IN201309UV02' },
  response: { ns: NS.hl7, name: 'PRPA_IN201310UV02' },
  mtom: 'never',
  roles: ['pix-consumer'],
  audit: { eventId: '110112', eventName: 'Query', action: 'E', typeCode: 'ITI-45', typeName: 'PIX Query' },
} as const satisfies Transaction
