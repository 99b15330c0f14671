// MLLP framing, knowing nothing of HL7: 0B message 1C 0D (HL7 v2.5 Implementation Guide, Appendix C; MLLP Release 1).

const START = 0x0b
const END = 0x1c
const CR = 0x0d

export const MAX_FRAME_BYTES = 64 * 1024 * 1024
/** Bytes skipped before a start block; line noise is forgiven, a protocol that is not MLLP is not. */
export const MAX_GARBAGE_BYTES = 4 * 1024

/** Why a stream cannot go on: `garbage` before a start block, or nothing but beginnings of frames; or a frame over the limit. */
export type FrameFault = 'garbage' | 'too-large'

/** Frames begun again with no whole one between them; a sender that loses its place finds it sooner, and each is a line of the journal. */
export const MAX_RESTARTS = 16

/** So much is told of what makes no message. */
const HEAD_BYTES = 64 * 1024
/** A part costs some hundred bytes beside its content, so that small ones do not stay apart. */
const SMALL_BYTES = 1024
const MAX_SMALL = 256

export type FrameEvent =
  | { readonly kind: 'frame'; readonly message: Buffer }
  /** A new start block inside a frame: the sender began again, and what came before is void. `head`: its beginning. */
  | { readonly kind: 'dropped'; readonly bytes: number; readonly head: Buffer }
  | { readonly kind: 'fault'; readonly fault: FrameFault; readonly bytes: number; readonly head: Buffer }

export interface FrameDecoder {
  /** Bytes held of the frame under way. */
  readonly size: () => number
  /** The beginning of the frame under way. */
  readonly head: () => Buffer
  /** Consumes bytes of the stream; the events in order. After a fault nothing more comes. */
  readonly push: (chunk: Buffer) => readonly FrameEvent[]
  /** The stream idles or ended: a lone 1C received last ends its frame. */
  readonly idle: () => readonly FrameEvent[]
  /** Where the stream stands: `ended` is a lone 1C waiting for what follows. */
  readonly state: () => 'between' | 'inside' | 'ended' | 'failed'
}

interface Stream {
  state: 'between' | 'inside' | 'ended' | 'failed'
  parts: Buffer[]
  /** How many of the last parts are small. */
  small: number
  size: number
  garbage: number
  restarts: number
  readonly maxBytes: number
  readonly events: FrameEvent[]
}

/** A decoder for one connection; it holds at most `maxFrameBytes` and copies a message once. */
export function createFrameDecoder(options: { readonly maxFrameBytes?: number } = {}): FrameDecoder {
  const stream: Stream = {
    state: 'between',
    parts: [],
    small: 0,
    size: 0,
    garbage: 0,
    restarts: 0,
    maxBytes: options.maxFrameBytes ?? MAX_FRAME_BYTES,
    events: [],
  }
  return {
    push: (chunk) => {
      let index = 0
      while (index < chunk.length && stream.state !== 'failed') index = advance(stream, chunk, index)
      return stream.events.splice(0)
    },
    idle: () => {
      if (stream.state === 'ended') finish(stream)
      return stream.events.splice(0)
    },
    state: () => stream.state,
    size: () => stream.size,
    head: () => headOf(stream.parts),
  }
}

/** The bytes of a message as they go over the wire. */
export function encodeFrame(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([START]), message, Buffer.from([END, CR])])
}

function advance(stream: Stream, chunk: Buffer, index: number): number {
  switch (stream.state) {
    case 'between':
      return skipToStart(stream, chunk, index)
    case 'inside':
      return readInside(stream, chunk, index)
    case 'ended':
      return readAfterEnd(stream, chunk, index)
    case 'failed':
      return chunk.length
  }
}

function skipToStart(stream: Stream, chunk: Buffer, index: number): number {
  const start = chunk.indexOf(START, index)
  stream.garbage += (start < 0 ? chunk.length : start) - index
  if (stream.garbage > MAX_GARBAGE_BYTES) {
    stream.parts = [chunk.subarray(index)]
    stream.size = stream.garbage
    return fail(stream, 'garbage', chunk)
  }
  if (start < 0) return chunk.length
  begin(stream)
  return start + 1
}

function readInside(stream: Stream, chunk: Buffer, index: number): number {
  const end = endBlockAt(chunk, index)
  const stop = end < 0 ? chunk.length : end
  const restart = chunk.subarray(index, stop).indexOf(START)
  if (restart >= 0) {
    keep(stream, chunk.subarray(index, index + restart))
    return drop(stream, chunk, index + restart + 1)
  }
  keep(stream, chunk.subarray(index, stop))
  if (stream.size > stream.maxBytes) return fail(stream, 'too-large', chunk)
  if (end >= 0) stream.state = 'ended'
  return stop + 1
}

/** The next 1C that may end the frame: followed by 0D or 0B, or the last that came. */
function endBlockAt(chunk: Buffer, index: number): number {
  let end = chunk.indexOf(END, index)
  while (end >= 0 && end + 1 < chunk.length && chunk[end + 1] !== CR && chunk[end + 1] !== START)
    end = chunk.indexOf(END, end + 1)
  return end
}

/** A start block inside a frame; of a frame that had nothing yet nothing is lost. */
function drop(stream: Stream, chunk: Buffer, next: number): number {
  stream.restarts += 1
  if (stream.restarts > MAX_RESTARTS) return fail(stream, 'garbage', chunk)
  if (stream.size > 0) stream.events.push({ kind: 'dropped', bytes: stream.size, head: headOf(stream.parts) })
  begin(stream)
  return next
}

/** 1C ends the frame when 0D follows, or 0B, or nothing; before any other byte it was part of the message. */
function readAfterEnd(stream: Stream, chunk: Buffer, index: number): number {
  const next = chunk[index]
  if (next === CR || next === START) {
    finish(stream)
    return next === CR ? index + 1 : index
  }
  keep(stream, Buffer.from([END]))
  stream.state = 'inside'
  return index
}

function begin(stream: Stream): void {
  stream.state = 'inside'
  stream.parts = []
  stream.small = 0
  stream.size = 0
  stream.garbage = 0
}

function keep(stream: Stream, bytes: Buffer): void {
  stream.size += bytes.length
  if (bytes.length === 0 || stream.size > stream.maxBytes) return
  stream.parts.push(bytes)
  stream.small = bytes.length < SMALL_BYTES ? stream.small + 1 : 0
  if (stream.small < MAX_SMALL) return
  stream.parts.push(Buffer.concat(stream.parts.splice(-MAX_SMALL)))
  stream.small = 0
}

function finish(stream: Stream): void {
  stream.events.push({ kind: 'frame', message: Buffer.concat(stream.parts) })
  begin(stream)
  stream.restarts = 0
  stream.state = 'between'
}

/** A copy, so that the parts can go. */
function headOf(parts: readonly Buffer[]): Buffer {
  let bytes = 0
  const first = parts.findIndex((part) => {
    bytes += part.length
    return bytes >= HEAD_BYTES
  })
  return Buffer.concat(first < 0 ? parts : parts.slice(0, first + 1), Math.min(bytes, HEAD_BYTES))
}

function fail(stream: Stream, fault: FrameFault, chunk: Buffer): number {
  stream.events.push({ kind: 'fault', fault, bytes: stream.size, head: headOf(stream.parts) })
  begin(stream)
  stream.state = 'failed'
  return chunk.length
}
