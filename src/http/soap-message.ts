// Bytes of an HTTP request → SOAP message with its parts, in either packaging (ITI TF-2 Appendix V.3; SOAP 1.2; MTOM).

import { iheError } from '../../profiles/errors/index.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import { assertIncludesInDocuments } from '../codec/mtom/include.ts'
import { type PartHeaders, readRelated } from '../codec/mtom/split.ts'
import { peekMessageId, readEnvelope, type SoapMessage } from '../codec/soap/read.ts'
import { readXml, type XmlElement } from '../codec/xml/read.ts'
import type { StagedContent } from '../model/staged-document.ts'

export type Packaging = 'simple' | 'mtom'

export interface Packed {
  readonly packaging: Packaging
  readonly root: Buffer
  readonly charset: string | undefined
  readonly parts: ReadonlyMap<string, StagedContent>
  readonly bytes: number
}

export interface UnpackOptions {
  readonly contentType: string
  readonly maxSoapBytes: number
  readonly maxRequestBytes: number
  readonly maxDocumentBytes: number
  /** Takes a document part while it streams; absent where the endpoint takes none, and parts are skipped unread. */
  readonly stage?: (body: AsyncIterable<Buffer>, headers: PartHeaders) => Promise<StagedContent>
}

export function packagingOf(contentType: string): Packaging | undefined {
  const { type } = parseContentType(contentType)
  if (type === 'multipart/related') return 'mtom'
  return type === 'application/soap+xml' ? 'simple' : undefined
}

/** @throws {IheError} CONTENT_TYPE, TOO_LARGE, MTOM_PACKAGE */
export async function unpack(source: AsyncIterable<Buffer>, options: UnpackOptions): Promise<Packed> {
  const packaging = packagingOf(options.contentType)
  if (packaging === undefined) throw iheError('CONTENT_TYPE', { at: 'Content-Type', value: options.contentType })
  if (packaging === 'simple') {
    const root = await readWhole(source, options.maxSoapBytes)
    const charset = parseContentType(options.contentType).parameters.get('charset')
    return { packaging, root, charset, parts: new Map(), bytes: root.length }
  }
  const { stage } = options
  const related = await readRelated(source, {
    contentType: options.contentType,
    limits: {
      maxBytes: options.maxRequestBytes,
      maxRootBytes: options.maxSoapBytes,
      maxPartBytes: stage === undefined ? options.maxDocumentBytes : asSent(options.maxDocumentBytes),
    },
    ...(stage === undefined ? {} : { sink: (headers, body) => stage(body, headers) }),
  })
  const charset = parseContentType(related.rootContentType).parameters.get('charset')
  return { packaging, root: related.root, charset, parts: related.parts, bytes: related.bytes }
}

/** Lines of base64 take less than half as much again (RFC 2045, 6.8); how large the document is shows where it is staged. */
function asSent(documentBytes: number): number {
  return Math.ceil(documentBytes * 1.5)
}

/** @throws {IheError} TOO_LARGE */
export async function readWhole(source: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of source) {
    length += chunk.length
    if (length > maxBytes) throw iheError('TOO_LARGE', { at: 'HTTP body', rule: `at most ${maxBytes} bytes` })
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}

/** The parsed document; its MessageID is worth having even when the envelope is refused. */
export interface Parsed {
  readonly document: XmlElement
  readonly messageId: string | undefined
}

/** @throws {IheError} XML_… */
export function parse(packed: Packed): Parsed {
  const document = readXml(packed.root, packed.charset === undefined ? {} : { charset: packed.charset })
  return { document, messageId: peekMessageId(document) }
}

/** @param understood further header blocks. @throws {IheError} SOAP_…, WSA_…, MTOM_INCLUDE */
export function open(parsed: Parsed, understood?: ReadonlySet<string>): SoapMessage {
  const message = readEnvelope(parsed.document, understood)
  assertIncludesInDocuments(message.body)
  return message
}
