// The content of one part, from the blank line after its headers to the delimiter that ends it (RFC 2046, 5.1.1).

import { iheError } from '../../../profiles/errors/index.ts'
import { type Delimiter, scan } from './delimiter.ts'
import type { ByteSource } from './source.ts'

export interface PartStream {
  /** The content as it comes; ends at once when the part has been skipped. */
  readonly body: AsyncGenerator<Buffer>
  /** Skips what was not read and returns the delimiter after the part. */
  rest(): Promise<Delimiter>
}

export interface PartPlace {
  /** Ordinal for messages. */
  readonly at: string
  readonly boundary: string
  readonly lineEnd: 'CRLF' | 'LF'
  /**
   * Bytes of the line end before the content, still in the source: when the delimiter follows at once they belong to it and
   * the part is empty.
   */
  readonly leading: number
  readonly maxBytes: number
}

/** @throws {IheError} from the iteration: MTOM_PACKAGE when the delimiter is missing, TOO_LARGE. */
export function partStream(bytes: ByteSource, place: PartPlace): PartStream {
  const mark = Buffer.from(`${place.lineEnd === 'CRLF' ? '\r\n' : '\n'}--${place.boundary}`, 'latin1')
  let after: Delimiter | undefined
  let leading = place.leading
  let size = 0

  const take = (count: number): Buffer => {
    const content = bytes.take(count).subarray(leading)
    leading = 0
    size += content.length
    if (size > place.maxBytes) throw iheError('TOO_LARGE', { at: place.at, rule: `at most ${place.maxBytes} bytes` })
    return content
  }
  const next = async (): Promise<Buffer | undefined> => {
    while (after === undefined) {
      const { content, found } = scan(bytes.buffer(), mark, { ended: bytes.ended() })
      const chunk = content === 0 ? undefined : take(content)
      if (found !== undefined) {
        bytes.take(found.length)
        after = found.delimiter
      } else if (chunk === undefined) {
        if (bytes.ended()) throw iheError('MTOM_PACKAGE', { at: place.at, rule: 'no boundary line follows' })
        await bytes.more()
      }
      if (chunk !== undefined && chunk.length > 0) return chunk
    }
    return undefined
  }
  return {
    body: chunks(next),
    async rest() {
      while (after === undefined) await next()
      return after
    },
  }
}

async function* chunks(next: () => Promise<Buffer | undefined>): AsyncGenerator<Buffer> {
  for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk
}
