// Neighbouring communities on PostgreSQL as the Initiating Gateway asks for them: who may be asked, and who knows a patient (port of src/gateway).

import type pg from 'pg'
import type { Community } from '../gateway/ports.ts'
import type { AccessFacts } from '../model/access.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import { factColumns, toAccessFacts } from './access/facts.ts'
import { IN_FORCE } from './access/partner-tolerances.ts'
import { named, type Queryable, query, queryOne, type Statement, sql } from './sql.ts'

/** A number of a person in the domain of a community, with the facts towards the caller's facility and towards the community. */
export interface KnownNumber {
  readonly community: string
  readonly patientId: PatientId
  readonly facts: AccessFacts
  readonly towards: AccessFacts
}

const COMMUNITY = sql`p.facility_id as "facilityId", 'urn:oid:' || p.community as home, p.query_url as "queryUrl", p.retrieve_url as "retrieveUrl",
  p.query_ms as "queryMs", p.retrieve_ms as "retrieveMs", p.identity, p.discovery_url as "discoveryUrl", p.pix_url as "pixUrl",
  p.is_asynchronous as "isAsynchronous", p.assertion_audience as "assertionAudience",
  (select array_agg(distinct t.tolerance) from access.partner_tolerance t where t.facility_id = p.facility_id and ${IN_FORCE}) as tolerances`

/** For whom a community is asked. */
export interface Asking {
  readonly facilityId: string
  readonly systemId: string
}

/** Of partner `p`: it may be asked for the facility, by an agreement that runs; while it is tried, for the systems that try it. */
function mayBeAsked({ facilityId, systemId }: Asking): Statement {
  return sql`(p.status = 'active' or (p.status = 'test' and ${systemId} = any(p.test_systems))) and p.query_url is not null and p.retrieve_url is not null
    and exists (select from access.facility f where f.facility_id = p.facility_id and f.status = 'active')
    and exists (select from access.agreement a where ${letsAsk(facilityId)})`
}

/** Agreement `a` runs and lets the facility ask partner `p`. */
function letsAsk(facilityId: string): Statement {
  return sql`a.partner_community = p.community and a.direction <> 'outgoing' and a.ended_at is null
    and a.valid_from <= now() and a.valid_to > now()
    and (a.union_id is null or exists (select from access.union_member m where m.union_id = a.union_id and m.facility_id = ${facilityId}
           and m.valid_from <= now() and (m.valid_to is null or m.valid_to > now())))`
}

/** Kinds that those agreements cover together; null when one covers all. */
function agreedKinds(facilityId: string): Statement {
  return sql`(select case when bool_and(a.kinds is not null) then array(select distinct kind from access.agreement a, unnest(a.kinds) as kind
                                                              where ${letsAsk(facilityId)} order by kind) end
    from access.agreement a where ${letsAsk(facilityId)}) as kinds`
}

/** Facilities that stand for communities, or did: what is said there is not of this network. */
export async function partnerFacilities(client: Queryable): Promise<ReadonlySet<string>> {
  const rows = await query<{ readonly facilityId: string }>(
    client,
    sql`/* facilities of communities */ select facility_id as "facilityId" from access.partner`,
  )
  return new Set(rows.map(({ facilityId }) => facilityId))
}

/** By home, urn:oid: and all; or every one without. */
export async function findCommunities(
  pool: pg.Pool,
  asked: Asking & { readonly home?: string },
): Promise<readonly Community[]> {
  const { home = null } = asked
  const rows = await query<{ readonly community: Community }>(
    pool,
    sql`/* communities that may be asked */
      select jsonb_strip_nulls(to_jsonb(c)) as community from access.partner p, lateral (select ${COMMUNITY}, ${agreedKinds(asked.facilityId)}) c
      where ${mayBeAsked(asked)} and (${home}::text is null or 'urn:oid:' || p.community = ${home}) order by p.facility_id`,
  )
  return rows.map(({ community }) => community)
}

/** One that is tried, whatever its state and its agreements; undefined without an address, and when it was removed. */
export async function findTriedCommunity(pool: pg.Pool, facilityId: string): Promise<Community | undefined> {
  const row = await queryOne<{ readonly community: Community }>(
    pool,
    sql`/* a community whose connection is tested */
      select jsonb_strip_nulls(to_jsonb(c)) as community from access.partner p, lateral (select ${COMMUNITY}) c
      where p.facility_id = ${facilityId} and p.status <> 'removed' and p.query_url is not null and p.retrieve_url is not null`,
  )
  return row?.community
}

interface NumberRow {
  readonly community: string
  readonly domain: string
  readonly value: string
  readonly facts: AccessFacts
  readonly towards: AccessFacts
}

function numberColumns(facilityId: string): Statement {
  return sql`n.domain, n.value, ${factsTowards(facilityId, named('n.facility_id'))}`
}

/** Of the person of `i`: towards the caller's facility and towards the community. */
function factsTowards(facilityId: string, community: Statement): Statement {
  return sql`${community} as community,
    (select to_jsonb(x) from (select ${factColumns(facilityId)}) x) as facts,
    (select to_jsonb(x) from (select ${factColumns(community)}) x) as towards`
}

