// ITI-57 Update Document Set (ITI TF-2 3.57, Metadata Update).

import { NS, type Transaction } from './define.ts'

export const iti57 = {
  id: 'ITI-57',
  name: 'Update Document Set',
  actor: 'DocumentRegistry',
  section: 'ITI TF-2 3.57',
  operation: 'UpdateDocumentSet',
  action: 'urn:ihe:iti:2010:UpdateDocumentSet',
  responseAction: 'urn:ihe:iti:2010:UpdateDocumentSetResponse',
  request: { ns: NS.lcm, name: 'SubmitObjectsRequest' },
  response: { ns: NS.rs, name: 'RegistryResponse' },
  mtom: 'never',
  roles: ['document-administrator'],
  audit: {
    eventId: '110107',
    eventName: 'Import',
    action: 'U',
    typeCode: 'ITI-57',
    typeName: 'Update Document Set',
  },
} as const satisfies Transaction
