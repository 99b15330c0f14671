// ITI-21 Patient Demographics Query over HL7 v2: the query with its continuation, and the cancellation (ITI TF-2 3.21).

import type { Hl7v2Query, Hl7v2Transaction } from './define.ts'

export const iti21: Hl7v2Query = {
  id: 'ITI-21',
  name: 'Patient Demographics Query',
  section: 'ITI TF-2 3.21',
  roles: ['patient-demographics-consumer'],
  trigger: 'Q22',
  queryName: 'IHE PDQ Query',
  response: { trigger: 'K22', structure: 'RSP_K21' },
  audit: {
    eventId: '110112',
    eventName: 'Query',
    action: 'E',
    typeCode: 'ITI-21',
    typeName: 'Patient Demographics Query',
  },
}

/** QCN^J01: no more pages are wanted. */
export const iti21Cancel: Hl7v2Transaction = {
  id: 'ITI-21 cancel',
  name: iti21.name,
  section: 'ITI TF-2 3.21.4.1.2.3',
  roles: iti21.roles,
  audit: iti21.audit,
}
