// ITI-42 Register Document Set-b (ITI TF-2 3.42).

import { NS, type Transaction } from './define.ts'

export const iti42 = {
  id: 'ITI-42',
  name: 'Register Document Set-b',
  actor: 'DocumentRegistry',
  section: 'ITI TF-2 3.42',
  operation: 'RegisterDocumentSet-b',
  action: 'urn:ihe:iti:2007:RegisterDocumentSet-b',
  responseAction: 'urn:ihe:iti:2007:RegisterDocumentSet-bResponse',
  request: { ns: NS.lcm, name: 'SubmitObjectsRequest' },
  response: { ns: NS.rs, name: 'RegistryResponse' },
  mtom: 'never',
  roles: ['document-repository'],
  audit: {
    eventId: '110107',
    eventName: 'Import',
    action: 'C',
    typeCode: 'ITI-42',
    typeName: 'Register Document Set-b',
  },
} as const satisfies Transaction
