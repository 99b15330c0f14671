// ITI-62 Remove Metadata (IHE ITI supplement RMD, 3.62); the action kept its former name, Delete Document Set.

import { NS, type Transaction } from './define.ts'

export const iti62 = {
  id: 'ITI-62',
  name: 'Remove Metadata',
  actor: 'DocumentRegistry',
  section: 'ITI RMD 3.62',
  operation: 'DeleteDocumentSet',
  action: 'urn:ihe:iti:2010:DeleteDocumentSet',
  responseAction: 'urn:ihe:iti:2010:DeleteDocumentSetResponse',
  request: { ns: NS.lcm, name: 'RemoveObjectsRequest' },
  response: { ns: NS.rs, name: 'RegistryResponse' },
  mtom: 'never',
  roles: ['document-administrator'],
  audit: {
    eventId: '110110',
    eventName: 'Patient Record',
    action: 'D',
    typeCode: 'ITI-62',
    typeName: 'Remove Metadata',
  },
} as const satisfies Transaction
