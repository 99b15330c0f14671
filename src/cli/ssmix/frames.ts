// The stream of an export as the admin API frames it: a line of JSON, then the bytes it announces.

import type { Json } from '../admin-client.ts'
import { rowsOf } from '../admin-client.ts'
import { RefusedError } from '../failure.ts'

export interface Frame {
  readonly head: Json
  readonly message: Buffer
  readonly files: readonly Buffer[]
}

const LF = 0x0a
const CUT_OFF = 'the server ended the export early; run it again / 出力が中断されました。再実行してください。'

/** @throws {RefusedError} when the stream ends before it says that it was all. */
export async function* readFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  const bytes = reader(stream)
  for (;;) {
    const head: Json = JSON.parse((await bytes.line()).toString('utf8'))
    if (head.kind === 'end') return
    const message = await bytes.take(Number(head.bytes ?? 0))
    const files: Buffer[] = []
    for (const file of rowsOf(head.files ?? [])) files.push(await bytes.take(Number(file.bytes)))
    yield { head, message, files }
  }
}

interface Reader {
  readonly line: () => Promise<Buffer>
  readonly take: (count: number) => Promise<Buffer>
}

function reader(stream: AsyncIterable<Buffer>): Reader {
  const source = stream[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  const take = async (count: number): Promise<Buffer> => {
    const parts: Buffer[] = [held]
    let length = held.length
    while (length < count) {
      const chunk = await next(source)
      parts.push(chunk)
      length += chunk.length
    }
    const all = parts.length === 1 ? held : Buffer.concat(parts)
    held = all.subarray(count)
    return all.subarray(0, count)
  }
  return {
    take,
    line: async () => {
      let end = held.indexOf(LF)
      while (end < 0) {
        const searched = held.length
        held = Buffer.concat([held, await next(source)])
        end = held.indexOf(LF, searched)
      }
      return take(end + 1)
    },
  }
}

async function next(source: AsyncIterator<Buffer>): Promise<Buffer> {
  const { done, value } = await source.next()
  if (done === true) throw new RefusedError(CUT_OFF)
  return value
}
