// ITI-41 Provide and Register Document Set-b (ITI TF-2 3.41).

import { NS, type Transaction } from './define.ts'

export const iti41 = {
  id: 'ITI-41',
  name: 'Provide and Register Document Set-b',
  actor: 'DocumentRepository',
  section: 'ITI TF-2 3.41',
  operation: 'ProvideAndRegisterDocumentSet-b',
  action: 'urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b',
  responseAction: 'urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse',
  request: { ns: NS.xds, name: 'ProvideAndRegisterDocumentSetRequest' },
  response: { ns: NS.rs, name: 'RegistryResponse' },
  mtom: 'required',
  roles: ['document-source'],
  audit: {
    eventId: '110107',
    eventName: 'Import',
    action: 'C',
    typeCode: 'ITI-41',
    typeName: 'Provide and Register Document Set-b',
  },
} as const satisfies Transaction
