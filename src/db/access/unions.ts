// Unions (ユニオン) and their members on PostgreSQL.

import type pg from 'pg'
import type { AdministrationStore, Membership, Stored, Union, UnionRecord } from '../../access/ports.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { changed, changing, outcomeOf } from './changing.ts'

export function unions(
  pool: pg.Pool,
): Pick<AdministrationStore, 'unions' | 'registrationPeers' | 'addUnion' | 'addMember' | 'endMembership'> {
  return {
    unions: () =>
      query<UnionRecord>(
        pool,
        sql`/* unions and their members, former ones too */
          select u.union_id as "unionId", u.name, u.kind, u.areas, u.notice_url as "noticeUrl", u.valid_from as "validFrom", u.valid_to as "validTo",
                 coalesce((select jsonb_agg(jsonb_build_object('facilityId', m.facility_id, 'validFrom', m.valid_from, 'validTo', m.valid_to) order by m.valid_from)
                           from access.union_member m where m.union_id = u.union_id), '[]'::jsonb) as members
          from access.facility_union u order by u.union_id`,
      ),
    registrationPeers: (facilityId) => registrationPeers(pool, facilityId),
    addUnion: (union, change) => changing(pool, change, (client) => addUnion(client, union)),
    addMember: (membership, change) => changing(pool, change, (client) => addMember(client, membership)),
    endMembership: (m, change) =>
      changing(pool, change, (client) =>
        changed(
          client,
          sql`update access.union_member set valid_to = now() where union_id = ${m.unionId} and facility_id = ${m.facilityId} and (valid_to is null or valid_to > now())`,
          sql`select 1 as there from access.union_member where union_id = ${m.unionId} and facility_id = ${m.facilityId}`,
        ),
      ),
  }
}

function addUnion(client: Queryable, union: Union): Promise<Stored> {
  const { unionId, name, kind, areas, noticeUrl, validFrom, validTo } = union
  return outcomeOf(
    client,
    sql`insert into access.facility_union (union_id, name, kind, areas, notice_url, valid_from, valid_to)
        values (${unionId}, ${name}, ${kind}, ${areas ?? []}, ${noticeUrl ?? null}, coalesce(${validFrom ?? null}::timestamptz, now()), ${validTo ?? null})
        on conflict do nothing`,
    sql`select true as same from access.facility_union
        where union_id = ${unionId} and name = ${name} and kind = ${kind}
          and areas = coalesce(${areas ?? null}::text[], areas) and notice_url is not distinct from coalesce(${noticeUrl ?? null}, notice_url)
          and valid_from = coalesce(${validFrom ?? null}::timestamptz, valid_from)
          and (${validTo ?? null}::timestamptz is null or valid_to = ${validTo ?? null}::timestamptz)`,
  )
}

/** A membership lies within the time of its union, whose row is locked, and after the former ones of the facility, which stay as they were. */
async function addMember(client: Queryable, m: Membership): Promise<Stored | 'missing'> {
  const period = await queryOne<{ readonly from: Date; readonly to: Date | null; readonly empty: boolean }>(
    client,
    sql`/* period of a membership */
      with asked as (
        select greatest(coalesce(${m.validFrom ?? null}::timestamptz, now()), u.valid_from,
                        (select max(x.valid_to) from access.union_member x
                         where x.union_id = u.union_id and x.facility_id = f.facility_id and x.valid_to > x.valid_from and x.valid_to <= now())) as "from",
               least(${m.validTo ?? null}::timestamptz, u.valid_to) as "to"
        from access.facility_union u, access.facility f
        where u.union_id = ${m.unionId} and f.facility_id = ${m.facilityId} for update of u)
      select "from", "to", coalesce("to" <= "from", false) as empty from asked`,
  )
  if (period === undefined) return 'missing'
  if (period.empty) return 'conflict'
  const member = await queryOne<{ readonly same: boolean }>(
    client,
    sql`select valid_to is not distinct from ${period.to}::timestamptz
               and (valid_from = ${period.from}::timestamptz or (${m.validFrom === undefined} and valid_from < ${period.from}::timestamptz)) as same
        from access.union_member where union_id = ${m.unionId} and facility_id = ${m.facilityId} and (valid_to is null or valid_to > now())`,
  )
  if (member !== undefined) return member.same ? 'unchanged' : 'conflict'
  await execute(
    client,
    sql`/* a membership; one that never began begins again in its place */
        insert into access.union_member (union_id, facility_id, valid_from, valid_to)
        values (${m.unionId}, ${m.facilityId}, ${period.from}, ${period.to})
        on conflict (union_id, facility_id, valid_from) do update set valid_to = excluded.valid_to`,
  )
  return 'created'
}

async function registrationPeers(client: Queryable, facilityId: string): Promise<readonly string[]> {
  const rows = await query<{ readonly facilityId: string }>(
    client,
    sql`/* facilities whose registrations a facility may know */
      with mine as (
        select m.union_id, u.kind from access.union_member m join access.facility_union u using (union_id)
        where m.facility_id = ${facilityId} and m.valid_from <= now() and (m.valid_to is null or m.valid_to > now()))
      select other.facility_id as "facilityId"
      from access.union_member other join access.facility_union u using (union_id)
      where other.valid_from <= now() and (other.valid_to is null or other.valid_to > now())
        and (other.union_id in (select union_id from mine) or (u.kind = 'open' and exists (select from mine where kind = 'open')))
      union select ${facilityId}`,
  )
  return rows.map((row) => row.facilityId)
}
