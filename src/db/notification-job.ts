// The jobs that send notifications: one for a subscriber and a person, those of a subscriber one after another (reliability: outbox).

import { execute, type Queryable, sql } from './sql.ts'

/** Task of graphile-worker. */
export const NOTIFY_TASK = 'notify'

/** Whose rows of the outbox a job sends. */
export interface NotifyPair {
  readonly subscriptionId: string
  readonly person: string
}

/**
 * Adds the job of each pair, or moves the one that waits; with the connection of the transaction that made the rows. One that is at
 * work already is followed by a new one.
 */
export async function addNotifyJobs(client: Queryable, pairs: readonly NotifyPair[], delayMs = 0): Promise<void> {
  if (pairs.length === 0) return
  await execute(
    client,
    sql`/* jobs of notifications */
      select count(*) from graphile_worker.add_jobs(array(
        select (${NOTIFY_TASK}::text, json_build_object('subscriptionId', p.subscription, 'person', p.person), 'notify ' || p.subscription,
                now() + make_interval(secs => ${delayMs / 1000}::float8), null, 'notify ' || p.subscription || ' ' || p.person, null, null
               )::graphile_worker.job_spec
        from unnest(${pairs.map(({ subscriptionId }) => subscriptionId)}::text[], ${pairs.map(({ person }) => person)}::text[])
          as p (subscription, person)
        order by p.subscription, p.person))`,
  )
}
