// Composition root: the work that is done by jobs, in one runner (docs/adr/0014).

import type pg from 'pg'
import { startJobRunner, type Task } from '../db/job-runner.ts'
import { createPool, type DatabaseConnection } from '../db/pool.ts'
import type { Queryable } from '../db/sql.ts'
import type { DoorLog } from '../http/door.ts'
import { nameOf } from '../http/failure.ts'

/** Jobs of one kind. */
export interface Work {
  readonly tasks: Readonly<Record<string, Task>>
  /** Finds what has no job. */
  readonly sweep: (client: Queryable) => Promise<void>
  /** When no job runs any more. */
  readonly close: () => Promise<void>
}

/** Subscribers that hang hold one place each, until their time is over; then they rest. */
const CONCURRENCY = 8
/** One connection listens, the others take and return jobs; they are opened when they are needed. */
const QUEUE_CONNECTIONS = CONCURRENCY + 1

export interface Jobs {
  /** Of the queue alone. */
  readonly pool: pg.Pool
  readonly stop: () => Promise<void>
}

/** Starts to work; `stop` ends what is at work. */
export function startJobs(
  works: readonly Work[],
  { connection, log }: { readonly connection: DatabaseConnection; readonly log: DoorLog },
): Jobs {
  const queue = createPool(connection, QUEUE_CONNECTIONS, (error) =>
    log.warn({ cause: error.name }, 'a connection of the job queue broke'),
  )
  const runner = startJobRunner({
    pool: queue,
    concurrency: CONCURRENCY,
    log,
    // What one kind cannot do now keeps none of the others from theirs: what waits may wait for days, emergency access ends in time.
    sweep: async () => {
      for (const { sweep } of works)
        await sweep(queue).catch((error: unknown) =>
          log.warn({ cause: nameOf(error) }, 'the upkeep of a kind of jobs will be tried again'),
        )
    },
    tasks: Object.assign({}, ...works.map(({ tasks }) => tasks)),
  })
  return {
    pool: queue,
    stop: async () => {
      await runner.stop()
      for (const { close } of works) await close()
      await queue.end()
    },
  }
}
