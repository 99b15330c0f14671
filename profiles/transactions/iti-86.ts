// ITI-86 Remove Documents (IHE ITI supplement RMD, 3.86).

import { NS, type Transaction } from './define.ts'

export const iti86 = {
  id: 'ITI-86',
  name: 'Remove Documents',
  actor: 'DocumentRepository',
  section: 'ITI RMD 3.86',
  operation: 'RemoveDocuments',
  action: 'urn:ihe:iti:2017:RemoveDocuments',
  responseAction: 'urn:ihe:iti:2017:RemoveDocumentsResponse',
  request: { ns: NS.rmd, name: 'RemoveDocumentsRequest' },
  response: { ns: NS.rs, name: 'RegistryResponse' },
  mtom: 'never',
  roles: ['document-administrator'],
  audit: {
    eventId: '110110',
    eventName: 'Patient Record',
    action: 'D',
    typeCode: 'ITI-86',
    typeName: 'Remove Documents',
  },
} as const satisfies Transaction
