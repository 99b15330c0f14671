// Gives each message its own answer: in enhanced mode there are two for one message, and the second comes when the next is under way (HL7 v2.5 2.9.3).

import { readAck } from '../../codec/hl7v2/ack.ts'
import { readHeader } from '../../codec/hl7v2/header.ts'
import type { MllpClient } from '../../mllp/client.ts'
import type { PushConnection } from './deliver.ts'

/** The commit acknowledgement decides: whoever gives one has stored the message, or refuses it. What comes after it is passed over. */
export function ownAnswers(client: MllpClient): PushConnection {
  let before: { readonly controlId: string; readonly acknowledged: string } | undefined
  return {
    close: client.close,
    send: async (message) => {
      const { controlId } = readHeader(message)
      const isOfBefore = (answer: Buffer): boolean =>
        before !== undefined && before.controlId !== controlId && readAck(answer).controlId === before.acknowledged
      const answer = await client.send(message, (one) => !isOfBefore(one))
      before = { controlId, acknowledged: readAck(answer).controlId }
      return answer
    },
  }
}
