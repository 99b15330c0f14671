// An answer of the admin API that goes to standard output or to a file, as it comes.

import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { receiveStream } from './admin-stream.ts'
import { adminTarget, type Context } from './context.ts'

/** Patient numbers stand in it: its owner alone reads it. */
const PRIVATE = 0o600

/** A file of that name is a whole answer. @throws {RefusedError} for an answer of 400 and more. */
export async function receiveFile(context: Context, path: string, out: string | undefined): Promise<void> {
  const stream = receiveStream(await adminTarget(context), path)
  if (out === undefined) {
    for await (const chunk of stream) context.terminal.out(chunk)
    return
  }
  const unfinished = `${out}.part`
  await pipeline(Readable.from(stream), createWriteStream(unfinished, { mode: PRIVATE, flush: true }))
  await rename(unfinished, out)
  context.terminal.err(`${basename(out)} written\n`)
}
