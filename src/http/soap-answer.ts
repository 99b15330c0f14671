// Writes SOAP answers and faults in the packaging of the request (ITI TF-2 Appendix V.3.2, V.3.6).

import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Transaction } from '../../profiles/transactions/index.ts'
import { type Attachment, writeRelated } from '../codec/mtom/write.ts'
import { NONE } from '../codec/soap/constants.ts'
import { writeFault } from '../codec/soap/fault.ts'
import type { SoapMessage } from '../codec/soap/read.ts'
import { writeEnvelope } from '../codec/soap/write.ts'
import type { Exchange } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { Encoded } from './binding.ts'
import type { Packaging } from './soap-message.ts'

const SIMPLE_TYPE = 'application/soap+xml; charset=UTF-8'

export interface Answer {
  readonly transaction: Transaction
  readonly message: SoapMessage
  readonly packaging: Packaging
  readonly encoded: Encoded
}

export interface PreparedAnswer {
  /** Size of the answer; undefined while it streams. */
  readonly bytes: number | undefined
  readonly release: () => FastifyReply
}

/** Renders an answer whole or as a stream, to be released once it may leave. */
export function prepareAnswer(reply: FastifyReply, answer: Answer): PreparedAnswer {
  const { message, encoded } = answer
  if (message.replyTo === NONE) return { bytes: 0, release: () => reply.code(202).send() }
  const envelope = writeEnvelope({
    action: answer.transaction.responseAction,
    body: encoded.body,
    ...(message.messageId === undefined ? {} : { relatesTo: message.messageId }),
  })
  const { type, body } = pack(envelope, answer.packaging, encoded.attachments)
  return {
    bytes: Buffer.isBuffer(body) ? body.length : undefined,
    release: () =>
      reply
        .code(200)
        .header('content-type', type)
        .send(Buffer.isBuffer(body) ? body : Readable.from(body, { objectMode: false })),
  }
}

function pack(
  envelope: string,
  packaging: Packaging,
  attachments: readonly Attachment[] = [],
): { type: string; body: Buffer | AsyncIterable<Buffer> } {
  if (packaging === 'simple') return { type: SIMPLE_TYPE, body: Buffer.from(envelope) }
  const related = writeRelated(envelope, attachments)
  return { type: related.contentType, body: related.body }
}

/** HTTP status of a refusal below SOAP; other faults take theirs from SOAP 1.2 Part 2, 7.4.2. */
const TRANSPORT_STATUS: ReadonlySet<string> = new Set(['CONTENT_TYPE', 'TOO_LARGE'])

export function sendFault(
  reply: FastifyReply,
  given: { readonly error: IheError; readonly exchange: Exchange; readonly packaging: Packaging },
): FastifyReply {
  const { error, exchange } = given
  const { messageId } = exchange
  const { status, xml } = writeFault(error, {
    journalId: exchange.id,
    ...(messageId === undefined ? {} : { relatesTo: messageId }),
  })
  const packed = pack(xml, TRANSPORT_STATUS.has(error.row.code) ? 'simple' : given.packaging)
  // After a refusal in mid-body the rest of the request is still on its way; the connection cannot be used again.
  reply.header('connection', 'close')
  return reply.code(status).header('content-type', packed.type).send(packed.body)
}
