// Writes a PIX Update Notification: ADT^A31^ADT_A05 with ids and nothing else of the patient (ITI TF-2 3.10.4.1.2, HL7 v2.5 3.3.31).

import type { CorrespondingId } from '../../model/pix.ts'
import { hl7Time } from './ack.ts'
import { components, writeEr7 } from './write.ts'
import { writeHeader } from './write-header.ts'

export interface OutgoingUpdate {
  readonly sendingFacility: string
  readonly receivingApplication: string
  readonly receivingFacility: string
  /** MSH-10, of at most 20 characters. */
  readonly controlId: string
  readonly at: Date
  /** All ids of the set, at least one. */
  readonly ids: readonly CorrespondingId[]
}

/** PID-5 is one space: a name is required and is not told (3.10.4.1.2.3). UTF-8, because an authority may have a Japanese name. */
export function writeUpdateNotification(update: OutgoingUpdate): Buffer {
  const { sendingFacility, receivingApplication, receivingFacility, controlId, at } = update
  const ids = update.ids.map(({ id, authorityName }) =>
    components(id.value, '', '', [authorityName, id.authority, 'ISO']),
  )
  const header = {
    sender: ['TSUNAGI', sendingFacility],
    receiver: [receivingApplication, receivingFacility],
    controlId,
    now: at,
  } as const
  return writeEr7([
    writeHeader(header, ['ADT', 'A31', 'ADT_A05']),
    ['EVN', '', hl7Time(at)],
    ['PID', '', '', ids, '', ' '],
    ['PV1', '', 'N'],
  ])
}
