// A pull reader over the bytes of a message: it asks for the next chunk only when the last one is used up.

import { iheError } from '../../../profiles/errors/index.ts'

export interface ByteSource {
  /** What has come and is not used yet. */
  buffer(): Buffer
  /** Hands out the first `count` bytes of the buffer. */
  take(count: number): Buffer
  /** Appends the next chunk, or finds the end. @throws {IheError} TOO_LARGE past the limit. */
  more(): Promise<void>
  ended(): boolean
  /** Bytes received. */
  total(): number
}

/**
 * The source is never closed from here: on a refusal its owner still has to answer on the same connection.
 * @param given.before bytes to see before those of the source; not counted.
 */
export function byteSource(
  source: AsyncIterable<Buffer>,
  given: { readonly maxBytes: number; readonly before: Buffer },
): ByteSource {
  const iterator = source[Symbol.asyncIterator]()
  let buffer = given.before
  let total = 0
  let ended = false
  return {
    buffer: () => buffer,
    take(count) {
      const taken = buffer.subarray(0, count)
      buffer = buffer.subarray(count)
      return taken
    },
    async more() {
      const next = await iterator.next()
      if (next.done === true) {
        ended = true
        return
      }
      total += next.value.length
      if (total > given.maxBytes) throw iheError('TOO_LARGE', { rule: `message at most ${given.maxBytes} bytes` })
      buffer = buffer.length === 0 ? next.value : Buffer.concat([buffer, next.value])
    },
    ended: () => ended,
    total: () => total,
  }
}
