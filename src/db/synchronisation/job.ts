// The jobs that keep patient indexes alike: one for a community and a person, those of a community one after another (reliability: outbox).

import type { Pair } from '../../identity/synchronise-ports.ts'
import { execute, type Queryable, sql } from '../sql.ts'

/** Task of graphile-worker; the database adds its jobs too, with the marks (migration 0047). */
export const SYNCHRONISE_TASK = 'synchronise'

/** Adds the job of each pair, or moves the one that waits. */
export async function addSynchroniseJobs(client: Queryable, pairs: readonly Pair[], delayMs = 0): Promise<void> {
  if (pairs.length === 0) return
  await execute(
    client,
    sql`/* jobs of synchronised indexes */
      select count(*) from graphile_worker.add_jobs(array(
        select (${SYNCHRONISE_TASK}::text, json_build_object('facilityId', p.facility, 'person', p.person), 'synchronise ' || p.facility,
                now() + make_interval(secs => ${delayMs / 1000}::float8), null, 'synchronise ' || p.facility || ' ' || p.person, null, null
               )::graphile_worker.job_spec
        from unnest(${pairs.map(({ facilityId }) => facilityId)}::text[], ${pairs.map(({ person }) => person)}::text[]) as p (facility, person)
        order by p.facility, p.person))`,
  )
}
