// Access rights and audiences on PostgreSQL: every change a row, the newest that holds goes first (port of src/access/rights).

import type pg from 'pg'
import type { AudienceRecord, NewAudience, RightKey, RightRecord, RightsStore } from '../../access/rights/ports.ts'
import type { AccessRules, Audience, RightHolder } from '../../model/rights.ts'
import { NO_RULES } from '../../model/rights.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { changed, changing, isThere } from './changing.ts'

/** Of rows `r` of either table: what holds now. */
const HOLDS = sql`r.ended_at is null and r.valid_from <= now() and (r.valid_to is null or r.valid_to > now())`

const HOLDER = sql`case when r.union_id is not null then jsonb_build_object('of', 'union', 'unionId', r.union_id)
                when r.facility_id is not null then jsonb_build_object('of', 'facility', 'facilityId', r.facility_id)
                when r.staff_id is not null then jsonb_build_object('of', 'person', 'staffId', r.staff_id)
                else jsonb_build_object('of', 'network') end`

const RIGHT = sql`jsonb_strip_nulls(jsonb_build_object('holder', ${HOLDER}, 'job', r.job, 'kind', r.kind, 'ceiling', r.ceiling))`
const AUDIENCE = sql`jsonb_strip_nulls(jsonb_build_object('facilityId', r.facility_id, 'kind', r.kind, 'jobs', coalesce(to_jsonb(r.jobs), '"all"')))`

/** A union `u` with its active members. */
const UNION = sql`jsonb_build_object('unionId', u.union_id, 'emergencyOpensV', u.emergency_opens_v, 'facilities', array(
                  select distinct other.facility_id from access.union_member other
                  join access.facility peer on peer.facility_id = other.facility_id and peer.status = 'active'
                  where other.union_id = u.union_id and other.valid_from <= now() and (other.valid_to is null or other.valid_to > now())))`

/** An agreement `a` with the neighbouring community that facility `f` is, as a union of it and of whoever takes part on our side. */
const AGREEMENT = sql`jsonb_strip_nulls(jsonb_build_object('unionId', 'agreement ' || a.agreement_id, 'emergencyOpensV', false, 'kinds', a.kinds,
                  'facilities', f.facility_id || array(
                  select peer.facility_id from access.facility peer
                  where peer.status = 'active' and not exists (select from access.partner other where other.facility_id = peer.facility_id)
                    and (a.union_id is null or exists (select from access.union_member m where m.union_id = a.union_id
                      and m.facility_id = peer.facility_id and m.valid_from <= now() and (m.valid_to is null or m.valid_to > now()))))))`

/**
 * Columns of the rules of facility `f` as viewer, beside its unions: what its systems are read with. Unions open nothing to a neighbouring
 * community, only agreements do: what it might see would not end with them, nor with its removal.
 */
export function ruleColumns(): Statement {
  return sql`
      coalesce((select jsonb_agg(${RIGHT})
                from (select distinct on (r.union_id, r.facility_id, r.staff_id, r.job, r.kind) r.*
                      from access.access_right r
                      where ${HOLDS} and (num_nonnulls(r.union_id, r.facility_id, r.staff_id) = 0 or r.facility_id = f.facility_id
                        or r.union_id in (select m.union_id from access.union_member m where m.facility_id = f.facility_id)
                        or r.staff_id in (select s.staff_id from access.staff s where s.facility_id = f.facility_id))
                      order by r.union_id, r.facility_id, r.staff_id, r.job, r.kind, r.right_id desc) r), '[]'::jsonb) as rights,
      coalesce((select jsonb_agg(${AUDIENCE})
                from (select distinct on (r.facility_id, r.kind) r.* from access.audience r
                      where ${HOLDS} and r.facility_id in (
                        select other.facility_id from access.union_member mine join access.union_member other on other.union_id = mine.union_id
                        where mine.facility_id = f.facility_id
                        union all select peer.facility_id from access.facility peer, access.partner p where p.facility_id = f.facility_id)
                      order by r.facility_id, r.kind, r.audience_id desc) r), '[]'::jsonb) as audiences,
      coalesce((select jsonb_agg(${UNION})
                from access.facility_union u
                where not exists (select from access.partner p where p.facility_id = f.facility_id)
                  and exists (select from access.union_member mine
                              where mine.union_id = u.union_id and mine.facility_id = f.facility_id
                                and mine.valid_from <= now() and (mine.valid_to is null or mine.valid_to > now()))), '[]'::jsonb)
      || coalesce((select jsonb_agg(${AGREEMENT})
                   from access.partner p join access.agreement a on a.partner_community = p.community and a.direction <> 'incoming'
                     and a.ended_at is null and a.valid_from <= now() and a.valid_to > now()
                   where p.facility_id = f.facility_id and p.status <> 'removed'), '[]'::jsonb) as unions`
}

