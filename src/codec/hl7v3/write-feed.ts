// Writes a patient identity feed for our own command line (ITI TF-2 3.44.4.1.2, 3.44.4.2.2, 3.44.4.3.2).

import type { Device } from '../../model/hl7v3.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import { el, type Markup } from '../xml/write.ts'
import { HL7_INTERACTIONS } from './transmission.ts'
import { type OtherIds, writeId, writePerson } from './write-person.ts'
import { writePatient, writeProvider, writeSubject } from './write-subject.ts'
import { type MessageStamp, newStamp, writeMessage } from './write-transmission.ts'

interface Outgoing {
  readonly sender: Device
  readonly receiver: Device
  readonly patientIds: readonly PatientId[]
  readonly otherIds: readonly PatientId[]
  readonly demographics: Demographics
  readonly providerName: string
}

export interface OutgoingFeed extends Outgoing {
  readonly kind: 'add' | 'revise'
}

/** The patient id that survives is in patientIds; a merge must carry a name. */
export interface OutgoingMerge extends Outgoing {
  readonly kind: 'merge'
  readonly subsumed: PatientId
}

const INTERACTIONS = { add: '201301', revise: '201302', merge: '201304' } as const

/** The provider organization is the assigning authority of the first patient id, as Appendix E asks. */
export function writeFeed(feed: OutgoingFeed | OutgoingMerge, stamp: MessageStamp = newStamp()): Markup {
  const number = INTERACTIONS[feed.kind]
  const subject = writeSubject({
    patient: writeFedPatient(feed),
    custodian: feed.sender,
    ...(feed.kind === 'merge' ? { replacement: writeReplacement(feed.subsumed) } : {}),
  })
  return writeMessage(
    {
      interaction: `PRPA_IN${number}UV02`,
      stamp,
      acceptAckCode: 'AL',
      receiver: feed.receiver,
      sender: feed.sender,
    },
    el(
      'controlActProcess',
      { classCode: 'CACT', moodCode: 'EVN' },
      el('code', { code: `PRPA_TE${number}UV02`, codeSystem: HL7_INTERACTIONS }),
      subject,
    ),
  )
}

function writeReplacement(subsumed: PatientId): Markup {
  const role = el('priorRegisteredRole', { classCode: 'PAT' }, writeId({ id: subsumed }))
  return el(
    'replacementOf',
    { typeCode: 'RPLC' },
    el(
      'priorRegistration',
      { classCode: 'REG', moodCode: 'EVN' },
      el('statusCode', { code: 'obsolete' }),
      el('subject1', { typeCode: 'SBJ' }, role),
    ),
  )
}

function writeFedPatient({ patientIds, otherIds, demographics, providerName }: Outgoing): Markup {
  return writePatient(
    patientIds.map((id) => ({ id })),
    writePerson(demographics, otherIds.map(otherIdOf)),
    writeProvider(patientIds[0]?.authority, providerName),
  )
}

function otherIdOf(id: PatientId): OtherIds {
  return { domain: id.authority, ids: [{ id }] }
}
