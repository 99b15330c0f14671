// Writes a PIXV3 Update Notification: PRPA_IN201302UV02 with ids and nothing else of the patient (ITI TF-2 3.46.4.1.2).

import type { Device } from '../../model/hl7v3.ts'
import type { CorrespondingId } from '../../model/pix.ts'
import { el, type Markup } from '../xml/write.ts'
import { HL7_INTERACTIONS } from './transmission.ts'
import { writeIdSet } from './write-subject.ts'
import { type MessageStamp, writeMessage } from './write-transmission.ts'

export interface OutgoingNotification {
  readonly sender: Device
  readonly receiver: Device
  /** All ids of the set, at least one. */
  readonly ids: readonly CorrespondingId[]
}

/** The same stamp gives the same bytes, so that a receiver knows a repetition. */
export function writeNotification({ sender, receiver, ids }: OutgoingNotification, stamp: MessageStamp): Markup {
  return writeMessage(
    { interaction: 'PRPA_IN201302UV02', stamp, acceptAckCode: 'AL', receiver, sender },
    el(
      'controlActProcess',
      { classCode: 'CACT', moodCode: 'EVN' },
      el('code', { code: 'PRPA_TE201302UV02', codeSystem: HL7_INTERACTIONS }),
      writeIdSet(ids, sender),
    ),
  )
}
