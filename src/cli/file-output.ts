// An answer of the admin API that goes to standard output or to a file, as it comes.

import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { AdminTarget } from './admin-client.ts'
import { receiveStream } from './admin-stream.ts'
import { adminTarget, type Context } from './context.ts'

/** Patient numbers stand in it: its owner alone reads it. */
const PRIVATE = 0o600

/** @throws {RefusedError} for an answer of 400 and more. */
export async function receiveFile(context: Context, path: string, out: string | undefined): Promise<void> {
  await receiveInto(context, { target: await adminTarget(context), path, out })
}

/** A file of that name is a whole answer; of one that was refused or broke off nothing stays. */
export async function receiveInto(
  { terminal }: Pick<Context, 'terminal'>,
  { target, path, out }: { readonly target: AdminTarget; readonly path: string; readonly out: string | undefined },
): Promise<void> {
  const stream = receiveStream(target, path)
  if (out === undefined) {
    for await (const chunk of stream) terminal.out(chunk)
    return
  }
  const unfinished = `${out}.part`
  try {
    await pipeline(Readable.from(stream), createWriteStream(unfinished, { mode: PRIVATE, flush: true }))
    await rename(unfinished, out)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  terminal.err(`${basename(out)} written\n`)
}
