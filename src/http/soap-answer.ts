// Renders SOAP answers and faults in the packaging of the request, and sends them where they belong (ITI TF-2 Appendix V.3.2, V.3.6).

import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Transaction } from '../../profiles/transactions/index.ts'
import { writeRelated } from '../codec/mtom/write.ts'
import { writeFault } from '../codec/soap/fault.ts'
import type { SoapMessage } from '../codec/soap/read.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import type { Exchange } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { AnsweredPart, Encoded } from './binding.ts'
import { type Crossing, wholeMessage } from './keeping.ts'
import type { Packaging } from './soap-message.ts'

const SIMPLE_TYPE = 'application/soap+xml; charset=UTF-8'
const BUSY_STATUS = 503
const RETRY_AFTER_SECONDS = 5

/** Headers of an answer that is a message of its own, sent to an address. */
export interface Addressed {
  readonly messageId: string
  readonly to: string
}

export interface Rendered {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer | AsyncIterable<Buffer>
  /** Size; undefined while it streams. */
  readonly bytes: number | undefined
  /** What the journal keeps of it. */
  readonly kept: Crossing
}

/** Where the answer to a message goes. */
export interface Channel {
  readonly kind: 'connection' | 'nowhere' | 'address'
  /** Headers of answer and fault; undefined on the connection of the request. */
  readonly answerTo: Addressed | undefined
  readonly faultTo: Addressed | undefined
  readonly answer: (rendered: Rendered) => Promise<unknown>
  readonly fault: (rendered: Rendered) => Promise<unknown>
  /** True once an answer has begun to leave: a fault can no longer take its place. */
  readonly isUsed: () => boolean
}

export interface Answer {
  readonly transaction: Transaction
  readonly message: SoapMessage
  readonly packaging: Packaging
  readonly encoded: Encoded
}

export function addressedTo(url: URL): Addressed {
  return { messageId: `urn:uuid:${randomUUID()}`, to: url.href }
}

/** An answer whole or as a stream, to be sent once it may leave. */
export function renderAnswer(answer: Answer, addressed: Addressed | undefined): Rendered {
  const { message, encoded } = answer
  const envelope = writeEnvelope({
    action: answer.transaction.responseAction,
    body: encoded.body,
    ...(encoded.blocks === undefined ? {} : { blocks: encoded.blocks }),
    ...(message.messageId === undefined ? {} : { relatesTo: message.messageId }),
    ...addressed,
  })
  return { status: 200, ...pack(envelope, answer.packaging, encoded.attachments) }
}

function pack(
  envelope: string,
  packaging: Packaging,
  attachments: readonly AnsweredPart[] = [],
): Omit<Rendered, 'status'> {
  if (packaging === 'simple') {
    const body = Buffer.from(envelope)
    return {
      contentType: SIMPLE_TYPE,
      body,
      bytes: body.length,
      kept: wholeMessage(body, { contentType: SIMPLE_TYPE }),
    }
  }
  const { contentType, body, root, sizeBytes } = writeRelated(envelope, attachments)
  // The documents lie in the repository; the journal does not keep them a second time.
  const parts = attachments.map(({ body: _, ...part }) => part)
  const kept = { contentType, bytes: root, sizeBytes: sizeBytes ?? root.length, isWhole: true, parts }
  return { contentType, body, bytes: Buffer.isBuffer(body) ? body.length : undefined, kept }
}

/** Refusals below SOAP: how the rest of the package would have looked is not known. */
const BELOW_SOAP: ReadonlySet<string> = new Set(['CONTENT_TYPE', 'TOO_LARGE', 'TOO_SLOW'])

export function renderFault(
  given: { readonly error: IheError; readonly exchange: Exchange; readonly packaging: Packaging },
  addressed: Addressed | undefined,
): Rendered {
  const { error, exchange } = given
  const { messageId } = exchange
  const { status, xml } = writeFault(error, {
    journalId: exchange.id,
    ...(messageId === undefined ? {} : { relatesTo: messageId }),
    ...(addressed === undefined ? {} : { addressed }),
  })
  return { status, ...pack(xml, BELOW_SOAP.has(error.row.code) ? 'simple' : given.packaging) }
}

/** A body that is not sent is closed all the same: what lies behind it may have to be put away (docs/adr/0040). */
export async function closeUnsent(body: Rendered['body']): Promise<void> {
  if (!Buffer.isBuffer(body)) await body[Symbol.asyncIterator]().return?.()
}

/** The connection of the request; with ReplyTo "none" it hears no more than that the message was taken (WS-Addressing Core, 2.1). */
export function connectionChannel(reply: FastifyReply, kind: 'connection' | 'nowhere'): Channel {
  return {
    kind,
    answerTo: undefined,
    faultTo: undefined,
    answer: async (rendered) => {
      if (kind === 'connection') return send(later(reply, rendered), rendered)
      await closeUnsent(rendered.body)
      return reply.code(202).send()
    },
    fault: async (rendered) => {
      // After a refusal in mid-body the rest of the request is still on its way; the connection cannot be used again.
      reply.header('connection', 'close')
      return send(later(reply, rendered), rendered)
    },
    isUsed: () => reply.sent,
  }
}

function later(reply: FastifyReply, { status }: Rendered): FastifyReply {
  return status === BUSY_STATUS ? reply.header('retry-after', String(RETRY_AFTER_SECONDS)) : reply
}

function send(reply: FastifyReply, { status, contentType, body }: Rendered): FastifyReply {
  return reply
    .code(status)
    .header('content-type', contentType)
    .send(Buffer.isBuffer(body) ? body : Readable.from(body, { objectMode: false }))
}
