// ITI-46 PIXV3 Update Notification, which the PIX Manager sends, and the PIX Consumer takes (ITI TF-2 3.46).

import { NS, type Transaction } from './define.ts'

/** A transaction of ours towards others: it has no operation here. */
export type OutgoingNotification = Pick<Transaction, 'id' | 'name' | 'section' | 'roles' | 'audit'>

export const iti46 = {
  id: 'ITI-46',
  name: 'PIXV3 Update Notification',
  section: 'ITI TF-2 3.46',
  action: 'urn:hl7-org:v3:PRPA_IN201302UV02',
  responseAction: 'urn:hl7-org:v3:MCCI_IN000002UV01',
  roles: ['pix-consumer'],
  audit: {
    eventId: '110110',
    eventName: 'Patient Record',
    action: 'R',
    typeCode: 'ITI-46',
    typeName: 'PIX Update Notification',
  },
} as const satisfies OutgoingNotification & Pick<Transaction, 'action' | 'responseAction'>

/** Of the PIX Manager of a neighbouring community, to this network as its consumer. */
export const iti46Consumer = {
  ...iti46,
  id: 'ITI-46 consumer',
  actor: 'PIXConsumer',
  operation: 'PRPA_IN201302UV02',
  request: { ns: NS.hl7, name: 'PRPA_IN201302UV02' },
  response: { ns: NS.hl7, name: 'MCCI_IN000002UV01' },
  mtom: 'never',
  roles: ['xca-partner'],
  audit: { ...iti46.audit, action: 'U' },
} as const satisfies Transaction
