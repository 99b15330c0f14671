// Takes an MTOM package apart while it arrives, part by part, in the memory of one chunk (RFC 2387; XOP 1.0, 4; ITI TF-2 Appendix V).

import { iheError } from '../../../profiles/errors/index.ts'
import type { IheError } from '../../model/error.ts'
import { parseRelated } from './content-type.ts'
import type { Delimiter } from './delimiter.ts'
import { type PartHeaders, parsePartHeaders } from './part-headers.ts'
import { partStream } from './part-stream.ts'
import { type ByteSource, byteSource } from './source.ts'
import { decodeTransfer } from './transfer-encoding.ts'

export type { PartHeaders } from './part-headers.ts'

/** Takes a part while it streams. Bytes it leaves unread are skipped. */
export type PartSink<T> = (headers: PartHeaders, body: AsyncIterable<Buffer>) => Promise<T>

export interface Package<T> {
  readonly root: Buffer
  readonly rootContentType: string
  /** What the sink made of each part, by Content-ID without `<>`. */
  readonly parts: ReadonlyMap<string, T>
  /** Bytes of the whole package. */
  readonly bytes: number
}

export interface MtomLimits {
  readonly maxBytes: number
  /** Of one part as it travels, before a transfer encoding is undone. */
  readonly maxPartBytes: number
  readonly maxRootBytes: number
  readonly maxParts: number
  readonly maxPartHeaderBytes: number
  readonly maxPartHeaders: number
}

/** A document of 1 GiB passes, with room for what a gateway adds. */
const MTOM_LIMITS: MtomLimits = {
  maxBytes: 2 * 1024 ** 3,
  maxPartBytes: 1024 ** 3 + 1024 ** 2,
  maxRootBytes: 8 * 1024 ** 2,
  maxParts: 1000,
  maxPartHeaderBytes: 8 * 1024,
  maxPartHeaders: 32,
}

const XOP_TYPE = /^application\/xop\+xml[ \t]*(?:;|$)/i

interface Root {
  readonly content: Buffer
  readonly type: string
}

/**
 * Reads a package to its end. The root part may stand anywhere; other parts go to `sink`, or are skipped without one.
 * The source is pulled only as fast as the sink takes it, and is left open on an error: its owner closes it.
 * @throws {IheError} MTOM_PACKAGE (with the part and the rule), TOO_LARGE, CONTENT_TYPE; and whatever sink or source throw.
 */
export async function readRelated<T>(
  source: AsyncIterable<Buffer>,
  options: { readonly contentType: string; readonly sink?: PartSink<T>; readonly limits?: Partial<MtomLimits> },
): Promise<Package<T>> {
  const { boundary, start } = parseRelated(options.contentType)
  const limits = { ...MTOM_LIMITS, ...options.limits }
  // The line feed before the first byte makes a boundary in the first line a boundary like any other.
  const bytes = byteSource(source, { maxBytes: limits.maxBytes, before: Buffer.from('\n') })
  const ids = new Set<string>()
  const parts = new Map<string, T>()
  let root: Root | undefined
  let delimiter = await skipPreamble(bytes, { boundary, limits })
  for (let number = 1; delimiter.kind === 'part'; number += 1) {
    const at = `part ${number}`
    if (number > limits.maxParts) throw broken(at, `at most ${limits.maxParts} parts`)
    const { headers, leading } = await readHeaders(bytes, { at, limits, lineEnd: delimiter.lineEnd })
    assertNewId(headers, { ids, at })
    const part = { at, boundary, lineEnd: delimiter.lineEnd, leading, maxBytes: limits.maxPartBytes }
    const stream = partStream(bytes, part)
    const body = decodeTransfer(stream.body, headers.transferEncoding)
    if (start === undefined ? number === 1 : headers.contentId === start) {
      root = await readRoot(headers, body, { at, maxBytes: limits.maxRootBytes })
    } else if (options.sink !== undefined) {
      if (headers.contentId === '') throw broken(at, 'a part beside the root needs a Content-ID')
      parts.set(headers.contentId, await options.sink(headers, body))
    }
    delimiter = await stream.rest()
  }
  if (root === undefined) throw broken('package', start === undefined ? 'no part' : `no part <${start}>`)
  await skipEpilogue(bytes)
  return { root: root.content, rootContentType: root.type, parts, bytes: bytes.total() }
}

/** Either line end may stand before the first delimiter; the one after it is that of the whole package. */
function skipPreamble(
  bytes: ByteSource,
  { boundary, limits }: { readonly boundary: string; readonly limits: MtomLimits },
): Promise<Delimiter> {
  const place = { at: 'preamble', boundary, lineEnd: 'LF', leading: 0, maxBytes: limits.maxPartBytes } as const
  return partStream(bytes, place).rest()
}

async function skipEpilogue(bytes: ByteSource): Promise<void> {
  while (!bytes.ended()) {
    bytes.take(bytes.buffer().length)
    await bytes.more()
  }
}

/** Reads the headers and leaves the line end of the blank line in the source (see PartPlace.leading). */
async function readHeaders(
  bytes: ByteSource,
  place: { readonly at: string; readonly limits: MtomLimits; readonly lineEnd: 'CRLF' | 'LF' },
): Promise<{ readonly headers: PartHeaders; readonly leading: number }> {
  const { at, limits, lineEnd } = place
  const most = limits.maxPartHeaderBytes
  for (;;) {
    const block = bytes.buffer().toString('latin1', 0, Math.min(bytes.buffer().length, most + 4))
    const end = /(?:^|\r?\n)(\r?\n)/.exec(block)
    if (end !== null && end.index <= most) {
      const leading = lineEnd === 'LF' ? 1 : (end[1]?.length ?? 0)
      bytes.take(end.index + end[0].length - leading)
      return {
        headers: parsePartHeaders(block.slice(0, end.index), { at, maxHeaders: limits.maxPartHeaders }),
        leading,
      }
    }
    if (block.length >= most + 4) throw broken(at, `headers at most ${most} bytes`)
    if (bytes.ended()) throw broken(at, 'the message ends inside the part headers')
    await bytes.more()
  }
}

function assertNewId(headers: PartHeaders, place: { readonly ids: Set<string>; readonly at: string }): void {
  if (headers.contentId === '') return
  if (place.ids.has(headers.contentId)) throw broken(place.at, `Content-ID <${headers.contentId}> used twice`)
  place.ids.add(headers.contentId)
}

async function readRoot(
  headers: PartHeaders,
  body: AsyncIterable<Buffer>,
  place: { readonly at: string; readonly maxBytes: number },
): Promise<Root> {
  if (!XOP_TYPE.test(headers.contentType)) {
    throw broken(place.at, `the root part is application/xop+xml, not ${headers.contentType}`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > place.maxBytes)
      throw iheError('TOO_LARGE', { at: place.at, rule: `root at most ${place.maxBytes} bytes` })
    chunks.push(chunk)
  }
  return { content: Buffer.concat(chunks), type: headers.contentType }
}

function broken(at: string, rule: string): IheError {
  return iheError('MTOM_PACKAGE', { at, rule })
}
