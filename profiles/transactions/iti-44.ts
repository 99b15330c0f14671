// ITI-44 Patient Identity Feed HL7 V3: add, revise and merge, to the PIX Manager and to the Document Registry (ITI TF-2 3.44).

import { NS, type Transaction } from './define.ts'

const ACKNOWLEDGEMENT = 'urn:hl7-org:v3:MCCI_IN000002UV01'

export const iti44Add = {
  id: 'ITI-44 add',
  name: 'Patient Identity Feed HL7 V3',
  actor: 'PIXManager',
  section: 'ITI TF-2 3.44.4.1',
  operation: 'PRPA_IN201301UV02',
  action: 'urn:hl7-org:v3:PRPA_IN201301UV02',
  responseAction: ACKNOWLEDGEMENT,
  request: { ns: NS.hl7, name: 'PRPA_IN201301UV02' },
  response: { ns: NS.hl7, name: 'MCCI_IN000002UV01' },
  mtom: 'never',
  roles: ['patient-identity-source'],
  audit: {
    eventId: '110110',
    eventName: 'Patient Record',
    action: 'C',
    typeCode: 'ITI-44',
    typeName: 'Patient Identity Feed',
  },
} as const satisfies Transaction

export const iti44Revise = {
  ...iti44Add,
  id: 'ITI-44 revise',
  section: 'ITI TF-2 3.44.4.2',
  operation: 'PRPA_IN201302UV02',
  action: 'urn:hl7-org:v3:PRPA_IN201302UV02',
  request: { ns: NS.hl7, name: 'PRPA_IN201302UV02' },
  audit: { ...iti44Add.audit, action: 'U' },
} as const satisfies Transaction

/** Patient Identity Merge; a second audit event says that the subsumed id is gone (ITI TF-2 3.44.5). */
export const iti44Merge = {
  ...iti44Add,
  id: 'ITI-44 merge',
  section: 'ITI TF-2 3.44.4.3',
  operation: 'PRPA_IN201304UV02',
  action: 'urn:hl7-org:v3:PRPA_IN201304UV02',
  request: { ns: NS.hl7, name: 'PRPA_IN201304UV02' },
  audit: { ...iti44Add.audit, action: 'U' },
} as const satisfies Transaction

/** The same interactions with the Document Registry, which is its own consumer of the feed. */
export const iti44RegistryAdd = { ...iti44Add, actor: 'DocumentRegistry' } as const satisfies Transaction
export const iti44RegistryRevise = { ...iti44Revise, actor: 'DocumentRegistry' } as const satisfies Transaction
export const iti44RegistryMerge = { ...iti44Merge, actor: 'DocumentRegistry' } as const satisfies Transaction