/** AccessRules of the whole network as one value: every union with its active members, and whatever is set by anybody. */
export function wholeRules(): Statement {
  return sql`jsonb_build_object(
      'rights', coalesce((select jsonb_agg(${RIGHT})
                from (select distinct on (r.union_id, r.facility_id, r.staff_id, r.job, r.kind) r.* from access.access_right r where ${HOLDS}
                      order by r.union_id, r.facility_id, r.staff_id, r.job, r.kind, r.right_id desc) r), '[]'::jsonb),
      'audiences', coalesce((select jsonb_agg(${AUDIENCE})
                from (select distinct on (r.facility_id, r.kind) r.* from access.audience r where ${HOLDS}
                      order by r.facility_id, r.kind, r.audience_id desc) r), '[]'::jsonb),
      'unions', coalesce((select jsonb_agg(${UNION}) from access.facility_union u), '[]'::jsonb))`
}

/** Where nothing is set it is one and the same value. */
export function toRules({ unions, rights, audiences }: AccessRules): AccessRules {
  const isSet =
    rights.length > 0 ||
    audiences.length > 0 ||
    unions.some(({ emergencyOpensV, kinds }) => emergencyOpensV || kinds !== undefined)
  return isSet ? { unions, rights, audiences } : NO_RULES
}

/** Facilities that are in a union with this one now, itself included. */
export function facilitiesOf({ unions }: Pick<AccessRules, 'unions'>): readonly string[] {
  return [...new Set(unions.flatMap(({ facilities }) => facilities))]
}

export function createRightsStore(pool: pg.Pool): RightsStore {
  return {
    rights: async (holder) => {
      const rows = await query<{ readonly held: RightRecord }>(
        pool,
        sql`/* access rights, the newest first */
          select ${RIGHT} || jsonb_build_object('rightId', r.right_id::text) || ${KEPT} as held
          from access.access_right r where ${holder === undefined} or (${heldBy(holder ?? { of: 'network' })}) order by r.right_id desc`,
      )
      return rows.map(({ held }) => held)
    },
    setRight: (right, change) =>
      changing(pool, change, async (client) => {
        if (!(await isHolder(client, right.holder))) return 'missing'
        const columns = columnsOf(right.holder)
        const stands = await queryOne(
          client,
          sql`/* the same right as the newest of its key */
            select from (select r.* from access.access_right r where ${ofKey(right)} and ended_at is null order by r.right_id desc limit 1) r
            where r.ceiling = ${right.ceiling} and r.valid_to is not distinct from ${right.validTo ?? null}::timestamptz
              and r.valid_from <= coalesce(${right.validFrom ?? null}::timestamptz, now())`,
        )
        if (stands !== undefined) return 'unchanged'
        await execute(
          client,
          sql`insert into access.access_right (union_id, facility_id, staff_id, job, kind, ceiling, valid_from, valid_to, set_by, reason)
              values (${columns.unionId}, ${columns.facilityId}, ${columns.staffId}, ${right.job ?? null}, ${right.kind ?? null}, ${right.ceiling},
                      coalesce(${right.validFrom ?? null}::timestamptz, now()), ${right.validTo ?? null}, ${change.by}, ${change.reason ?? null})`,
        )
        return 'created'
      }),
    removeRight: (key, change) =>
      changing(pool, change, (client) =>
        changed(
          client,
          sql`/* end a right */ update access.access_right r set ended_at = now(), ended_by = ${change.by} where ${ofKey(key)} and ${STILL}`,
          sql`select from access.access_right r where ${ofKey(key)}`,
        ),
      ),
    ...audiences(pool),
    setEmergencyOpensV: (unionId, opens, change) =>
      changing(pool, change, (client) =>
        changed(
          client,
          sql`update access.facility_union set emergency_opens_v = ${opens} where union_id = ${unionId} and emergency_opens_v <> ${opens}`,
          sql`select from access.facility_union where union_id = ${unionId}`,
        ),
      ),
  }
}

