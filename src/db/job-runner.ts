// Runs jobs by graphile-worker, and frees those of servers that were killed (docs/adr/0014; reliability: lifecycle).

import { EventEmitter } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Runner, RunnerOptions, WorkerEvents } from 'graphile-worker'
import type pg from 'pg'
import { execute, sql } from './sql.ts'

export type Task = (payload: unknown, signal: AbortSignal) => Promise<void>

export interface JobRunnerOptions {
  /** For the queue alone: one of its connections listens. */
  readonly pool: pg.Pool
  readonly tasks: Readonly<Record<string, Task>>
  readonly concurrency: number
  /** Done at the start and every few seconds besides. */
  readonly sweep: () => Promise<void>
  readonly log: {
    readonly warn: (fields: object, message: string) => void
    readonly error: (fields: object, message: string) => void
  }
}

/** A server beats this often; one that nobody has heard of for longer has lost its jobs. */
const BEAT_MS = 5000
const DEAD_AFTER_S = 20
const FORGOTTEN_AFTER_S = 3600
const RESTART_MS = 2000
/** A wake-up is by NOTIFY; this is for those that got lost. */
const POLL_MS = 2000

/** Starts in the background; `stop` lets jobs at work end for a few seconds, then cuts them. */
export function startJobRunner(options: JobRunnerOptions): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController()
  const at: Working = { worker: undefined }
  const running = keepRunning(options, at, stopping.signal)
  const beating = keepBeating(options, at, stopping.signal)
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all([running, beating])
    },
  }
}

/** The name under which the library locks jobs, new each time it is started. */
interface Working {
  worker: string | undefined
}

/** The library ends by itself when it cannot report what became of a job; then it is started anew, under a new name. */
async function keepRunning(options: JobRunnerOptions, at: Working, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    try {
      await runOnce(options, at, stopping)
    } catch (error) {
      options.log.warn({ cause: nameOf(error) }, 'the job queue could not be run and is started again')
    }
    at.worker = undefined
    await pause(RESTART_MS, undefined, { signal: stopping }).catch(() => {})
  }
}

async function runOnce(options: JobRunnerOptions, at: Working, stopping: AbortSignal): Promise<void> {
  const { run } = await import('graphile-worker')
  const events: WorkerEvents = new EventEmitter()
  events.on('pool:create', ({ workerPool }) => {
    at.worker = workerPool.id
  })
  const runner: Runner = await run({ ...(await settingsOf(options)), events })
  const stopped = new Promise<void>((resolve) => stopping.addEventListener('abort', () => resolve(), { once: true }))
  if (!stopping.aborted) await Promise.race([runner.promise, stopped])
  // It refuses when it has stopped by itself.
  await runner.stop().catch(() => {})
}

async function settingsOf({ pool, tasks, concurrency, log }: JobRunnerOptions): Promise<RunnerOptions> {
  const { Logger } = await import('graphile-worker')
  return {
    pgPool: pool,
    concurrency,
    noHandleSignals: true,
    pollInterval: POLL_MS,
    crontab: '',
    // What comes beside the message would quote payloads.
    logger: new Logger(() => (level, message) => {
      if (level === 'error') log.error({}, `job queue: ${message}`)
      else if (level === 'warning') log.warn({}, `job queue: ${message}`)
    }),
    taskList: Object.fromEntries(
      Object.entries(tasks).map(([name, task]) => [
        name,
        (payload, { abortSignal }) =>
          task(payload, abortSignal ?? new AbortController().signal).catch((error: unknown) => {
            // The library keeps and logs the message of an error, which may quote what a patient's record holds.
            throw new Error(nameOf(error))
          }),
      ]),
    ),
  }
}

async function keepBeating(options: JobRunnerOptions, at: Working, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    await freeJobs(options.pool, at.worker)
      .then(options.sweep)
      .catch((error: unknown) =>
        options.log.warn({ cause: nameOf(error) }, 'the upkeep of the job queue will be tried again'),
      )
    await pause(BEAT_MS, undefined, { signal: stopping }).catch(() => {})
  }
}

/** Without this a job of a killed server would stay locked for four hours, and its queue with it. */
async function freeJobs(pool: pg.Pool, worker: string | undefined): Promise<void> {
  if (worker !== undefined)
    await execute(
      pool,
      sql`/* this server works on jobs */ insert into jobs.worker (worker) values (${worker})
          on conflict (worker) do update set seen_at = clock_timestamp()`,
    )
  await execute(
    pool,
    sql`/* jobs of workers that are gone */
      select graphile_worker.force_unlock_workers(array(
        select distinct locked_by from (
          select locked_by, locked_at from graphile_worker.jobs
          union all select locked_by, locked_at from graphile_worker._private_job_queues) held
        where locked_by is not null and locked_at < now() - make_interval(secs => ${DEAD_AFTER_S})
          and not exists (select from jobs.worker w
                          where w.worker = held.locked_by and w.seen_at > now() - make_interval(secs => ${DEAD_AFTER_S}))))`,
  )
  await execute(pool, sql`delete from jobs.worker where seen_at < now() - make_interval(secs => ${FORGOTTEN_AFTER_S})`)
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? error.name : `${error.name} ${code}`
}
