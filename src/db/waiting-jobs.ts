// Jobs of one queue that wait for whoever could not be reached, brought forward (reliability: retries, outbox).

import { execute, type Queryable, sql } from './sql.ts'

/** Those that nobody is working on leave at once. */
export async function hastenJobs(client: Queryable, queueName: string): Promise<void> {
  await execute(
    client,
    sql`/* jobs that waited for it */
      select graphile_worker.reschedule_jobs(array(select id from graphile_worker.jobs
        where queue_name = ${queueName} and locked_at is null and run_at > now()), now())`,
  )
}
