// A batch at the door: each message handled on its own and in order, the acknowledgements answered as a batch (HL7 v2.5 2.10.3).

import { type Batch, isBatch, readBatch, writeAnswerBatch } from '../codec/hl7v2/batch.ts'
import { IheError } from '../model/error.ts'
import { type Hl7v2Door, newControlId, type Received, receiveMessage, type Sender, turnAway } from './hl7v2-door.ts'

/**
 * One message, or a batch of a sender whose batches are taken. Never throws for what a sender can get wrong, nor when the
 * database cannot take what became of it: that is AR, whatever of a batch was stored being a replay when it comes again.
 */
export async function receive(bytes: Buffer, sender: Sender, door: Hl7v2Door): Promise<Received> {
  try {
    return await take(bytes, sender, door)
  } catch (error) {
    if (!(error instanceof IheError)) throw error
    return turnAway(bytes, error, sender)
  }
}

async function take(bytes: Buffer, sender: Sender, door: Hl7v2Door): Promise<Received> {
  if (!isBatch(bytes) || door.takesBatches?.(sender.system) !== true) return receiveMessage(bytes, sender, door)
  try {
    return await receiveBatch(readBatch(bytes), sender, door)
  } catch (error) {
    if (!(error instanceof IheError)) throw error
    return refuseBatch(error, { bytes, sender, door })
  }
}

async function receiveBatch(batch: Batch, sender: Sender, door: Hl7v2Door): Promise<Received> {
  const answers: Buffer[][] = []
  for (const { messages } of batch.groups) {
    const group: Buffer[] = []
    for (const message of messages) group.push(...(await receiveMessage(message, sender, door)).answers)
    answers.push(group)
  }
  const isSilent = answers.length > 0 && answers.every((group) => group.length === 0)
  const answer = () => writeAnswerBatch({ request: batch, answers, now: new Date(), controlId: newControlId })
  return { answers: isSilent ? [] : [answer()], refusal: undefined }
}

/** What cannot be taken apart is refused as a whole, through the same journal and acknowledgement as a message. */
function refuseBatch(
  error: IheError,
  { bytes, sender, door }: { readonly bytes: Buffer; readonly sender: Sender; readonly door: Hl7v2Door },
): Promise<Received> {
  const serviceOf: Hl7v2Door['serviceOf'] = (header) => ({
    ...door.serviceOf(header),
    perform: () => Promise.reject(error),
  })
  return receiveMessage(bytes, sender, { ...door, serviceOf })
}
