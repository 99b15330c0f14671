// ITI-61 Register On-Demand Document Entry (ITI TF-2 3.61). The response action lacks "Entry" in the standard itself.

import { NS, type Transaction } from './define.ts'

export const iti61 = {
  id: 'ITI-61',
  name: 'Register On-Demand Document Entry',
  actor: 'DocumentRegistry',
  section: 'ITI TF-2 3.61',
  operation: 'RegisterOnDemandDocumentEntry',
  action: 'urn:ihe:iti:2010:RegisterOnDemandDocumentEntry',
  responseAction: 'urn:ihe:iti:2010:RegisterOnDemandDocumentResponse',
  request: { ns: NS.lcm, name: 'SubmitObjectsRequest' },
  response: { ns: NS.rs, name: 'RegistryResponse' },
  mtom: 'never',
  roles: ['on-demand-document-source'],
  audit: {
    eventId: '110107',
    eventName: 'Import',
    action: 'C',
    typeCode: 'ITI-61',
    typeName: 'Register On-Demand Document Entry',
  },
} as const satisfies Transaction
