// ITI-47 Patient Demographics Query HL7 V3: query, continuation and cancellation (ITI TF-2 3.47).

import { NS, type Transaction } from './define.ts'

const ANSWER = 'PRPA_IN201306UV02'

export const iti47 = {
  id: 'ITI-47',
  name: 'Patient Demographics Query HL7 V3',
  actor: 'PDSupplier',
  section: 'ITI TF-2 3.47.4.1',
  operation: 'PRPA_IN201305UV02',
  action: 'urn:hl7-org:v3:PRPA_IN201305UV02',
  responseAction: `urn:hl7-org:v3:${ANSWER}`,
  request: { ns: NS.hl7, name: 'PRPA_IN201305UV02' },
  response: { ns: NS.hl7, name: ANSWER },
  mtom: 'never',
  roles: ['patient-demographics-consumer'],
  audit: {
    eventId: '110112',
    eventName: 'Query',
    action: 'E',
    typeCode: 'ITI-47',
    typeName: 'Patient Demographics Query',
  },
} as const satisfies Transaction

/** The next page, or the one that begins where the sender says. */
export const iti47Continue = {
  ...iti47,
  id: 'ITI-47 continue',
  section: 'ITI TF-2 3.47.4.3',
  operation: 'QUQI_IN000003UV01_Continue',
  action: 'urn:hl7-org:v3:QUQI_IN000003UV01_Continue',
  request: { ns: NS.hl7, name: 'QUQI_IN000003UV01' },
  chosenBy: 'root',
} as const satisfies Transaction

export const iti47Cancel = {
  ...iti47,
  id: 'ITI-47 cancel',
  section: 'ITI TF-2 3.47.4.4',
  operation: 'QUQI_IN000003UV01_Cancel',
  action: 'urn:hl7-org:v3:QUQI_IN000003UV01_Cancel',
  responseAction: 'urn:hl7-org:v3:MCCI_IN000002UV01',
  request: { ns: NS.hl7, name: 'QUQI_IN000003UV01_Cancel' },
  response: { ns: NS.hl7, name: 'MCCI_IN000002UV01' },
  chosenBy: 'root',
} as const satisfies Transaction
