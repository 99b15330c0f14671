// Puts an MTOM package together (RFC 2387; XOP 1.0, 4; ITI TF-2 Appendix V).

import { randomUUID } from 'node:crypto'
import { newContentId } from './include.ts'

export interface Attachment {
  /** Without `<>`. */
  readonly contentId: string
  readonly contentType: string
  readonly body: Buffer | AsyncIterable<Buffer>
  /** Of a stream whose size is known. */
  readonly sizeBytes?: number
}

export interface Related {
  /** Of the package. */
  readonly contentType: string
  /** One Buffer when it is all there and small, else a stream. */
  readonly body: Buffer | AsyncIterable<Buffer>
  readonly root: Buffer
  /** Of the package; undefined when that of a stream in it is not known. */
  readonly sizeBytes: number | undefined
}

/** Below this a package of buffers is one buffer, so that its length is known and one write sends it. */
const ONE_BUFFER_BYTES = 1024 * 1024

/** What may stand in a part header: a Content-Type comes from metadata and must not end the line. */
const HEADER_VALUE = /^[\x20-\x7e]{1,512}$/
const CONTENT_ID = /^[!-;=?-~]{1,256}$/

/** A package of the envelope and its attachments; also without any, an MTOM message stays multipart. */
export function writeRelated(envelope: string, attachments: readonly Attachment[]): Related {
  const root = Buffer.from(envelope)
  const boundary = `MIMEBoundary_${randomUUID()}`
  const rootId = newContentId()
  const contentType = `multipart/related; boundary="${boundary}"; type="application/xop+xml"; start="<${rootId}>"; start-info="application/soap+xml"`
  const rootType = 'application/xop+xml; charset=UTF-8; type="application/soap+xml"'
  const pieces: (Buffer | AsyncIterable<Buffer>)[] = [
    Buffer.from(`--${boundary}\r\n${partHeaders(rootId, rootType)}`),
    root,
  ]
  for (const { contentId, contentType: type, body } of attachments) {
    pieces.push(Buffer.from(`\r\n--${boundary}\r\n${partHeaders(contentId, type)}`), body)
  }
  pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`))
  const buffers = pieces.filter((piece): piece is Buffer => Buffer.isBuffer(piece))
  const size = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
  const together = buffers.length === pieces.length && size < ONE_BUFFER_BYTES
  const streamed = attachments.map(({ body, sizeBytes }) => (Buffer.isBuffer(body) ? 0 : sizeBytes))
  return {
    contentType,
    body: together ? Buffer.concat(buffers, size) : stream(pieces),
    root,
    sizeBytes: streamed.reduce((sum, one) => (one === undefined || sum === undefined ? undefined : sum + one), size),
  }
}

function partHeaders(contentId: string, contentType: string): string {
  if (!CONTENT_ID.test(contentId)) throw new Error('a Content-ID is printable ASCII without angle brackets')
  const type = HEADER_VALUE.test(contentType) ? contentType : 'application/octet-stream'
  return `Content-Type: ${type}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <${contentId}>\r\n\r\n`
}

/** When it is ended early, or was never read, so are all of its pieces: what lies behind one may have to be put away. */
function stream(pieces: readonly (Buffer | AsyncIterable<Buffer>)[]): AsyncIterable<Buffer> {
  const written = inOrder(pieces)
  const iterator: AsyncIterator<Buffer> = {
    next: () => written.next(),
    return: async () => {
      await written.return(undefined)
      for (const piece of pieces) if (!Buffer.isBuffer(piece)) await piece[Symbol.asyncIterator]().return?.()
      return { done: true, value: undefined }
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

async function* inOrder(pieces: readonly (Buffer | AsyncIterable<Buffer>)[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) yield piece
    else yield* piece
  }
}
