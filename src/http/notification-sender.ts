// Sends one update notification and reads its acknowledgement, within a bounded time: ITI-46 by SOAP over HTTPS, ITI-10 by MLLP over TLS
// (ITI TF-2 3.46, 3.10).

import { Agent, request } from 'undici'
import { iti46 } from '../../profiles/transactions/index.ts'
import { readAck } from '../codec/hl7v2/ack.ts'
import { readHeader } from '../codec/hl7v2/header.ts'
import { writeUpdateNotification } from '../codec/hl7v2/write-notification.ts'
import { readAcknowledgement } from '../codec/hl7v3/read-acknowledgement.ts'
import { writeNotification } from '../codec/hl7v3/write-notification.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import { readAnswer, SoapFaultError } from '../codec/soap/answer.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import { readXml, type XmlElement } from '../codec/xml/read.ts'
import type { Destination, Notification, Sent } from '../identity/notify.ts'
import { connectMllp } from '../mllp/client.ts'
import type { Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { type Oid, parseOid } from '../model/identifiers.ts'
import { newJournalId } from '../model/journal-id.ts'
import type { DoorPorts } from './door.ts'
import { nameOf } from './failure.ts'
import { partiesOf } from './hl7v2-door.ts'
import { type Crossing, keepExchange, wholeMessage } from './keeping.ts'
import { connectorOf, type OutgoingTls } from './outgoing-tls.ts'
import { readWhole } from './soap-message.ts'

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

/** An acknowledgement has a page of text at most. */
const MAX_ANSWER_BYTES = 1024 * 1024
const CONNECT_MS = 5000
const CONTENT_TYPE = `application/soap+xml; charset=UTF-8; action="${iti46.action}"`
/** HL7 v2.5 gives MSH-10 twenty characters. */
const CONTROL_ID_LENGTH = 20

/** `heard`: the answer as it came. */
interface Answer extends Pick<Sent, 'answer' | 'reason'> {
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
  const agents = new Map<string, Agent>()
  const meansTo = (facilityId: string): Means => {
    const tls = options.tlsTo(facilityId)
    const connect = connectorOf(tls, Math.min(CONNECT_MS, timeoutMs))
    const agent = agents.get(facilityId) ?? new Agent({ connect, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
    agents.set(facilityId, agent)
    return { timeoutMs, tls, agent }
  }
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
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
    },
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
  { endpoint }: Destination,
  messageId: string,
  { bytes, means, signal }: Outgoing,
): Promise<Answer> {
  const response = await request(endpoint, {
    method: 'POST',
    dispatcher: means.agent,
    headers: { 'content-type': CONTENT_TYPE },
    body: bytes,
    signal,
  })
  const contentType = String(response.headers['content-type'] ?? '')
  const status = `HTTP ${response.statusCode}`
  if (!/^application\/soap\+xml\b/i.test(contentType)) {
    // Whatever answers there, it is not the subscriber's application: a wrong path, a proxy, a redirection.
    await response.body.dump({ limit: MAX_ANSWER_BYTES }).catch(() => {})
    return { answer: 'unreachable', reason: status }
  }
  const answer = await readWhole(response.body, MAX_ANSWER_BYTES)
  const charset = parseContentType(contentType).parameters.get('charset')
  return { ...readSoapAnswer(answer, { charset, messageId, status }), heard: wholeMessage(answer, { contentType }) }
}

function readSoapAnswer(
  bytes: Buffer,
  sent: { readonly charset: string | undefined; readonly messageId: string; readonly status: string },
): Answer {
  try {
    const { body } = readAnswer(readXml(bytes, sent.charset === undefined ? {} : { charset: sent.charset }))
    return acknowledgementOf(body, sent.messageId)
  } catch (error) {
    if (error instanceof SoapFaultError)
      return {
        answer: error.code === 'Receiver' ? 'busy' : 'refused',
        reason: `SOAP fault ${error.subcode ?? error.code}`,
      }
    if (error instanceof IheError) return { answer: 'busy', reason: `${sent.status}, ${error.row.code}` }
    throw error
  }
}

/** What MCCI_IN000002UV01 says of the message with this id. @throws {IheError} for what is none. */
export function acknowledgementOf(body: XmlElement, messageId: string): Pick<Sent, 'answer' | 'reason'> {
  const { code, details, target } = readAcknowledgement(body)
  if (target !== undefined && target.root.toLowerCase() !== messageId)
    return { answer: 'busy', reason: 'the acknowledgement is about another message' }
  return acknowledged(
    code,
    details.map((detail) => detail.code).find((detail) => detail !== ''),
  )
}

/** CA, CE and CR as the readers make them of either family; others speak for none and are asked again. */
function acknowledged(code: string, detail: string | undefined): Answer {
  const reason = detail === undefined ? code : `${code} ${detail}`
  switch (code.replace(/^A/, 'C')) {
    case 'CA':
      return { answer: 'accepted', reason }
    case 'CE':
      return { answer: 'refused', reason }
    default:
      return { answer: 'busy', reason }
  }
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
