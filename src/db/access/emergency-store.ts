// What becomes of emergency access on PostgreSQL: ends, contacts, reviews and disaster mode, each with its audit event in one transaction.

import type pg from 'pg'
import type { Act } from '../../access/emergency/ports.ts'
import type { EmergencyStore } from '../../access/emergency/store.ts'
import type { Changed } from '../../access/ports.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordChange, recordReport } from '../staff-change.ts'
import { declare, disasters, lift } from './disaster.ts'
import { endByHand } from './emergency-ending.ts'
import { countEmergencies, findGrant, findGrants, findNotices } from './emergency-views.ts'

export function createEmergencyStore(pool: pg.Pool): EmergencyStore {
  /** Runs `work` and, when it changed something, records who did what in the same commit. */
  const changing = (act: Act, operation: string, work: (client: Queryable) => Promise<Changed>): Promise<Changed> =>
    transaction(pool, async (client) => {
      const changed = await work(client)
      if (changed === 'changed') await recordChange(client, { ...act, operation, patients: [] })
      return changed
    })
  return {
    grants: (filter) => findGrants(pool, filter),
    grant: (grantId) => findGrant(pool, grantId),
    counts: () => countEmergencies(pool),
    end: (grantId, act) => transaction(pool, (client) => endByHand(client, grantId, act)),
    contacted: (grantId, act) =>
      changing(act, `emergency access ${grantId}: the other facility was told`, (client) =>
        noteContact(client, grantId, act),
      ),
    review: (grantId, act) =>
      changing(act, `emergency access ${grantId} reviewed`, (client) => review(client, grantId, act)),
    notices: (asked) => findNotices(pool, asked),
    acknowledge: (noticeId, act) =>
      changing(act, `notice ${noticeId} of emergency access noted`, (client) => acknowledge(client, noticeId, act)),
    reported: (act) => recordReport(pool, { ...act, patients: [] }),
    disasters: () => disasters(pool),
    declare: (disaster, act) => transaction(pool, (client) => declare(client, disaster, act)),
    lift: (disasterId, act) =>
      changing(act, `disaster mode ${disasterId} ended`, (client) => lift(client, disasterId, act)),
    setAssertions: (facilityId, allowed, act) =>
      changing(act, `emergency access by assertion for ${facilityId}: ${allowed}`, (client) =>
        setAssertions(client, facilityId, allowed),
      ),
  }
}

interface ContactRow {
  readonly notice_id: string
  readonly same: boolean | null
}

/** A date that stands is not overwritten. */
async function noteContact(
  client: Queryable,
  grantId: string,
  act: Parameters<EmergencyStore['contacted']>[1],
): Promise<Changed> {
  const { facilityId = null, at, by } = act
  const rows = await query<ContactRow>(
    client,
    sql`/* facilities that are to be told */
      select notice_id, contacted_at = ${at} as same from access.emergency_notice
      where grant_id = ${grantId} and (facility_id = ${facilityId} or (${facilityId}::text is null and contact <> 'not-due'))
      order by notice_id for update`,
  )
  if (rows.length === 0) return 'missing'
  const open = rows.filter(({ same }) => same === null).map(({ notice_id }) => notice_id)
  if (open.length === 0) return rows.every(({ same }) => same === true) ? 'unchanged' : 'conflict'
  await execute(
    client,
    sql`/* the facility was told */
      update access.emergency_notice set contacted_at = ${at}, contact_by = ${by}, recorded_at = now() where notice_id = any(${open}::bigint[])`,
  )
  return 'changed'
}

/** A comment that stands is not overwritten. */
function review(client: Queryable, grantId: string, act: Act & { readonly comment: string }): Promise<Changed> {
  return changed(
    client,
    sql`/* emergency access is reviewed */
      update access.emergency_grant set reviewed_at = now(), reviewed_by = ${act.by}, review_comment = ${act.comment}
      where grant_id = ${grantId} and reviewed_at is null`,
    sql`select true as there from access.emergency_grant where grant_id = ${grantId}`,
  )
}

function acknowledge(
  client: Queryable,
  noticeId: string,
  { facilityId, by }: Act & { readonly facilityId: string },
): Promise<Changed> {
  return changed(
    client,
    sql`/* a notice is noted */
      update access.emergency_notice set noted_at = now(), noted_by = ${by}
      where notice_id = ${noticeId} and facility_id = ${facilityId} and noted_at is null`,
    sql`select true as there from access.emergency_notice where notice_id = ${noticeId} and facility_id = ${facilityId}`,
  )
}

function setAssertions(client: Queryable, facilityId: string, allowed: 'yes' | 'no'): Promise<Changed> {
  return changed(
    client,
    sql`/* may assertions open patients for the facility? */
      update access.facility set emergency_by_assertion = ${allowed === 'yes'}
      where facility_id = ${facilityId} and emergency_by_assertion <> ${allowed === 'yes'}`,
    sql`select true as there from access.facility where facility_id = ${facilityId}`,
  )
}

/** An update that finds the row as it shall be already changes nothing; `there` tells that from a row that does not exist. */
async function changed(client: Queryable, update: Statement, there: Statement): Promise<Changed> {
  if ((await execute(client, update)) > 0) return 'changed'
  return (await queryOne(client, there)) === undefined ? 'missing' : 'unchanged'
}
