// Writes the accept acknowledgement MCCI_IN000002UV01 (ITI TF-2 3.44.4.1.3, Appendix O.1.3).

import type { IheError } from '../../model/error.ts'
import { acknowledgementDetail, type FeedAcknowledgement, type Transmission } from '../../model/hl7v3.ts'
import type { XmlElement } from '../xml/read.ts'
import type { Markup } from '../xml/write.ts'
import { type Salvaged, salvageTransmission } from './salvage.ts'
import { type MessageStamp, newStamp, writeAcknowledgementElement, writeMessage } from './write-transmission.ts'

/** The answer to a feed that was read; its sender is the address the request was sent to. */
export function writeAcknowledgement(
  request: Transmission,
  acknowledgement: FeedAcknowledgement,
  stamp: MessageStamp = newStamp(),
): Markup {
  return write(request, acknowledgement, stamp)
}

/** The answer to a feed that was refused before or while it was read, or by an error the actor threw. */
export function writeFeedRefusal(body: XmlElement, error: IheError, stamp: MessageStamp = newStamp()): Markup {
  return write(salvageTransmission(body), { code: error.row.v3.ack, details: [acknowledgementDetail(error)] }, stamp)
}

function write(request: Salvaged, acknowledgement: FeedAcknowledgement, stamp: MessageStamp): Markup {
  return writeMessage(
    {
      interaction: 'MCCI_IN000002UV01',
      stamp,
      acceptAckCode: 'NE',
      receiver: request.sender,
      sender: request.receiver,
    },
    writeAcknowledgementElement({
      typeCode: acknowledgement.code,
      target: request.id,
      details: acknowledgement.details,
    }),
  )
}
