// Writes the subject of a feed, an answer or a notification: the registration of a patient (ITI TF-2 3.44.4, 3.45.4.2.2, 3.46.4.1.2, 3.47.4.2.2).

import type { Oid } from '../../model/identifiers.ts'
import { concat, el, type Markup, text, trusted } from '../xml/write.ts'
import { type WrittenId, writeId } from './write-person.ts'
import { type AnswerDevice, writeIdentifier } from './write-transmission.ts'

const NOTHING = trusted('')
const EVENT_HEAD = trusted('<id nullFlavor="NA"/><statusCode code="active"/>')
const ACTIVE = trusted('<statusCode code="active"/>')
/** Without the name nothing is given away that the receiver does not have, and names cannot conflict (ITI TF-2 3.45.4.2.2.1). */
const NAMELESS = trusted(
  '<patientPerson classCode="PSN" determinerCode="INSTANCE"><name nullFlavor="NA"/></patientPerson>',
)

export interface Registration {
  /** As writePatient has it. */
  readonly patient: Markup
  readonly custodian: AnswerDevice
  /** What the custodian is, where the transaction wants to know. */
  readonly custodianCode?: Markup
  /** What the registration replaces, in a merge. */
  readonly replacement?: Markup
}

export function writeSubject({ patient, custodian, custodianCode, replacement }: Registration): Markup {
  const entity = el('assignedEntity', { classCode: 'ASSIGNED' }, writeRoot(custodian?.id), custodianCode ?? NOTHING)
  return el(
    'subject',
    { typeCode: 'SUBJ', contextConductionInd: 'false' },
    el(
      'registrationEvent',
      { classCode: 'REG', moodCode: 'EVN' },
      EVENT_HEAD,
      el('subject1', { typeCode: 'SBJ' }, patient),
      el('custodian', { typeCode: 'CST' }, entity),
      ...(replacement === undefined ? [] : [replacement]),
    ),
  )
}

/** An active patient; `rest` is what follows the patientPerson. */
export function writePatient(ids: readonly WrittenId[], person: Markup, ...rest: readonly Markup[]): Markup {
  return el('patient', { classCode: 'PAT' }, concat(ids.map(writeId)), ACTIVE, person, ...rest)
}

/** The patient who is known by these ids, and no word more. */
export function writeIdSet(ids: readonly WrittenId[], custodian: AnswerDevice): Markup {
  return writeSubject({ patient: writePatient(ids, NAMELESS), custodian })
}

/** The organization whose domain the patient's ids are of (ITI TF-2 Appendix E.2); the schema demands a contact. */
export function writeProvider(authority: Oid | undefined, name: string): Markup {
  return el(
    'providerOrganization',
    { classCode: 'ORG', determinerCode: 'INSTANCE' },
    writeRoot(authority),
    el('name', undefined, text(name)),
    el('contactParty', { classCode: 'CON', nullFlavor: 'UNK' }),
  )
}

function writeRoot(root: Oid | undefined): Markup {
  return writeIdentifier('id', root === undefined ? undefined : { root })
}
