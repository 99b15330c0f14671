// Withheld messages in the course of time: what is too old ends, what can be filed now is woken, what no row names is found.

import type { DueNumber } from '../../storeclient/hold/hold-ports.ts'
import { writtenAs } from '../access-store.ts'
import { storedKeyOf } from '../idempotency.ts'
import { execute, type Queryable, query, sql } from '../sql.ts'
import { end, erased, filesOf } from './withheld.ts'

const SWEPT_ROWS = 500
/** What became of a message is known for so long after its end. */
const REMEMBERED_DAYS = 400

/**
 * Ends what is too old, what its sender has had accepted meanwhile, and forgets ends of long ago.
 * @returns the files to remove.
 */
export async function sweepWithheld(client: Queryable): Promise<readonly string[]> {
  const expired = await end(client, {
    ids: sql`withheld_id in (select withheld_id from journal.withheld where ended_at is null and expires_at <= now() limit ${SWEPT_ROWS})`,
    set: sql`state = 'expired', ${erased('tsunagi', 'its time is over')}`,
  })
  const accepted = await end(client, {
    ids: sql`reason = 'identity' and exists (select from journal.idempotency i
                                             where i.scope = claim_scope and i.key = ${storedKeyOf(sql`claim_key`)} and i.digest = sha256)`,
    set: sql`state = 'released', ${erased('tsunagi', 'the sender sent it again and it was accepted')}`,
  })
  await execute(
    client,
    sql`/* ends of long ago */
      delete from journal.withheld where withheld_id in (
        select withheld_id from journal.withheld where ended_at < now() - make_interval(days => ${REMEMBERED_DAYS}) limit ${SWEPT_ROWS})`,
  )
  return filesOf([...expired, ...accepted])
}

/** Task of graphile-worker: files what waits for one number. */
export const RELEASE_TASK = 'release-withheld'
/** A job that failed so often for reasons of ours would be tried again in an hour, or not at all. */
const FAILED_JOBS = 8

/** Numbers asked for at once: thousands are looked up in a fraction of a second. */
const ASKED_NUMBERS = 5000

/**
 * Adds a job for every number that is linked now and has messages waiting, of facilities and systems that may push.
 * @returns where to go on; undefined when all were asked.
 */
export async function wakeLinked(client: Queryable, after?: DueNumber): Promise<DueNumber | undefined> {
  const asked = await query<{ readonly facility_id: string; readonly number: string }>(
    client,
    sql`/* numbers that held messages wait for */
      select distinct w.facility_id, w.number from journal.withheld w
      join access.system s on s.system_id = w.system_id and s.status = 'active'
      where w.state = 'waiting' and w.reason = 'unlinked' and w.due_at <= now() and w.expires_at > now()
        and (w.facility_id, w.number) > (${after?.facilityId ?? ''}, ${after?.number ?? ''})
      order by w.facility_id, w.number limit ${ASKED_NUMBERS}`,
  )
  const last = asked.at(-1)
  if (last === undefined) return undefined
  await execute(
    client,
    sql`/* held messages whose number is linked */
      select count(*) from graphile_worker.add_jobs(array(
        select (${RELEASE_TASK}::text, json_build_object('facilityId', h.facility_id, 'number', h.number), null, now(), null,
                'release ' || h.facility_id || ' ' || h.number, null, null)::graphile_worker.job_spec
        from unnest(${asked.map((row) => row.facility_id)}::text[], ${asked.map((row) => row.number)}::text[]) as h (facility_id, number)
        join access.facility f on f.facility_id = h.facility_id and f.status = 'active'
        where exists (select from identity.domain d
                      join identity.identifier i on i.domain = d.oid and i.status = 'active' and i.value = any(${writtenAs(sql`h.number`)})
                      where d.kind = 'facility' and d.facility_id = h.facility_id)
          and not exists (select from graphile_worker.jobs j
                          where j.key = 'release ' || h.facility_id || ' ' || h.number and j.attempts < ${FAILED_JOBS})
        limit ${SWEPT_ROWS}))`,
  )
  return asked.length < ASKED_NUMBERS ? undefined : { facilityId: last.facility_id, number: last.number }
}

/** Those of the files that some row names. */
export async function findWithheldFiles(client: Queryable, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await query<{ readonly file_key: string }>(
    client,
    sql`select file_key from journal.withheld where file_key = any(${keys})`,
  )
  return new Set(rows.map(({ file_key }) => file_key))
}
