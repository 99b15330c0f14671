// Framing of syslog over TLS, knowing nothing of what is framed: the length in octets, a space, the message (RFC 5425, 4.3.1).

const SPACE = 0x20
const ZERO = 0x30
const NINE = 0x39

/** Longest message that is taken, and that is sent; audit records carry whole queries. */
export const MAX_SYSLOG_BYTES = 1024 * 1024
/** A longer one than is taken is passed over up to this length, so that its sender does not send it for ever. */
const MAX_PASSED_OVER_BYTES = 64 * 1024 * 1024
const MAX_DIGITS = 8

export type SyslogFrameEvent =
  | { readonly kind: 'message'; readonly bytes: Buffer }
  /** Longer than is taken; its first bytes. */
  | { readonly kind: 'too-large'; readonly size: number; readonly beginning: Buffer }
  /** Where the next message begins is not known any more: the connection has to end. */
  | { readonly kind: 'broken'; readonly rule: string; readonly beginning: Buffer }

export interface SyslogFrameDecoder {
  /** Consumes bytes of the stream; the events in order. After `broken` nothing more comes. */
  readonly push: (chunk: Buffer) => readonly SyslogFrameEvent[]
  /** Whether the stream stands within a frame. */
  readonly isInside: () => boolean
}

interface Stream {
  state: 'length' | 'message' | 'broken'
  digits: string
  size: number
  got: number
  parts: Buffer[]
  readonly maxBytes: number
  readonly events: SyslogFrameEvent[]
}

export function encodeSyslogFrame(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `, 'latin1'), message])
}

/** A decoder for one connection; it holds at most `maxBytes` and copies a message once. */
export function createSyslogFrameDecoder(maxBytes = MAX_SYSLOG_BYTES): SyslogFrameDecoder {
  const stream: Stream = { state: 'length', digits: '', size: 0, got: 0, parts: [], maxBytes, events: [] }
  return {
    push: (chunk) => {
      let index = 0
      while (index < chunk.length && stream.state !== 'broken')
        index = stream.state === 'length' ? readLength(stream, chunk, index) : readMessage(stream, chunk, index)
      return stream.events.splice(0)
    },
    isInside: () => stream.state === 'message' || stream.digits !== '',
  }
}

function readLength(stream: Stream, chunk: Buffer, index: number): number {
  const byte = chunk[index] ?? 0
  if (byte === SPACE && stream.digits !== '') {
    stream.size = Number(stream.digits)
    if (stream.size > MAX_PASSED_OVER_BYTES) return broken(stream, chunk, 'MSG-LEN is beyond what can be passed over')
    stream.digits = ''
    stream.state = 'message'
    return index + 1
  }
  if (byte < ZERO || byte > NINE) return broken(stream, chunk, 'MSG-LEN is decimal digits and a space')
  if (byte === ZERO && stream.digits === '') return broken(stream, chunk, 'MSG-LEN begins with no zero')
  if (stream.digits.length === MAX_DIGITS) return broken(stream, chunk, `MSG-LEN has at most ${MAX_DIGITS} digits`)
  stream.digits += String.fromCharCode(byte)
  return index + 1
}

const SHOWN_BYTES = 256

function broken(stream: Stream, chunk: Buffer, rule: string): number {
  stream.state = 'broken'
  stream.events.push({ kind: 'broken', rule, beginning: Buffer.from(chunk.subarray(0, SHOWN_BYTES)) })
  return chunk.length
}

function readMessage(stream: Stream, chunk: Buffer, index: number): number {
  const part = chunk.subarray(index, index + stream.size - stream.got)
  const held = Math.min(stream.got, stream.maxBytes)
  // Of what is not taken no more is held than would have been.
  if (held < stream.maxBytes) stream.parts.push(part.subarray(0, stream.maxBytes - held))
  stream.got += part.length
  if (stream.got === stream.size) finish(stream)
  return index + part.length
}

function finish(stream: Stream): void {
  const bytes = Buffer.concat(stream.parts)
  const { size } = stream
  stream.events.push(
    size <= stream.maxBytes
      ? { kind: 'message', bytes }
      : { kind: 'too-large', size, beginning: bytes.subarray(0, SHOWN_BYTES) },
  )
  stream.state = 'length'
  stream.parts = []
  stream.size = 0
  stream.got = 0
}
