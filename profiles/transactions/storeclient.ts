// StoreClient HL7 v2.5 push: audit rows of the network's own transaction (the ADT family is a patient record, the rest an import).

import type { AuditRow, Transaction } from './define.ts'

type Push = Pick<Transaction, 'id' | 'name' | 'roles' | 'audit'>

export const storeClientPush: Push = {
  id: 'StoreClient',
  name: 'StoreClient HL7 v2.5 push',
  roles: ['store-client'],
  audit: {
    eventId: '110107',
    eventName: 'Import',
    action: 'C',
    typeCode: 'StoreClient',
    typeName: 'StoreClient HL7 v2.5 push',
  },
}

export const storeClientDemographics: Push = {
  ...storeClientPush,
  id: 'StoreClient ADT',
  audit: { ...storeClientPush.audit, eventId: '110110', eventName: 'Patient Record', action: 'U' },
}

/** Events of ADT, as MSH-9 has them, that take back what an earlier one said (HL7 v2.5 3.3). */
export const ADT_REMOVALS: ReadonlySet<string> = new Set(
  ['A11', 'A12', 'A13', 'A23', 'A25', 'A26', 'A27', 'A52', 'A53', 'A55'].map((trigger) => `ADT^${trigger}`),
)

/** Refusal of a connection or of an unregistered certificate: Security Alert, Node Authentication (DICOM PS3.15 A.5.3.11). */
export const NODE_AUTHENTICATION: Omit<AuditRow, 'eventId' | 'eventName' | 'action'> & {
  readonly eventId: '110113'
  readonly eventName: 'Security Alert'
  readonly action: 'E'
} = { eventId: '110113', eventName: 'Security Alert', action: 'E', typeCode: '110126', typeName: 'Node Authentication' }
