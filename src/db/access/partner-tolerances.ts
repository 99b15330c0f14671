// Deviations of neighbouring communities that are taken, on PostgreSQL: ended ones stay (port of src/access/administration/partner-tolerance-ports.ts).

import type pg from 'pg'
import type {
  NewPartnerTolerance,
  PartnerTolerance,
  PartnerToleranceStore,
} from '../../access/administration/partner-tolerance-ports.ts'
import type { Change, Stored } from '../../access/change.ts'
import { execute, type Queryable, query, type Statement, sql } from '../sql.ts'
import { changed, changing, isThere, withoutNulls } from './changing.ts'

/** Of row `t`. */
export const IN_FORCE: Statement = sql`t.ended_at is null and t.since <= (now() at time zone 'Asia/Tokyo')::date
    and (t.until is null or t.until >= (now() at time zone 'Asia/Tokyo')::date)`

export function partnerTolerances(pool: pg.Pool): PartnerToleranceStore {
  return {
    partnerTolerances: async (facilityId) =>
      (
        await query<PartnerTolerance>(
          pool,
          sql`/* what is tolerated of a community */
            select t.tolerance_id as "toleranceId", t.tolerance, t.since::text, t.until::text, t.reason, t.added_at as "addedAt",
              t.added_by as "addedBy", t.ended_at as "endedAt",
              case when ${IN_FORCE} then 'in force' when t.ended_at is null and t.since > (now() at time zone 'Asia/Tokyo')::date then 'not yet'
                else 'ended' end as state
            from access.partner_tolerance t where t.facility_id = ${facilityId} order by t.tolerance_id desc`,
        )
      ).map(withoutNulls),
    addPartnerTolerance: (facilityId, tolerance, change) =>
      changing(pool, change, (client) => addTolerance(client, { ...tolerance, facilityId }, change)),
    endPartnerTolerance: (facilityId, toleranceId, change) =>
      changing(pool, change, (client) =>
        changed(
          client,
          sql`update access.partner_tolerance set ended_at = now()
              where facility_id = ${facilityId} and tolerance_id = ${toleranceId} and ended_at is null`,
          sql`select from access.partner_tolerance where facility_id = ${facilityId} and tolerance_id = ${toleranceId}`,
        ),
      ),
  }
}

async function addTolerance(
  client: Queryable,
  given: NewPartnerTolerance & { readonly facilityId: string },
  { by }: Change,
): Promise<Exclude<Stored, 'conflict'> | 'missing'> {
  const { facilityId, tolerance, since, until = null, reason } = given
  const partner = sql`select from access.partner where facility_id = ${facilityId} and status <> 'removed' for no key update`
  if (!(await isThere(client, partner))) return 'missing'
  const same = sql`select from access.partner_tolerance where facility_id = ${facilityId} and tolerance = ${tolerance} and since = ${since}
                     and until is not distinct from ${until}::date and ended_at is null`
  if (await isThere(client, same)) return 'unchanged'
  await execute(
    client,
    sql`/* a deviation is taken */
      insert into access.partner_tolerance (facility_id, tolerance, since, until, reason, added_by)
      values (${facilityId}, ${tolerance}, ${since}, ${until}, ${reason}, ${by})`,
  )
  return 'created'
}
