// ITI-44 Patient Identity Feed HL7 V3: add and revise (ITI TF-2 3.44).

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
  operation: 'PRPA_IN201302UV02',
  action: 'urn:hl7-org:v3:PRPA_IN201302UV02',
  request: { ns: NS.hl7, name: 'PRPA_IN201302UV02' },
  audit: { ...iti44Add.audit, action: 'U' },
} as const satisfies Transaction
