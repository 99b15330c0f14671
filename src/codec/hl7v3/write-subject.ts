// The subject that says which ids are one patient, in answers to PIX queries and in notifications (ITI TF-2 3.45.4.2.2, 3.46.4.1.2).

import type { CorrespondingId } from '../../model/pix.ts'
import { concat, el, type Markup, trusted } from '../xml/write.ts'
import type { AnswerDevice } from './write-transmission.ts'

const EVENT_HEAD = trusted('<id nullFlavor="NA"/><statusCode code="active"/>')
/** Without the name nothing is given away that the receiver does not have, and names cannot conflict (ITI TF-2 3.45.4.2.2.1). */
const PATIENT_TAIL = trusted(
  '<statusCode code="active"/><patientPerson classCode="PSN" determinerCode="INSTANCE"><name nullFlavor="NA"/></patientPerson>',
)

export function writeSubject(ids: readonly CorrespondingId[], custodian: AnswerDevice): Markup {
  const patientIds = ids.map(({ id, authorityName }) =>
    el('id', { root: id.authority, extension: id.value, assigningAuthorityName: authorityName }),
  )
  const patient = el('patient', { classCode: 'PAT' }, concat(patientIds), PATIENT_TAIL)
  const entity = el(
    'assignedEntity',
    { classCode: 'ASSIGNED' },
    el('id', custodian === undefined ? { nullFlavor: 'NI' } : { root: custodian.id }),
  )
  return el(
    'subject',
    { typeCode: 'SUBJ', contextConductionInd: 'false' },
    el(
      'registrationEvent',
      { classCode: 'REG', moodCode: 'EVN' },
      EVENT_HEAD,
      el('subject1', { typeCode: 'SBJ' }, patient),
      el('custodian', { typeCode: 'CST' }, entity),
    ),
  )
}
