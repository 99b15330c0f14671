// Neighbouring communities on PostgreSQL (port of src/access/administration/partner-ports.ts).

import type pg from 'pg'
import type { Partner, PartnerRecord, PartnerStore } from '../../access/administration/partner-ports.ts'
import type { Stored } from '../../access/change.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { changing, isThere } from './changing.ts'

export function partners(pool: pg.Pool): PartnerStore {
  return {
    partners: () =>
      query<PartnerRecord>(
        pool,
        sql`/* neighbouring communities */
          select p.facility_id as "facilityId", p.community, p.query_url as "queryUrl", p.retrieve_url as "retrieveUrl",
            p.discovery_url as "discoveryUrl", p.pix_url as "pixUrl", p.identity, p.is_asynchronous as "isAsynchronous",
            p.assertion_audience as "assertionAudience", p.status, f.name, p.added_at as "addedAt", p.added_by as "addedBy"
          from access.partner p join access.facility f using (facility_id) order by p.facility_id`,
      ),
    addPartner: (partner, change) => changing(pool, change, (client) => addPartner(client, partner, change.by)),
  }
}

async function addPartner(client: Queryable, partner: Partner, by: string): Promise<Stored | 'missing'> {
  const { facilityId, community, queryUrl = null, retrieveUrl = null, discoveryUrl = null, pixUrl = null } = partner
  const { identity = 'none', isAsynchronous = false, assertionAudience = null } = partner
  const facility = sql`select from access.facility where facility_id = ${facilityId} for no key update`
  if (!(await isThere(client, facility))) return 'missing'
  const added = await execute(
    client,
    sql`insert into access.partner (facility_id, community, query_url, retrieve_url, discovery_url, pix_url, identity, is_asynchronous,
                                    assertion_audience, added_by)
        values (${facilityId}, ${community}, ${queryUrl}, ${retrieveUrl}, ${discoveryUrl}, ${pixUrl}, ${identity}, ${isAsynchronous},
                ${assertionAudience}, ${by}) on conflict do nothing`,
  )
  if (added > 0) return 'created'
  const same = await queryOne(
    client,
    sql`select from access.partner where facility_id = ${facilityId} and community = ${community}
        and query_url is not distinct from ${queryUrl} and retrieve_url is not distinct from ${retrieveUrl}
        and discovery_url is not distinct from ${discoveryUrl} and pix_url is not distinct from ${pixUrl} and identity = ${identity}
        and is_asynchronous = ${isAsynchronous} and assertion_audience is not distinct from ${assertionAudience}`,
  )
  return same === undefined ? 'conflict' : 'unchanged'
}
