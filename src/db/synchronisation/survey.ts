// Finds whom a community must be told of, when terms, agreements or dates change, and what has no job (docs/adr/0043).

import type { Pair } from '../../identity/synchronise-ports.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { addSynchroniseJobs, SYNCHRONISE_TASK } from './job.ts'

const SURVEYED_PERSONS = 500
const SURVEYS_AT_ONCE = 20
/** Dates of consents and agreements come without anybody's doing. */
const SURVEY_EVERY_S = 3600
/** What a community says of a person is asked again after a day: what it did not tell is found. */
const ASKED_AGAIN_S = 86_400
const SWEPT_ROWS = 1000
/** A job that failed so often for reasons of ours would be tried again in an hour, or not at all. */
const FAILED_JOBS = 8

/** Every few seconds. */
export async function sweepSynchronisation(client: Queryable): Promise<void> {
  for (let batch = 0; batch < SURVEYS_AT_ONCE; batch += 1) if (!(await survey(client))) break
  await replaceJobs(client)
}

/** The next persons of the community whose survey is due; false when none is. */
async function survey(client: Queryable): Promise<boolean> {
  const row = await queryOne<{ readonly facility_id: string }>(
    client,
    sql`/* survey of consents for a community */
      with due as (
        select y.facility_id, y.surveyed_to from identity.synchronising y join access.partner p using (facility_id)
        where y.survey_due <= now() and p.identity = 'pix' and p.status = 'active' order by y.survey_due, y.facility_id limit 1 for update of y skip locked),
      batch as (
        select distinct c.person_key from due, access.consent c
        where c.withdrawn_at is null and c.shares_with_communities and c.person_key > due.surveyed_to
        order by c.person_key limit ${SURVEYED_PERSONS}),
      asked as (
        update identity.synchronised s set ask_since = clock_timestamp()
        from due, batch b, identity.identifier i
        where i.person_key = b.person_key and s.facility_id = due.facility_id and s.domain = i.domain and s.value = i.value and s.state = 'fed'
          and not s.lapsed and i.status = 'active' and s.ask_since is null
          and coalesce(s.answered_at, s.told_at) < now() - make_interval(secs => ${ASKED_AGAIN_S})
        returning i.person_key),
      unknown as (
        select b.person_key from due, batch b
        where not exists (select from identity.identifier i join identity.synchronised s on s.domain = i.domain and s.value = i.value
                          where i.person_key = b.person_key and i.status = 'active' and s.facility_id = due.facility_id and s.state = 'fed'
                            and not s.lapsed and s.ask_since is null)),
      marked as (
        select identity.mark_synchronisation(array(select person_key from asked union select person_key from unknown))),
      moved as (
        update identity.synchronising y
        set surveyed_to = case when (select count(*) from batch) < ${SURVEYED_PERSONS} then 0 else (select max(person_key) from batch) end,
            survey_due = case when (select count(*) from batch) < ${SURVEYED_PERSONS} then now() + make_interval(secs => ${SURVEY_EVERY_S})
                              else y.survey_due end
        from due where y.facility_id = due.facility_id returning y.facility_id)
      select m.facility_id from moved m, marked`,
  )
  return row !== undefined
}

/** Marks whose job is gone or given up, and jobs that a newer one replaced while a worker died with them. */
async function replaceJobs(client: Queryable): Promise<void> {
  const rows = await query<Pair>(
    client,
    sql`/* marks without a job */
      select j.facility_id as "facilityId", j.person_key as person
      from jobs.synchronisation j
      join access.partner p using (facility_id)
      join access.facility f using (facility_id)
      where j.state = 'waiting' and p.identity = 'pix' and p.status = 'active' and f.status = 'active'
        and not exists (select from graphile_worker.jobs w where w.key = 'synchronise ' || j.facility_id || ' ' || j.person_key
                        and w.attempts < ${FAILED_JOBS})
      order by j.marked_at limit ${SWEPT_ROWS}`,
  )
  await addSynchroniseJobs(client, rows)
  await execute(
    client,
    sql`/* jobs that were replaced */
      select graphile_worker.complete_jobs(array(select id from graphile_worker.jobs
        where task_identifier = ${SYNCHRONISE_TASK} and key is null and locked_at is null and attempts >= max_attempts limit ${SWEPT_ROWS}))`,
  )
}
