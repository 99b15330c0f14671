// Lines of a stream of bytes in batches; what is kept at a time is one batch and one line.

import { isUtf8 } from 'node:buffer'

export type TextLine = {
  /** Counted from 1. */
  readonly line: number
} & (
  | { readonly text: string }
  /** Longer than {@link MAX_LINE_BYTES}, or in another character set, of which nothing is guessed (RFC 8259, 8.1). */
  | { readonly fault: 'too-long' | 'not-utf-8' }
)

/** Far more than a description of a person needs. */
export const MAX_LINE_BYTES = 64 * 1024
const NEWLINE = 0x0a

/** Empty lines are counted and left out. */
export async function* lineBatches(stream: AsyncIterable<Buffer>, size: number): AsyncGenerator<readonly TextLine[]> {
  const reader = lineReader()
  let batch: TextLine[] = []
  for await (const chunk of stream)
    for (const line of reader.read(chunk)) {
      batch.push(line)
      if (batch.length < size) continue
      yield batch
      batch = []
    }
  batch.push(...reader.end())
  if (batch.length > 0) yield batch
}

function lineReader() {
  let pieces: Buffer[] = []
  let bytes = 0
  let count = 0
  const keep = (piece: Buffer): void => {
    bytes += piece.length
    if (bytes <= MAX_LINE_BYTES) pieces.push(piece)
  }
  const finish = (): readonly TextLine[] => {
    count += 1
    const isTooLong = bytes > MAX_LINE_BYTES
    const whole = Buffer.concat(isTooLong ? [] : pieces)
    pieces = []
    bytes = 0
    if (isTooLong) return [{ line: count, fault: 'too-long' }]
    if (!isUtf8(whole)) return [{ line: count, fault: 'not-utf-8' }]
    const text = whole.toString('utf8').trim()
    return text === '' ? [] : [{ line: count, text }]
  }
  return {
    *read(chunk: Buffer): Generator<TextLine> {
      let from = 0
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        keep(chunk.subarray(from, at))
        from = at + 1
        yield* finish()
      }
      if (from < chunk.length) keep(chunk.subarray(from))
    },
    end: (): readonly TextLine[] => (bytes === 0 ? [] : finish()),
  }
}
