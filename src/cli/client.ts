// A system's side of the HTTPS door: SOAP 1.2 with WS-Addressing and MTOM over mutual TLS (ITI TF-2 Appendix V).

import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { Agent, type Dispatcher, request } from 'undici'
import { ENDPOINTS, type Transaction } from '../../profiles/transactions/index.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import { readRelated } from '../codec/mtom/split.ts'
import { type Attachment, writeRelated } from '../codec/mtom/write.ts'
import { readAnswer } from '../codec/soap/answer.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import { readXml, type XmlElement } from '../codec/xml/read.ts'
import type { Markup } from '../codec/xml/write.ts'
import type { Assert } from './assertion.ts'
import type { Credentials } from './credentials.ts'
import { RefusedError, wordsOf } from './failure.ts'

export interface SoapCall {
  readonly transaction: Transaction
  readonly body: Markup
  readonly attachments?: readonly Attachment[]
}

export interface SoapReply {
  /** The one child of Body. */
  readonly body: XmlElement
  /** The envelope as received. */
  readonly raw: Buffer
  /** Bytes of the MTOM parts by Content-ID. */
  readonly parts: ReadonlyMap<string, Buffer>
}

export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

export interface Post {
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface SystemClient {
  /**
   * @throws {SoapFaultError} for a fault.
   * @throws {RefusedError} when the answer is no SOAP message, or not the answer to this call.
   */
  readonly call: (call: SoapCall) => Promise<SoapReply>
  /** A POST with headers of its own. */
  readonly deliver: (path: string, post: Post) => Promise<HttpAnswer & { readonly retryAfter?: string }>
  /** A POST of bytes to a path; the answer as it came. */
  readonly post: (path: string, contentType: string, body: Buffer) => Promise<HttpAnswer>
  readonly close: () => Promise<void>
}

/** A client of one HTTPS door, `baseUrl` without path; it keeps connections until it is closed. */
export function createSystemClient({
  baseUrl,
  credentials,
  assert,
}: {
  readonly baseUrl: string
  readonly credentials: Credentials
  /** Makes the assertion about the user behind each message. */
  readonly assert?: Assert
}): SystemClient {
  const { key, cert, ca, minVersion, maxVersion, ciphers, ecdhCurve } = credentials
  const agent = new Agent({ connect: { key, cert, ca, minVersion, maxVersion, ciphers, ecdhCurve } })
  const send = (path: string, headers: Post['headers'], body: Buffer | AsyncIterable<Buffer>) =>
    request(`${baseUrl}${path}`, {
      method: 'POST',
      dispatcher: agent,
      headers,
      body: Buffer.isBuffer(body) ? body : Readable.from(body, { objectMode: false }),
    })
  return {
    call: async (call) => {
      const messageId = `urn:uuid:${randomUUID()}`
      const path = ENDPOINTS[call.transaction.actor]
      const asserted = assert === undefined ? {} : { blocks: [assert()] }
      const { contentType, body } = packed(call, { messageId, to: `${baseUrl}${path}`, ...asserted })
      const response = await send(path, { 'content-type': contentType }, body)
      const type = headerText(response.headers['content-type'])
      const { envelope, parts } = await unpacked(response.body, type, response.statusCode)
      return accepted(call, { messageId, envelope, parts, charset: charsetOf(type) })
    },
    deliver: async (path, { contentType, headers, body }) => {
      const response = await send(path, { 'content-type': contentType, ...headers }, body)
      const retryAfter = headerText(response.headers['retry-after'])
      return { ...(await answerOf(response)), ...(retryAfter === '' ? {} : { retryAfter }) }
    },
    post: async (path, contentType, body) => answerOf(await send(path, { 'content-type': contentType }, body)),
    close: () => agent.close(),
  }
}

async function answerOf({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<HttpAnswer> {
  return {
    status: statusCode,
    contentType: headerText(headers['content-type']),
    body: Buffer.from(await body.arrayBuffer()),
  }
}

function packed(
  { transaction, body, attachments = [] }: SoapCall,
  headers: { readonly messageId: string; readonly to: string; readonly blocks?: readonly Markup[] },
): { readonly contentType: string; readonly body: Buffer | AsyncIterable<Buffer> } {
  const { action } = transaction
  const envelope = writeEnvelope({ action, ...headers, replyTo: ANONYMOUS, body })
  if (transaction.mtom === 'required') return writeRelated(envelope, attachments)
  return { contentType: `application/soap+xml; charset=UTF-8; action="${action}"`, body: Buffer.from(envelope) }
}

interface Unpacked {
  readonly envelope: Buffer
  readonly parts: ReadonlyMap<string, Buffer>
}

async function unpacked(body: AsyncIterable<Buffer>, contentType: string, status: number): Promise<Unpacked> {
  if (/^multipart\/related/i.test(contentType)) {
    const { root, parts } = await readRelated(body, { contentType, sink: (_, part) => whole(part) })
    return { envelope: root, parts }
  }
  const bytes = await whole(body)
  if (!/^(application\/soap\+xml|application\/xml|text\/xml)/i.test(contentType)) throw refusedByDoor(status, bytes)
  return { envelope: bytes, parts: new Map() }
}

async function whole(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What a door says without a message of its protocol: most often that the certificate will not do. */
export function refusedByDoor(status: number, body: Buffer): RefusedError {
  if (status === 403) {
    const words = wordsOf('CERTIFICATE_REFUSED')
    return new RefusedError(`CERTIFICATE_REFUSED: ${words?.message}\n${words?.hint}\n${words?.ja}`)
  }
  const text = body.toString('utf8', 0, 500).trim()
  return new RefusedError(`the server answered HTTP ${status}${text === '' ? '' : `: ${text}`}`)
}

function accepted(
  { transaction }: SoapCall,
  reply: Unpacked & { readonly messageId: string; readonly charset: string | undefined },
): SoapReply {
  const root = readXml(reply.envelope, reply.charset === undefined ? {} : { charset: reply.charset })
  const message = readAnswer(root)
  if (message.action !== transaction.responseAction)
    throw new RefusedError(`the answer has the action ${message.action}, not ${transaction.responseAction}`)
  if (message.relatesTo !== reply.messageId)
    throw new RefusedError(`the answer relates to ${message.relatesTo ?? 'no message'}, not to ${reply.messageId}`)
  return { body: message.body, raw: reply.envelope, parts: reply.parts }
}

/** For multipart the charset is that of the root part, which is always UTF-8. */
function charsetOf(contentType: string): string | undefined {
  return /^multipart/i.test(contentType) ? undefined : parseContentType(contentType).parameters.get('charset')
}

function headerText(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? ''
}
