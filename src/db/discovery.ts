// Patient discovery on PostgreSQL: whose ids a community names, and the ids that were told to it or by it (ITI TF-2 3.55; docs/adr/0041).

import type pg from 'pg'
import type { Correlated } from '../gateway/respond-discovery.ts'
import type { DiscoveryPorts } from '../identity/discovery.ts'
import type { DomainKind, PersonKey } from '../identity/ports.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import { transaction } from './pool.ts'
import { execute, executeTogether, type Queryable, query, type Statement, sql } from './sql.ts'

interface HolderRow {
  readonly person_key: PersonKey
  readonly oid: Oid
  readonly name: string
  readonly kind: DomainKind
  readonly facility_id: string | null
}

/** Who has an active number among these, with its domain. */
export function holdersOf(client: Queryable): DiscoveryPorts['reads']['holders'] {
  return async (ids) => {
    if (ids.length === 0) return []
    const rows = await query<HolderRow>(
      client,
      sql`/* ITI-55: who has these ids */
        select distinct i.person_key, d.oid, d.name, d.kind, d.facility_id
        from unnest(${ids.map(({ authority }) => authority)}::text[], ${ids.map(({ value }) => value)}::text[]) as asked (domain, value)
        join identity.identifier i on i.domain = asked.domain and i.value = asked.value and i.status = 'active'
        join identity.domain d on d.oid = i.domain`,
    )
    return rows.map(({ person_key, oid, name, kind, facility_id }) => ({
      person: person_key,
      domain: { oid, name, kind, ...(facility_id === null ? {} : { facilityId: facility_id }) },
    }))
  }
}

/**
 * Keeps what was told, in the place of what was told before. The id that the community told of itself is kept where ids are learned by
 * discovery at all, and where nothing stands against it: no number of its that is linked, and nobody else with this one.
 */
export async function keepCorrelated(pool: pg.Pool, correlated: Correlated): Promise<void> {
  const { ours, theirs, facilityId, person } = correlated
  await transaction(pool, async (client) => {
    // Terms and person before what hangs on them: a change of either holds them when it comes to end these rows.
    await execute(client, sql`select from access.partner where facility_id = ${facilityId} for key share`)
    await execute(client, sql`select from identity.person where person_key = ${person} for no key update`)
    await executeTogether(client, [
      ...kept(correlated, { side: 'ours', id: ours.id, home: ours.home, forSeconds: ours.forSeconds }),
      ...(theirs === undefined
        ? []
        : [
            ...kept(correlated, { side: 'theirs', id: theirs.id, home: theirs.home, forSeconds: theirs.forMs / 1000 }),
            settled(correlated, theirs.id),
          ]),
    ])
  })
}

interface Told {
  readonly side: 'ours' | 'theirs'
  readonly id: PatientId
  readonly home: Oid
  readonly forSeconds: number
}

function kept({ person, facilityId, exchangeId }: Correlated, told: Told): readonly [Statement, Statement] {
  const { side, id, home, forSeconds } = told
  const running = sql`c.facility_id = ${facilityId} and c.side = ${side} and c.ended_at is null`
  const isFree = side === 'ours' ? sql`true` : theirsAreFree(facilityId, person, id)
  const former = sql`update identity.correlation c set ended_at = clock_timestamp(), ended_reason = 'told again'
        where c.person_key = ${person}::bigint and ${running} and ${isFree}`
  const insert = sql`insert into identity.correlation (facility_id, person_key, side, home, domain, value, exchange_id, learned_at, expires_at)
        select ${facilityId}, ${person}::bigint, ${side}, ${home}, ${id.authority}, ${id.value}, ${exchangeId}::uuid,
               told.at, told.at + make_interval(secs => ${forSeconds})
        from (select clock_timestamp() as at offset 0) told where ${isFree}`
  return side === 'ours'
    ? [sql`ours_former as (${former})`, sql`ours_told as (${insert})`]
    : [sql`theirs_former as (${former})`, sql`theirs_told as (${insert})`]
}

/** What the community left open of the person it says itself now: nobody has to find it out any more. */
function settled({ person, facilityId }: Correlated, id: PatientId): Statement {
  return sql`theirs_settled as (update identity.discovery_question q set ended_at = clock_timestamp(), ended_reason = 'the community told its id'
        where q.person_key = ${person}::bigint and q.facility_id = ${facilityId} and q.ended_at is null and ${theirsAreFree(facilityId, person, id)})`
}

function theirsAreFree(facilityId: string, person: string, { authority, value }: PatientId): Statement {
  return sql`exists (select from access.partner p where p.facility_id = ${facilityId} and p.identity = 'xcpd')
          and not exists (select from identity.identifier n join identity.domain d on d.oid = n.domain and d.facility_id = ${facilityId}
                          where n.person_key = ${person}::bigint and n.status = 'active')
          and not exists (select from identity.identifier n where n.domain = ${authority} and n.value = ${value} and n.status = 'active')
          and not exists (select from identity.correlation o where o.facility_id = ${facilityId} and o.domain = ${authority} and o.value = ${value}
                          and o.side = 'theirs' and o.person_key <> ${person}::bigint and o.ended_at is null and o.expires_at > now())`
}