function audiences(pool: pg.Pool): Pick<RightsStore, 'audiences' | 'setAudience' | 'removeAudience'> {
  return {
    audiences: async (facilityId) => {
      if (!(await isThere(pool, facilityNamed(facilityId)))) return undefined
      const rows = await query<{ readonly kept: AudienceRecord }>(
        pool,
        sql`/* audiences of a facility, the newest first */
          select ${AUDIENCE} || jsonb_build_object('audienceId', r.audience_id::text) || ${KEPT} as kept
          from access.audience r where r.facility_id = ${facilityId} order by r.audience_id desc`,
      )
      return rows.map(({ kept }) => kept)
    },
    setAudience: (audience, change) =>
      changing(pool, change, async (client) => {
        if (!(await isThere(client, facilityNamed(audience.facilityId)))) return 'missing'
        const jobs = audience.jobs === 'all' ? null : [...audience.jobs].sort()
        if (await isSameAudience(client, audience, jobs)) return 'unchanged'
        await execute(
          client,
          sql`insert into access.audience (facility_id, kind, jobs, valid_from, valid_to, set_by, reason)
              values (${audience.facilityId}, ${audience.kind ?? null}, ${jobs}, coalesce(${audience.validFrom ?? null}::timestamptz, now()),
                      ${audience.validTo ?? null}, ${change.by}, ${change.reason ?? null})`,
        )
        return 'created'
      }),
    removeAudience: (key, change) =>
      changing(pool, change, (client) =>
        changed(
          client,
          sql`/* end an audience */ update access.audience r set ended_at = now(), ended_by = ${change.by} where ${ofPublisher(key)} and ${STILL}`,
          sql`select from access.audience r where ${ofPublisher(key)}`,
        ),
      ),
  }
}

/** Of rows `r`: what holds, or will. */
const STILL = sql`r.ended_at is null and (r.valid_to is null or r.valid_to > now())`

const KEPT = sql`jsonb_build_object('validFrom', r.valid_from, 'validTo', r.valid_to, 'setAt', r.set_at, 'setBy', r.set_by, 'reason', r.reason,
                                    'endedAt', r.ended_at, 'endedBy', r.ended_by)`

async function isSameAudience(
  client: Queryable,
  audience: NewAudience,
  jobs: readonly string[] | null,
): Promise<boolean> {
  return isThere(
    client,
    sql`/* the same audience as the newest of its key */
      select from (select r.* from access.audience r where ${ofPublisher(audience)} and r.ended_at is null order by r.audience_id desc limit 1) r
      where r.jobs is not distinct from ${jobs}::text[] and r.valid_to is not distinct from ${audience.validTo ?? null}::timestamptz
        and r.valid_from <= coalesce(${audience.validFrom ?? null}::timestamptz, now())`,
  )
}

interface HolderColumns {
  readonly unionId: string | null
  readonly facilityId: string | null
  readonly staffId: string | null
}

function columnsOf(holder: RightHolder): HolderColumns {
  return {
    unionId: holder.of === 'union' ? holder.unionId : null,
    facilityId: holder.of === 'facility' ? holder.facilityId : null,
    staffId: holder.of === 'person' ? holder.staffId : null,
  }
}

/** Locked, so that two who set the same right follow one another. */
async function isHolder(client: Queryable, holder: RightHolder): Promise<boolean> {
  switch (holder.of) {
    case 'network':
      await execute(client, sql`select pg_advisory_xact_lock(hashtext('access rights of the network'))`)
      return true
    case 'union':
      return isThere(
        client,
        sql`select from access.facility_union where union_id = ${holder.unionId} for no key update`,
      )
    case 'facility':
      return isThere(client, facilityNamed(holder.facilityId))
    case 'person':
      return isThere(client, sql`select from access.staff where staff_id = ${holder.staffId} for no key update`)
  }
  return holder satisfies never
}

const facilityNamed = (facilityId: string): Statement =>
  sql`select from access.facility where facility_id = ${facilityId} for no key update`

function heldBy(holder: RightHolder): Statement {
  const { unionId, facilityId, staffId } = columnsOf(holder)
  return sql`r.union_id is not distinct from ${unionId} and r.facility_id is not distinct from ${facilityId}
             and r.staff_id is not distinct from ${staffId}`
}

const ofKey = ({ holder, job, kind }: RightKey): Statement =>
  sql`${heldBy(holder)} and r.job is not distinct from ${job ?? null} and r.kind is not distinct from ${kind ?? null}`

const ofPublisher = ({ facilityId, kind }: Omit<Audience, 'jobs'>): Statement =>
  sql`r.facility_id = ${facilityId} and r.kind is not distinct from ${kind ?? null}`
