// Unions (ユニオン) and their members on PostgreSQL.

import type pg from 'pg'
import type { AdministrationStore, UnionRecord } from '../../access/ports.ts'
import { execute, query, queryOne, sql } from '../sql.ts'
import { changed, changing, isThere, outcomeOf } from './changing.ts'

export function unions(
  pool: pg.Pool,
): Pick<AdministrationStore, 'unions' | 'addUnion' | 'addMember' | 'endMembership'> {
  return {
    unions: () =>
      query<UnionRecord>(
        pool,
        sql`/* unions and their members, former ones too */
          select u.union_id as "unionId", u.name, u.kind,
                 coalesce((select jsonb_agg(jsonb_build_object('facilityId', m.facility_id, 'validFrom', m.valid_from, 'validTo', m.valid_to) order by m.valid_from)
                           from access.union_member m where m.union_id = u.union_id), '[]'::jsonb) as members
          from access.facility_union u order by u.union_id`,
      ),
    addUnion: (union, change) =>
      changing(pool, change, (client) =>
        outcomeOf(
          client,
          sql`insert into access.facility_union (union_id, name, kind) values (${union.unionId}, ${union.name}, ${union.kind}) on conflict do nothing`,
          sql`select true as same from access.facility_union where union_id = ${union.unionId} and name = ${union.name} and kind = ${union.kind}`,
        ),
      ),
    addMember: (m, change) =>
      changing(pool, change, async (client) => {
        const there = await isThere(
          client,
          sql`select 1 as there from access.facility_union u, access.facility f where u.union_id = ${m.unionId} and f.facility_id = ${m.facilityId} for update of u`,
        )
        if (!there) return 'missing'
        const member = await queryOne<{ readonly same: boolean }>(
          client,
          sql`select valid_to is not distinct from ${m.validTo ?? null}::timestamptz and valid_from = coalesce(${m.validFrom ?? null}::timestamptz, valid_from) as same
              from access.union_member where union_id = ${m.unionId} and facility_id = ${m.facilityId} and (valid_to is null or valid_to > now())`,
        )
        if (member !== undefined) return member.same ? 'unchanged' : 'conflict'
        await execute(
          client,
          sql`insert into access.union_member (union_id, facility_id, valid_from, valid_to)
              values (${m.unionId}, ${m.facilityId}, coalesce(${m.validFrom ?? null}::timestamptz, now()), ${m.validTo ?? null})`,
        )
        return 'created'
      }),
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
