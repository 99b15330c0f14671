// Recognises the lines that separate the parts of a multipart body, and nothing that only looks like one (RFC 2046, 5.1.1).

export interface Delimiter {
  readonly kind: 'part' | 'close'
  /** How the delimiter line ends; the end of the message counts as CRLF. */
  readonly lineEnd: 'CRLF' | 'LF'
}

/** `content` bytes are content for certain; after them stands a delimiter of `length` bytes, when there is one. */
export interface Scan {
  readonly content: number
  readonly found?: { readonly delimiter: Delimiter; readonly length: number }
}

type Verdict = { readonly delimiter: Delimiter; readonly end: number } | 'content' | 'undecided'

/** White space after a boundary that is still taken as padding; gateways add a blank or two. */
const MAX_PADDING = 128
const CR = 0x0d
const LF = 0x0a
const DASH = 0x2d
const SPACE = 0x20
const TAB = 0x09

/**
 * Looks for the first delimiter line in the buffer.
 * @param mark line end and `--boundary`; its first byte occurs in it only once.
 * @param ended true when nothing follows the buffer: what could have become a delimiter is content then.
 */
export function scan(buffer: Buffer, mark: Buffer, { ended }: { readonly ended: boolean }): Scan {
  let from = 0
  for (;;) {
    const start = buffer.indexOf(mark, from)
    if (start === -1) return { content: ended ? buffer.length : buffer.length - beginningAtEnd(buffer, mark) }
    const verdict = judge(buffer, start + mark.length, ended)
    if (verdict === 'undecided') return { content: start }
    if (verdict !== 'content') {
      return { content: start, found: { delimiter: verdict.delimiter, length: verdict.end - start } }
    }
    from = start + mark.length
  }
}

/** Judges what follows `--boundary`: `--boundaryXYZ` is content, `--boundary` with blanks after it is a delimiter. */
function judge(buffer: Buffer, from: number, ended: boolean): Verdict {
  const closes = buffer[from] === DASH && buffer[from + 1] === DASH
  const kind = closes ? 'close' : 'part'
  let position = closes ? from + 2 : from
  const limit = position + MAX_PADDING
  while (position < limit && (buffer[position] === SPACE || buffer[position] === TAB)) position += 1
  if (buffer[position] === LF) return { delimiter: { kind, lineEnd: 'LF' }, end: position + 1 }
  if (buffer[position] === CR && buffer[position + 1] === LF) {
    return { delimiter: { kind, lineEnd: 'CRLF' }, end: position + 2 }
  }
  if (!isCutOff(buffer, position)) return 'content'
  if (!ended) return 'undecided'
  return closes ? { delimiter: { kind, lineEnd: 'CRLF' }, end: buffer.length } : 'content'
}

/** True when the buffer ends where the delimiter line could still go on: nothing, one dash or a CR is left. */
function isCutOff(buffer: Buffer, position: number): boolean {
  if (position >= buffer.length) return true
  if (position + 1 < buffer.length) return false
  return buffer[position] === CR || buffer[position] === DASH
}

/** How many bytes at the end of the buffer could be the beginning of `mark`. */
function beginningAtEnd(buffer: Buffer, mark: Buffer): number {
  const start = buffer.lastIndexOf(mark[0] ?? LF)
  const length = buffer.length - start
  if (start === -1 || length >= mark.length) return 0
  return buffer.compare(mark, 0, length, start) === 0 ? length : 0
}
