// Neighbouring communities on PostgreSQL as the Initiating Gateway asks for them: who may be asked, and who knows a patient (port of src/gateway).

import type pg from 'pg'
import type { Community } from '../gateway/ports.ts'
import type { AccessFacts } from '../model/access.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import { factColumns, toAccessFacts } from './access/facts.ts'
import { IN_FORCE } from './access/partner-tolerances.ts'
import { named, query, queryOne, type Statement, sql } from './sql.ts'

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
    and exists (select from access.agreement a where a.partner_community = p.community and a.direction <> 'outgoing' and a.ended_at is null
                  and a.valid_from <= now() and a.valid_to > now()
                  and (a.union_id is null or exists (select from access.union_member m where m.union_id = a.union_id and m.facility_id = ${facilityId}
                         and m.valid_from <= now() and (m.valid_to is null or m.valid_to > now()))))`
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
      select jsonb_strip_nulls(to_jsonb(c)) as community from access.partner p, lateral (select ${COMMUNITY}) c
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
  return sql`n.domain, n.value, d.facility_id as community,
    (select to_jsonb(x) from (select ${factColumns(facilityId)}) x) as facts,
    (select to_jsonb(x) from (select ${factColumns(named('d.facility_id'))}) x) as towards`
}

/** Numbers that communities have for the holder of a patient id of ours, in any of our domains. */
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
      join identity.identifier n on n.person_key = i.person_key and n.status = 'active'
      join identity.domain d on d.oid = n.domain and d.facility_id in (select p.facility_id from access.partner p)
      where i.domain = ${patientId.authority} and i.value = ${patientId.value} and i.status = 'active'
      order by d.facility_id, n.value`,
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
      join identity.identifier i on i.domain = q.authority and i.value = q.value and i.status = 'active'
      join identity.identifier n on n.domain = i.domain and n.value = i.value and n.status = 'active'
      join identity.domain d on d.oid = n.domain and d.facility_id = ${asked.community}`,
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
