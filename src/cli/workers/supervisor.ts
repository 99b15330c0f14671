// Several processes of one server on one host: the doors are shared, each connection belongs to one of them (design §6).

import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Config } from '../../config/config.ts'
import { nameOf } from '../../model/failure.ts'
import { EXIT_USAGE, RefusedError, UsageError } from '../failure.ts'
import type { Log } from '../running-server.ts'
import { isReady, type Order, type Ports, type Ready } from './messages.ts'

const PROGRAM = fileURLToPath(new URL('../tsunagi.js', import.meta.url))

/** A worker that ends again and again is started again ever more slowly. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
/** After so long it is no longer the same trouble. */
const SOUND_AFTER_MS = 60_000

export interface Supervisor extends Ports {
  readonly config: Config
  /** All drain; resolves when they and the database have ended. */
  readonly stop: () => Promise<void>
  readonly reload: () => Promise<void>
  /** Each drains and stops by itself. */
  readonly drain: () => Promise<void>
}

/** One of the workers, whichever process it is at the moment. */
interface Post {
  readonly number: number
  worker: Worker | undefined
  pauseMs: number
  timer: NodeJS.Timeout | undefined
}

/**
 * The first makes what a first start makes, the others find it. Own figures and admin API of each stand at `management.port` and the ports
 * after it.
 * @param args - of the command line, which the workers are given too.
 * @throws {RefusedError} when one of them does not start: its own words stand above. @throws {UsageError} when they speak of its configuration.
 */
export async function supervise(
  count: number,
  { config, log, args }: { readonly config: Config; readonly log: Log; readonly args: readonly string[] },
): Promise<Supervisor> {
  const { openDatabase } = await import('../../app/database.ts')
  const database = await openDatabase(config, log, count)
  const posts = Array.from({ length: count }, (_, at): Post => ({ ...VACANT, number: at + 1 }))
  let stopping = false

  const open = async (post: Post): Promise<Ready> => {
    cluster.setupPrimary({ exec: PROGRAM, args: [...args, ...argumentsOf(post, config)] })
    const worker = cluster.fork()
    post.worker = worker
    worker.on('error', (error) => log.warn({ worker: post.number, cause: nameOf(error) }, 'a worker cannot be reached'))
    const ready = await readinessOf(worker)
    const since = Date.now()
    const { managementPort } = ready
    log.info({ worker: post.number, process: worker.process.pid, managementPort }, 'a worker is ready')
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (Date.now() - since > SOUND_AFTER_MS) post.pauseMs = FIRST_PAUSE_MS
      if (!stopping) replace(post, { code, signal })
    })
    return ready
  }
  const replace = (post: Post, ended: object): void => {
    log.warn({ worker: post.number, pauseMs: post.pauseMs, ...ended }, 'a worker has ended and is started again')
    post.timer = setTimeout(() => {
      open(post).catch(() => {
        if (!stopping) replace(post, {})
      })
    }, post.pauseMs)
    post.pauseMs = Math.min(2 * post.pauseMs, LONGEST_PAUSE_MS)
  }
  const tell = (order: Order): void => {
    // Who cannot be told any more is ending.
    for (const { worker } of posts) if (worker?.isConnected() === true) worker.send(order, () => {})
  }
  const drain = async (): Promise<void> => {
    stopping = true
    tell({ kind: 'drain' })
  }
  const stop = async (): Promise<void> => {
    stopping = true
    for (const { timer } of posts) clearTimeout(timer)
    const ends = posts.map(({ worker }) => endOf(worker))
    tell({ kind: 'stop' })
    await Promise.all(ends)
    await database.stop()
  }

  try {
    const [first, ...others] = posts
    if (first === undefined) throw new RefusedError('a server needs a worker')
    const { httpsPort, mllpPort, pixPort, managementPort } = await open(first)
    await Promise.all(others.map(open))
    return {
      httpsPort,
      mllpPort,
      pixPort,
      managementPort,
      config,
      stop,
      reload: async () => tell({ kind: 'reload' }),
      drain,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const VACANT = { worker: undefined, pauseMs: FIRST_PAUSE_MS, timer: undefined } as const

function argumentsOf({ number }: Post, { management }: Config): readonly string[] {
  const port = management.port === 0 ? 0 : management.port + number - 1
  return ['--worker', String(number), '--set', `management.port=${port}`]
}

/** @throws {RefusedError} when it ends before. @throws {UsageError} when its configuration is wrong. */
function readinessOf(worker: Worker): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => {
      const Reason = code === EXIT_USAGE ? UsageError : RefusedError
      reject(new Reason('a worker did not start, for the reason above / 上記の理由で処理プロセスを起動できません。'))
    }
    worker.once('exit', ended)
    // The machine may have no room for a further process.
    worker.once('error', reject)
    worker.on('message', (message: unknown) => {
      if (!isReady(message)) return
      worker.off('exit', ended)
      resolve(message)
    })
  })
}

async function endOf(worker: Worker | undefined): Promise<void> {
  if (worker !== undefined && !worker.isDead()) await once(worker, 'exit')
}
