// The subject of feeds, notifications and answers: the registration of one patient, and who keeps it (HL7 v3 MFMI_MT700701UV01, MFMI_MT700711UV01).

import type { CorrespondingId } from '../../model/pix.ts'
import { concat, el, type Markup, trusted } from '../xml/write.ts'
import { writeId } from './write-person.ts'
import type { AnswerDevice } from './write-transmission.ts'

const EVENT_HEAD = trusted('<id nullFlavor="NA"/><statusCode code="active"/>')
/** Without the name nothing is given away that the receiver does not have, and names cannot conflict (ITI TF-2 3.45.4.2.2.1). */
const PATIENT_TAIL = trusted(
  '<statusCode code="active"/><patientPerson classCode="PSN" determinerCode="INSTANCE"><name nullFlavor="NA"/></patientPerson>',
)

/** @param more what follows the custodian: the registrations that a merge replaces. */
export function writeSubject(patient: Markup, custodian: AnswerDevice, ...more: readonly Markup[]): Markup {
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
      ...more,
    ),
  )
}

/** Which ids are one patient, and nothing else of the patient (ITI TF-2 3.45.4.2.2, 3.46.4.1.2). */
export function writeIdSet(ids: readonly CorrespondingId[], custodian: AnswerDevice): Markup {
  return writeSubject(el('patient', { classCode: 'PAT' }, concat(ids.map(writeId)), PATIENT_TAIL), custodian)
}
