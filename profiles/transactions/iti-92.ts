// ITI-92 Restricted Update Document Set (ITI TF-2 3.92, Restricted Metadata Update).

import { NS, type Transaction } from './define.ts'

export const iti92 = {
  id: 'ITI-92',
  name: 'Restricted Update Document Set',
  actor: 'DocumentRegistry',
  section: 'ITI TF-2 3.92',
  operation: 'RestrictedUpdateDocumentSet',
  action: 'urn:ihe:iti:2018:RestrictedUpdateDocumentSet',
  responseAction: 'urn:ihe:iti:2018:RestrictedUpdateDocumentSetResponse',
  request: { ns: NS.lcm, name: 'SubmitObjectsRequest' },
  response: { ns: NS.rs, name: 'RegistryResponse' },
  mtom: 'never',
  roles: ['update-initiator'],
  audit: {
    eventId: '110107',
    eventName: 'Import',
    action: 'U',
    typeCode: 'ITI-92',
    typeName: 'Restricted Update Document Set',
  },
} as const satisfies Transaction
