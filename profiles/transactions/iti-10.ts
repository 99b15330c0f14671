// ITI-10 PIX Update Notification over HL7 v2.5, which the PIX Manager sends (ITI TF-2 3.10).

import { iti46, type OutgoingNotification } from './iti-46.ts'

export const iti10 = {
  ...iti46,
  id: 'ITI-10',
  name: 'PIX Update Notification',
  section: 'ITI TF-2 3.10',
  audit: { ...iti46.audit, typeCode: 'ITI-10' },
} as const satisfies OutgoingNotification
