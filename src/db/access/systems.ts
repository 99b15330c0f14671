// Connected systems of facilities on PostgreSQL (security rules of the network: certificate → system → facility).

import type pg from 'pg'
import type { AdministrationStore, SystemRecord } from '../../access/ports.ts'
import { execute, type Queryable, query, sql } from '../sql.ts'
import { changing, isThere, outcomeOf, withoutNulls } from './changing.ts'

export function systems(pool: pg.Pool): Pick<AdministrationStore, 'systems' | 'addSystem'> {
  return {
    systems: async () =>
      (
        await query<SystemRecord>(
          pool,
          sql`/* systems */
          select system_id as "systemId", facility_id as "facilityId", roles, access_mode as "accessMode", assigning_authority as "assigningAuthority",
                 repositories, source_ids as "sourceIds", delegated_facilities as "delegatedFacilities",
                 confidentiality_ceiling as "confidentialityCeiling", rule_switches as "ruleSwitches", status
          from access.system order by system_id`,
        )
      ).map(withoutNulls),
    addSystem: (s, change) =>
      changing(pool, change, async (client) => {
        if (!(await isThere(client, sql`select 1 as there from access.facility where facility_id = ${s.facilityId}`)))
          return 'missing'
        const stored = await outcomeOf(
          client,
          sql`insert into access.system (system_id, facility_id, roles, access_mode, assigning_authority, repositories, source_ids, delegated_facilities,
                                         confidentiality_ceiling, rule_switches)
              values (${s.systemId}, ${s.facilityId}, ${s.roles}, ${s.accessMode ?? null}, ${s.assigningAuthority ?? null}, ${s.repositories}, ${s.sourceIds},
                      ${s.delegatedFacilities}, ${s.confidentialityCeiling}, ${JSON.stringify(s.ruleSwitches)}::jsonb)
              on conflict do nothing`,
          sql`select true as same from access.system where system_id = ${s.systemId} and facility_id = ${s.facilityId} and roles = ${s.roles}
                and access_mode is not distinct from ${s.accessMode ?? null} and assigning_authority is not distinct from ${s.assigningAuthority ?? null}
                and repositories = ${s.repositories} and source_ids = ${s.sourceIds} and delegated_facilities = ${s.delegatedFacilities}
                and confidentiality_ceiling = ${s.confidentialityCeiling}
                and rule_switches = ${JSON.stringify(s.ruleSwitches)}::jsonb`,
        )
        if (stored !== 'created') return stored
        if ((await ownsAuthority(client, s)) && (await mayFeedAffinityDomain(client, s))) return stored
        await execute(client, sql`delete from access.system where system_id = ${s.systemId}`)
        return 'conflict'
      }),
  }
}

/** Makes the system's own assigning authority an identifier domain; false when another facility or another kind of domain has the OID. */
async function ownsAuthority(client: Queryable, { systemId, facilityId, assigningAuthority }: SystemRecord) {
  if (assigningAuthority === undefined) return true
  await execute(
    client,
    sql`insert into identity.domain (oid, name, kind, facility_id) values (${assigningAuthority}, ${systemId}, 'affinity', ${facilityId}) on conflict do nothing`,
  )
  return isThere(
    client,
    sql`select 1 as there from identity.domain where oid = ${assigningAuthority} and kind = 'affinity' and facility_id = ${facilityId}`,
  )
}

/** A domain has one source (ITI TF-2 3.44.4.1.3): false when a system of another facility feeds the affinity domain already. */
export async function mayFeedAffinityDomain(
  client: Queryable,
  { roles, facilityId }: Pick<SystemRecord, 'roles' | 'facilityId'>,
): Promise<boolean> {
  if (!roles.includes('affinity-domain-source')) return true
  await execute(client, sql`select from identity.domain where kind = 'community' for update`)
  return !(await isThere(
    client,
    sql`select 1 as there from access.system where 'affinity-domain-source' = any(roles) and facility_id <> ${facilityId}`,
  ))
}
