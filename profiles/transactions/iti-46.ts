// ITI-46 PIXV3 Update Notification, which the PIX Manager sends (ITI TF-2 3.46).

import type { Transaction } from './define.ts'

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
