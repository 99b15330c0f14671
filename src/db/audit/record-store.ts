// The audit log for its readers on PostgreSQL (port RecordStore of src/audit/records); every reading is an event itself.

import type pg from 'pg'
import type { RecordStore } from '../../audit/records/ports.ts'
import { query, queryOne, sql } from '../sql.ts'
import { recordLogUse } from '../staff-change.ts'
import { isDropped } from './chain-state.ts'
import { findClaims } from './claims.ts'
import { findEvent, findEvents, findLooks } from './event-pages.ts'
import { findReferences, type ReadTitle } from './references.ts'

export function createRecordStore(pool: pg.Pool, readTitle: ReadTitle): RecordStore {
  return {
    events: (asked) => findEvents(pool, asked),
    event: (asked) => findEvent(pool, asked),
    looks: (asked) => findLooks(pool, asked),
    references: (asked) => whole(pool, asked.month, findReferences(pool, asked, readTitle)),
    claims: (asked) => whole(pool, asked.month, findClaims(pool, asked)),
    patient: (id, facilityId) => findPatientIds(pool, id, facilityId),
    isDropped: (month) => isDropped(pool, month),
    facilityName: async (facilityId) =>
      (
        await queryOne<{ readonly name: string }>(
          pool,
          sql`/* name of a facility */ select name from access.facility where facility_id = ${facilityId}`,
        )
      )?.name,
    recordUse: (use) => recordLogUse(pool, use),
  }
}

/**
 * Day by day it is read what was there when its turn came.
 * @throws {Error} when the month was dropped meanwhile: a part shall not pass for all.
 */
async function* whole<T>(pool: pg.Pool, month: string, parts: AsyncIterable<T>): AsyncGenerator<T> {
  yield* parts
  if (await isDropped(pool, month)) throw new Error('the month was dropped while it was read')
}

/**
 * Ids that were taken away by a merge lead to the person who has them since; none for a number that nobody has. Staff of a facility know
 * patients by its numbers and those of the network: any other leads nowhere.
 */
async function findPatientIds(
  pool: pg.Pool,
  { value, authority }: Parameters<RecordStore['patient']>[0],
  facilityId: string | undefined,
): Promise<readonly string[]> {
  const own = sql`select oid from identity.domain where kind = 'facility' and facility_id = ${facilityId ?? null}`
  const domains =
    authority === undefined
      ? own
      : facilityId === undefined
        ? sql`select ${authority}::text`
        : sql`select oid from identity.domain where oid = ${authority} and (kind = 'community' or facility_id = ${facilityId})`
  const rows = await query<{ readonly cx: string }>(
    pool,
    sql`/* all ids of a patient */
      select distinct i.value || '^^^&' || i.domain || '&ISO' as cx
      from identity.identifier q
      join identity.identifier i on i.person_key = q.person_key and (i.status = 'active' or i.survivor is not null)
      where q.domain in (${domains}) and q.value = ${value} and (q.status = 'active' or q.survivor is not null)`,
  )
  return rows.map(({ cx }) => cx)
}
