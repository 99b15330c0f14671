// Jobs of one queue that wait for whoever could not be reached, brought forward (reliability: retries, outbox).

import { execute, type Queryable, sql } from './sql.ts'

/**
 * Brought forward at once: in the transaction that settles what arrived, which must not take longer the more there is that waited, or it would be
 * undone by its time-out, and the message be sent again for ever.
 */
export const HASTENED_JOBS = 1000

/** So many of those that nobody is working on leave at once; the others in minutes, when they would be tried again. */
export async function hastenJobs(client: Queryable, queueName: string): Promise<void> {
  await execute(
    client,
    sql`/* jobs that waited for it */
      select graphile_worker.reschedule_jobs(array(select id from graphile_worker.jobs
        where queue_name = ${queueName} and locked_at is null and run_at > now() limit ${HASTENED_JOBS}), now())`,
  )
}