/** Ids that communities told us of persons (XCPD), as far as they may be used. */
const LEARNED = sql`
      select c.correlation_id, c.person_key, c.facility_id, c.domain, c.value from identity.correlation c join access.partner p using (facility_id)
      where c.side = 'theirs' and c.ended_at is null and c.expires_at > now() and c.domain is not null and p.identity = 'xcpd'`

/** Numbers of a community that are linked to persons: person_key, facility_id, domain, value. */
const LINKED = sql`
      select n.person_key, d.facility_id, n.domain, n.value from identity.identifier n join identity.domain d on d.oid = n.domain
      where n.status = 'active' and d.facility_id in (select p.facility_id from access.partner p)`

/** Numbers that communities have for the holder of a patient id of ours, in any of our domains: what staff linked goes before what was learned. */
export async function numbersElsewhere(
  pool: pg.Pool,
  asked: { readonly patientId: PatientId; readonly facilityId: string },
): Promise<readonly KnownNumber[]> {
  const { patientId, facilityId } = asked
  const rows = await query<NumberRow>(
    pool,
    sql`/* numbers of a patient in neighbouring communities */
      select ${numberColumns(facilityId)}
      from identity.identifier i
      join identity.domain own on own.oid = i.domain and own.kind in ('affinity', 'community')
      join lateral (
        select * from (${LINKED}) linked where linked.person_key = i.person_key
        union all
        (select distinct on (learned.facility_id) learned.person_key, learned.facility_id, learned.domain, learned.value from (${LEARNED}) learned
         where learned.person_key = i.person_key
           and not exists (select from (${LINKED}) linked where linked.person_key = i.person_key and linked.facility_id = learned.facility_id)
         order by learned.facility_id, learned.correlation_id desc)) n on true
      where i.domain = ${patientId.authority} and i.value = ${patientId.value} and i.status = 'active'
      order by n.facility_id, n.value`,
  )
  return rows.map(toNumber)
}

/** Of numbers of a community those that are somebody's here. */
export async function numbersOf(
  pool: pg.Pool,
  asked: { readonly community: string; readonly ids: readonly PatientId[]; readonly facilityId: string },
): Promise<readonly KnownNumber[]> {
  const rows = await query<NumberRow>(
    pool,
    sql`/* whose numbers of a community are */
      select ${numberColumns(asked.facilityId)}
      from unnest(${asked.ids.map(({ authority }) => authority)}::text[], ${asked.ids.map(({ value }) => value)}::text[]) as q (authority, value)
      join lateral (
        select * from (${LINKED}) linked where linked.domain = q.authority and linked.value = q.value and linked.facility_id = ${asked.community}
        union
        select learned.person_key, learned.facility_id, learned.domain, learned.value from (${LEARNED}) learned
        where learned.domain = q.authority and learned.value = q.value and learned.facility_id = ${asked.community}) n on true
      join identity.person i on i.person_key = n.person_key`,
  )
  return rows.map(toNumber)
}

function toNumber({ community, domain, value, facts, towards }: NumberRow): KnownNumber {
  return {
    community,
    patientId: { value, authority: domain as Oid },
    facts: toAccessFacts(facts),
    towards: toAccessFacts(towards),
  }
}

/** A community of which it is not known who the person is there, with the facts towards the caller's facility and towards the community. */
export interface Undiscovered {
  readonly community: string
  readonly personKey: string
  /** An agreement lets it ask us. */
  readonly isTold: boolean
  readonly facts: AccessFacts
  readonly towards: AccessFacts
}

/**
 * Of these communities those that the holder of a patient id of ours has to be asked for: neither linked, nor learned, nor asked in vain
 * a short while ago. `anew`: all of them.
 */
export async function undiscovered(
  pool: pg.Pool,
  asked: {
    readonly patientId: PatientId
    readonly facilityId: string
    readonly communities: readonly string[]
    readonly isAnew: boolean
  },
): Promise<readonly Undiscovered[]> {
  const { patientId, facilityId, communities, isAnew } = asked
  const rows = await query<Undiscovered>(
    pool,
    sql`/* communities that do not know a patient yet */
      select i.person_key::text as "personKey", ${factsTowards(facilityId, named('p.facility_id'))},
        exists (select from access.agreement a where a.partner_community = p.community and a.direction <> 'incoming' and a.ended_at is null
                  and a.valid_from <= now() and a.valid_to > now()) as "isTold"
      from identity.identifier i
      join identity.domain own on own.oid = i.domain and own.kind in ('affinity', 'community')
      join access.partner p on p.facility_id = any(${communities})
      where i.domain = ${patientId.authority} and i.value = ${patientId.value} and i.status = 'active'
        and (${isAnew} or not (
          exists (select from (${LINKED}) linked where linked.person_key = i.person_key and linked.facility_id = p.facility_id)
          or exists (select from identity.correlation c
                     where c.person_key = i.person_key and c.facility_id = p.facility_id and c.side = 'theirs' and c.ended_at is null
                       and c.expires_at > now())
          or exists (select from identity.discovery_question q
                     where q.person_key = i.person_key and q.facility_id = p.facility_id and q.ended_at is null and q.expires_at > now())))
      order by p.facility_id`,
  )
  return rows.map(({ facts, towards, ...row }) => ({
    ...row,
    facts: toAccessFacts(facts),
    towards: toAccessFacts(towards),
  }))
}
