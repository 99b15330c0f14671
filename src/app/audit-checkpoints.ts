// Composition root: the state of the audit log is signed every few minutes, and every signed state is added to a file outside the database.

import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type pg from 'pg'
import type { Checkpoint, Signer } from '../audit/checkpoint.ts'
import { parseRecord, recordLine } from '../audit/export.ts'
import { findCheckpoints, makeCheckpoints } from '../db/audit/checkpoints.ts'
import type { Given } from './actor-ports.ts'

/** What the work on the chain needs of the house. */
export type ChainHouse = Pick<Given, 'config' | 'pool' | 'log'>

const MINUTE_MS = 60_000
/** Whether it is time is asked this often: several processes take turns. */
const LOOK_MS = 30_000
const PAGE = 500
/** Some hundred checkpoints: what two processes may have written at once, and far more than a look adds. */
const TAIL_BYTES = 128 * 1024

export interface Checkpoints {
  /** No more by time. */
  readonly stop: () => Promise<void>
  /** Whatever the time: nothing of the log lies about unsigned while nobody runs. */
  readonly signNow: () => Promise<void>
}

/** Signs when it is time, until it is stopped. */
export function startCheckpoints({ config, pool, log }: ChainHouse, signer: Signer): Checkpoints {
  const { checkpointFile, checkpointMinutes } = config.audit
  let running: Promise<void> = Promise.resolve()
  const sign = async (everyMs: number): Promise<void> => {
    try {
      const made = await makeCheckpoints(pool, signer, { now: new Date(), everyMs })
      if (made.length > 0) await addToFile(pool, checkpointFile)
    } catch (error) {
      if (!pool.ending)
        log.warn({ cause: error instanceof Error ? error.name : 'unknown' }, 'the audit log could not be signed yet')
    }
  }
  const timer = setInterval(() => {
    running = running.then(() => sign(checkpointMinutes * MINUTE_MS))
  }, LOOK_MS)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await running
    },
    signNow: () => sign(0),
  }
}

/**
 * Adds what the file does not have yet; two processes that do so at once leave a line twice, which does no harm. Of the file only the end is read, as
 * long as the database has what stands there: it has a hundred thousand lines a year.
 */
export async function addToFile(pool: pg.Pool, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'a+', 0o644)
  try {
    const tail = await readTail(file)
    const common = await lastInBoth(pool, tail.at(-1))
    const known = common > 0 ? tail : await readCheckpointFile(path)
    const written = new Set(known.map(({ signature }) => signature))
    let after = common > 0 ? common : await lastInBoth(pool, known.at(-1))
    // What a crash cut off ends here, and is no line.
    if (tail.isCut) await file.write('\n')
    for (;;) {
      const page = await findCheckpoints(pool, { after, limit: PAGE })
      for (const checkpoint of page)
        if (!written.has(checkpoint.signature))
          await file.write(`${recordLine({ kind: 'checkpoint', ...checkpoint })}\n`)
      after = page.at(-1)?.number ?? after
      if (page.length < PAGE) break
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Checkpoints in the last part of the file; its first line may be half of one, and is none then. */
async function readTail(file: FileHandle): Promise<CheckpointFile> {
  const { size } = await file.stat()
  const { buffer, bytesRead } = await file.read({
    buffer: Buffer.alloc(Math.min(size, TAIL_BYTES)),
    position: Math.max(0, size - TAIL_BYTES),
  })
  const text = buffer.toString('utf8', 0, bytesRead)
  return Object.assign(text.split('\n').flatMap(checkpointIn), { isCut: text !== '' && !text.endsWith('\n') })
}

/** A database that was restored from a backup counts on from an earlier number than the file. */
async function lastInBoth(pool: pg.Pool, last: Checkpoint | undefined): Promise<number> {
  if (last === undefined) return 0
  const [same] = await findCheckpoints(pool, { after: last.number - 1, limit: 1 })
  return same?.signature === last.signature ? last.number : 0
}

type CheckpointFile = readonly Checkpoint[] & { readonly isCut: boolean }

/** Checkpoints of a file, in its order; none when there is no file. Part by part: whoever else has something to do gets his turn. */
export async function readCheckpointFile(path: string): Promise<CheckpointFile> {
  const checkpoints: Checkpoint[] = []
  let rest = ''
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  for await (const part of file?.createReadStream({ encoding: 'utf8' }) ?? []) {
    const lines = `${rest}${part}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) checkpoints.push(...checkpointIn(line))
  }
  checkpoints.push(...checkpointIn(rest))
  return Object.assign(checkpoints, { isCut: rest !== '' })
}

function checkpointIn(line: string): readonly Checkpoint[] {
  const record = line === '' ? undefined : parseRecord(line)
  if (record?.kind !== 'checkpoint') return []
  const { kind: _, ...checkpoint } = record
  return [checkpoint]
}
