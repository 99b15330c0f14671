// Sends one update notification and reads its acknowledgement, within a bounded time: ITI-46 by SOAP over HTTPS, ITI-10 by MLLP over TLS
// (ITI TF-2 3.46, 3.10).

import type { Agent } from 'undici'
import { iti46 } from '../../profiles/transactions/index.ts'
import { readAck } from '../codec/hl7v2/ack.ts'
import { readHeader } from '../codec/hl7v2/header.ts'
import { writeUpdateNotification } from '../codec/hl7v2/write-notification.ts'
import { writeNotification } from '../codec/hl7v3/write-notification.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import type { Destination, Notification, Sent } from '../identity/notify.ts'
import { connectMllp } from '../mllp/client.ts'
import type { Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { type Oid, parseOid } from '../model/identifiers.ts'
import { newJournalId } from '../model/journal-id.ts'
import { createAgents } from './agents.ts'
import type { DoorPorts } from './door.ts'
import { nameOf } from './failure.ts'
import { partiesOf } from './hl7v2-door.ts'
import { type Crossing, keepExchange, wholeMessage } from './keeping.ts'
import type { OutgoingTls } from './outgoing-tls.ts'
import { acknowledged, acknowledgementOf, postForAnswer, soapContentType, type Verdict } from './soap-post.ts'

export interface NotificationSenderOptions {
  /** Our certificate, and the authorities that a subscriber of the facility must come from. */
  readonly tlsTo: (facilityId: string) => OutgoingTls
  /** From the connection to the acknowledgement. */
  readonly timeoutMs: number
  /** This network as a device (ITI TF-2 Appendix O). */
  readonly device: Oid
  /** MSH-4. */
  readonly facility: string
  readonly ports: Pick<DoorPorts, 'keeper'>
}

export interface NotificationSender {
  readonly send: (notification: Notification, signal: AbortSignal) => Promise<Sent>
  readonly close: () => Promise<void>
}

const CONTENT_TYPE = soapContentType(iti46.action)
/** HL7 v2.5 gives MSH-10 twenty characters. */
const CONTROL_ID_LENGTH = 20

/** `heard`: the answer as it came. */
interface Answer extends Verdict {
  readonly heard?: Crossing
}

interface Means {
  readonly agent: Agent
  readonly tls: OutgoingTls
  readonly timeoutMs: number
}

/** Never rejects: what goes wrong on the way is an answer too. */
export function createNotificationSender(options: NotificationSenderOptions): NotificationSender {
  const { timeoutMs } = options
  const agents = createAgents(options)
  const meansTo = (facilityId: string): Means => ({
    timeoutMs,
    tls: options.tlsTo(facilityId),
    agent: agents.to(facilityId),
  })
  return {
    send: async (notification, signal) => {
      const bytes = messageOf(notification, options)
      const exchange = exchangeOf(notification, bytes)
      const means = meansTo(notification.system.facilityId)
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      const { heard, ...answer } = await exchangeWith(notification, { bytes, means, signal: limit }).catch(
        (error: unknown): Answer => ({ answer: 'unreachable', reason: nameOf(error) }),
      )
      keepExchange(options.ports, {
        exchange,
        ended: { result: answer.answer === 'accepted' ? 'success' : 'failure', errors: [], evidence: NO_EVIDENCE },
        request: wholeMessage(bytes, exchange.door === 'https' ? { contentType: CONTENT_TYPE } : {}),
        answer: heard,
      })
      return { ...answer, exchange, ...(heard === undefined ? {} : { responseBytes: heard.sizeBytes }) }
    },
    close: agents.close,
  }
}

function messageOf(notification: Notification, options: NotificationSenderOptions): Buffer {
  const { destination, messageId, composedAt, ids } = notification
  switch (destination.transaction) {
    case 'ITI-46': {
      const body = writeNotification(
        { sender: { id: options.device }, receiver: { id: deviceOf(destination.deviceOid) }, ids },
        { id: { root: messageId }, at: composedAt },
      )
      return Buffer.from(
        writeEnvelope({
          action: iti46.action,
          messageId: `urn:uuid:${messageId}`,
          to: destination.endpoint,
          replyTo: ANONYMOUS,
          body,
        }),
      )
    }
    case 'ITI-10':
      return writeUpdateNotification({
        sendingFacility: options.facility,
        receivingApplication: destination.receivingApplication,
        receivingFacility: destination.receivingFacility,
        controlId: controlIdOf(messageId),
        at: composedAt,
        ids,
      })
  }
  return destination satisfies never
}

/** @throws {Error} for what the subscription must not hold: the admin API takes OIDs only. */
function deviceOf(text: string): Oid {
  const oid = parseOid(text)
  if (oid === undefined) throw new Error('the device of a subscription is no OID')
  return oid
}

function controlIdOf(messageId: string): string {
  return messageId.replaceAll('-', '').slice(0, CONTROL_ID_LENGTH)
}

function exchangeOf({ destination, messageId }: Notification, bytes: Buffer): Exchange {
  const hl7v2 = destination.transaction === 'ITI-10' ? partiesOf(readHeader(bytes)) : {}
  const url = new URL(destination.endpoint)
  return {
    id: newJournalId(),
    door: destination.transaction === 'ITI-46' ? 'https' : 'mllp',
    endpoint: destination.endpoint,
    peer: url.host,
    receivedAt: new Date(),
    requestBytes: bytes.length,
    startedMs: performance.now(),
    transaction: destination.transaction,
    messageId: destination.transaction === 'ITI-46' ? messageId : controlIdOf(messageId),
    ...hl7v2,
  }
}

interface Outgoing {
  readonly bytes: Buffer
  readonly means: Means
  readonly signal: AbortSignal
}

function exchangeWith({ destination, messageId }: Notification, outgoing: Outgoing): Promise<Answer> {
  switch (destination.transaction) {
    case 'ITI-46':
      return overHttps(destination, messageId, outgoing)
    case 'ITI-10':
      return overMllp(destination, controlIdOf(messageId), outgoing)
  }
  return destination satisfies never
}

async function overHttps(
  { endpoint: url }: Destination,
  messageId: string,
  { bytes, means, signal }: Outgoing,
): Promise<Answer> {
  const posting = { url, contentType: CONTENT_TYPE, bytes, agent: means.agent, signal }
  return postForAnswer(posting, ({ body }) => acknowledgementOf(body, messageId))
}

/** A connection for each message: notifications are few, and a receiver may close an idle one without a word. */
async function overMllp(
  { endpoint }: Destination,
  controlId: string,
  { bytes, means, signal }: Outgoing,
): Promise<Answer> {
  const { hostname, port } = new URL(endpoint)
  const client = await connectMllp({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port),
    tls: means.tls(),
    timeoutMs: means.timeoutMs,
    signal,
  })
  try {
    const answer = await client.send(bytes)
    return { ...readV2Answer(answer, controlId), heard: wholeMessage(answer) }
  } finally {
    await client.close()
  }
}

function readV2Answer(bytes: Buffer, controlId: string): Answer {
  try {
    const ack = readAck(bytes)
    if (ack.controlId !== controlId) return { answer: 'busy', reason: 'the acknowledgement is about another message' }
    return acknowledged(
      ack.code,
      ack.errors.map(({ code }) => code).find((code) => code !== ''),
    )
  } catch (error) {
    if (error instanceof IheError) return { answer: 'busy', reason: error.row.code }
    throw error
  }
}
