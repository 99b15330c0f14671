// What staff read on behalf of a facility through the admin API, audited and journalled as the facility's own query or retrieval
// would be (DICOM PS3.15 A.5.3.10 Query, A.5.3.6 Export).

import type { Transaction } from './define.ts'

type StaffReading = Pick<Transaction, 'id' | 'name' | 'audit'>

export const staffCalendar: StaffReading = {
  id: 'calendar',
  name: 'Calendar of a patient',
  audit: {
    eventId: '110112',
    eventName: 'Query',
    action: 'E',
    typeCode: 'calendar',
    typeName: 'Calendar of a patient',
  },
}

export const staffContent: StaffReading = {
  id: 'clinical-content',
  name: 'Content of a document',
  audit: {
    eventId: '110106',
    eventName: 'Export',
    action: 'R',
    typeCode: 'clinical-content',
    typeName: 'Content of a document',
  },
}
