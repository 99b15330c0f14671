// Composition root: the state of the audit log is signed every few minutes, and every signed state is added to a file outside the database.

import { mkdir, open, readFile } from 'node:fs/promises'
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

/** Adds what the file does not have yet; two processes that do so at once leave a line twice, which does no harm. */
export async function addToFile(pool: pg.Pool, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const known = await readCheckpointFile(path)
  const written = new Set(known.map(({ signature }) => signature))
  let after = await lastInBoth(pool, known.at(-1))
  const file = await open(path, 'a', 0o644)
  try {
    // What a crash cut off ends here, and is no line.
    if (known.isCut) await file.write('\n')
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

/** A database that was restored from a backup counts on from an earlier number than the file. */
async function lastInBoth(pool: pg.Pool, last: Checkpoint | undefined): Promise<number> {
  if (last === undefined) return 0
  const [same] = await findCheckpoints(pool, { after: last.number - 1, limit: 1 })
  return same?.signature === last.signature ? last.number : 0
}

/** Checkpoints of a file, in its order; none when there is no file. */
export async function readCheckpointFile(path: string): Promise<readonly Checkpoint[] & { readonly isCut?: boolean }> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const checkpoints = text.split('\n').flatMap((line) => {
    const record = line === '' ? undefined : parseRecord(line)
    if (record?.kind !== 'checkpoint') return []
    const { kind: _, ...checkpoint } = record
    return [checkpoint]
  })
  return Object.assign(checkpoints, { isCut: text !== '' && !text.endsWith('\n') })
}
