// Neighbouring communities on PostgreSQL (port of src/access/administration/partner-ports.ts).

import type pg from 'pg'
import type {
  Partner,
  PartnerCalls,
  PartnerEdit,
  PartnerFault,
  PartnerPatients,
  PartnerRecord,
  PartnerStore,
} from '../../access/administration/partner-ports.ts'
import { partnerFault } from '../../access/administration/partners.ts'
import type { Change, Changed, Stored } from '../../access/change.ts'
import { allowTime, transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'
import { changing, isThere, withoutNulls } from './changing.ts'
import { type Editable, edit } from './revisions.ts'

const PARTNER: Editable = {
  subject: 'partner',
  table: 'access.partner',
  key: 'facility_id',
  columns: {
    queryUrl: { column: 'query_url' },
    retrieveUrl: { column: 'retrieve_url' },
    discoveryUrl: { column: 'discovery_url' },
    pixUrl: { column: 'pix_url' },
    queryMs: { column: 'query_ms' },
    retrieveMs: { column: 'retrieve_ms' },
    identity: { column: 'identity' },
    isAsynchronous: { column: 'is_asynchronous' },
    assertionAudience: { column: 'assertion_audience' },
    status: { column: 'status' },
    testSystems: { column: 'test_systems' },
  },
}

export function partners(pool: pg.Pool): PartnerStore {
  return {
    partners: () => recordsOf(pool),
    addPartner: (partner, change) => changingUnlessFault(pool, change, (client) => addPartner(client, partner, change)),
    editPartner: (facilityId, members, change) =>
      changingUnlessFault(pool, change, (client) => editPartner(client, { facilityId, members }, change)),
    removePartner: (facilityId, change) =>
      changing(pool, change, (client) => removePartner(client, facilityId, change)),
    partnerCalls: (facilityId) => partnerCalls(pool, facilityId),
    partnerPatients: (facilityId) => partnerPatients(pool, facilityId),
  }
}

/** As `changing`; a fault changes nothing. */
function changingUnlessFault<T extends Stored | Changed>(
  pool: pg.Pool,
  change: Change,
  work: (client: Queryable) => Promise<T | PartnerFault>,
): Promise<T | PartnerFault> {
  return transaction(pool, async (client) => {
    const result = await work(client)
    if (result === 'created' || result === 'changed') await recordChange(client, { ...change, patients: [] })
    return result
  })
}

async function recordsOf(client: Queryable, facilityId?: string): Promise<readonly PartnerRecord[]> {
  const rows = await query<PartnerRecord>(
    client,
    sql`/* neighbouring communities */
      select p.facility_id as "facilityId", p.community, p.query_url as "queryUrl", p.retrieve_url as "retrieveUrl",
        p.discovery_url as "discoveryUrl", p.pix_url as "pixUrl", p.query_ms as "queryMs", p.retrieve_ms as "retrieveMs", p.identity,
        p.is_asynchronous as "isAsynchronous", p.assertion_audience as "assertionAudience", p.status, p.test_systems as "testSystems", f.name,
        p.added_at as "addedAt", p.added_by as "addedBy", p.changed_at as "changedAt", p.changed_by as "changedBy"
      from access.partner p join access.facility f using (facility_id)
      where ${facilityId ?? null}::text is null or p.facility_id = ${facilityId ?? null} order by p.facility_id`,
  )
  return rows.map(withoutNulls)
}

/** The row is locked; whoever changes the same community waits. */
async function lockedRecord(client: Queryable, facilityId: string): Promise<PartnerRecord | undefined> {
  // What its terms end is ended with them: what was learned of every patient.
  await allowTime(client)
  await execute(client, sql`select from access.partner where facility_id = ${facilityId} for no key update`)
  return (await recordsOf(client, facilityId))[0]
}

/** Terms of which nothing was said. */
const USUAL = {
  queryUrl: null,
  retrieveUrl: null,
  discoveryUrl: null,
  pixUrl: null,
  queryMs: 20_000,
  retrieveMs: 120_000,
  identity: 'none',
  isAsynchronous: false,
  assertionAudience: null,
  status: 'active',
  testSystems: [],
} as const

async function addPartner(
  client: Queryable,
  partner: Partner,
  change: Change,
): Promise<Stored | 'missing' | PartnerFault> {
  const fault = partnerFault(partner) ?? (await unknownSystem(client, partner.testSystems))
  if (fault !== undefined) return fault
  const { facilityId, community, ...terms } = partner
  const facility = sql`select from access.facility where facility_id = ${facilityId} for no key update`
  if (!(await isThere(client, facility))) return 'missing'
  const there = await lockedRecord(client, facilityId)
  if (there === undefined) return (await execute(client, insertion(partner, change.by))) > 0 ? 'created' : 'conflict'
  if (there.community !== community) return 'conflict'
  const members = { ...USUAL, ...terms }
  if (there.status !== 'removed') return isSame(there, members) ? 'unchanged' : 'conflict'
  const taken = sql`select from access.partner where community = ${community} and status <> 'removed'`
  if (await isThere(client, taken)) return 'conflict'
  await edit(client, PARTNER, { id: facilityId, members, change })
  await noteChange(client, facilityId, change)
  return 'created'
}

function insertion({ facilityId, community, ...terms }: Partner, by: string): Statement {
  const t = { ...USUAL, ...terms }
  return sql`/* a neighbouring community */
    insert into access.partner (facility_id, community, query_url, retrieve_url, discovery_url, pix_url, query_ms, retrieve_ms, identity,
                                is_asynchronous, assertion_audience, status, test_systems, added_by)
    values (${facilityId}, ${community}, ${t.queryUrl}, ${t.retrieveUrl}, ${t.discoveryUrl}, ${t.pixUrl}, ${t.queryMs}, ${t.retrieveMs},
            ${t.identity}, ${t.isAsynchronous}, ${t.assertionAudience}, ${t.status}, ${t.testSystems}, ${by}) on conflict do nothing`
}

function isSame(there: PartnerRecord, members: object): boolean {
  const now: Readonly<Record<string, unknown>> = { ...there }
  return Object.entries(members).every(
    ([name, value]) => JSON.stringify(now[name] ?? null) === JSON.stringify(value ?? null),
  )
}

async function editPartner(
  client: Queryable,
  { facilityId, members }: { readonly facilityId: string; readonly members: PartnerEdit },
  change: Change,
): Promise<Changed | PartnerFault> {
  const there = await lockedRecord(client, facilityId)
  if (there === undefined || there.status === 'removed') return 'missing'
  const terms = withoutNulls({ ...there, status: there.status, ...members }) as Partner
  const fault = partnerFault(terms) ?? (await unknownSystem(client, members.testSystems))
  if (fault !== undefined) return fault
  const changed = await edit(client, PARTNER, { id: facilityId, members, change })
  if (changed === 'changed') await noteChange(client, facilityId, change)
  return changed
}

async function noteChange(client: Queryable, facilityId: string, { by }: Change): Promise<void> {
  await execute(
    client,
    sql`update access.partner set changed_at = now(), changed_by = ${by} where facility_id = ${facilityId}`,
  )
}

async function unknownSystem(client: Queryable, systemIds: readonly string[] = []): Promise<PartnerFault | undefined> {
  const row = await queryOne<{ readonly systemId: string }>(
    client,
    sql`/* systems that nobody registered */
      select id as "systemId" from unnest(${systemIds}::text[]) as id
      where not exists (select from access.system s where s.system_id = id) order by id limit 1`,
  )
  return row === undefined ? undefined : { fault: 'unknown system', systemId: row.systemId }
}

async function removePartner(client: Queryable, facilityId: string, change: Change): Promise<Changed> {
  const there = await lockedRecord(client, facilityId)
  if (there === undefined) return 'missing'
  if (there.status === 'removed') return 'unchanged'
  await edit(client, PARTNER, { id: facilityId, members: { status: 'removed', testSystems: [] }, change })
  await noteChange(client, facilityId, change)
  await execute(
    client,
    sql`/* what was learned of patients from a community that is removed */
      update identity.correlation set ended_at = clock_timestamp(), ended_reason = 'partner removed'
      where facility_id = ${facilityId} and ended_at is null`,
  )
  await execute(
    client,
    sql`update access.partner_tolerance set ended_at = now() where facility_id = ${facilityId} and ended_at is null`,
  )
  return 'changed'
}

/** So many of the latest calls tell how it is; a busy community has as many in some minutes. */
const LATEST_CALLS = 2000

/** Calls that this network made have no system: they are the community's (docs/adr/0039). */
async function partnerCalls(client: Queryable, facilityId: string): Promise<readonly PartnerCalls[]> {
  const rows = await query<PartnerCalls>(
    client,
    sql`/* how the latest calls to a community ended; by exchange_without_system */
      select transaction, max(at) filter (where result = 'success') as "lastSuccessAt", max(at) filter (where result <> 'success') as "lastFailureAt",
        (array_agg(concat_ws(': ', errors->0->>'code', errors->0->>'rule') order by at desc) filter (where result <> 'success'))[1] as "lastFailure",
        jsonb_build_object('succeeded', count(*) filter (where result = 'success' and at > now() - interval '1 hour'),
                           'failed', count(*) filter (where result <> 'success' and at > now() - interval '1 hour')) as "inTheLastHour"
      from (select transaction, at, result, errors from journal.exchange
            where system_id is null and facility_id = ${facilityId} and endpoint like 'https://%' and at > now() - interval '7 days'
              and (at at time zone 'UTC') > (now() at time zone 'UTC') - interval '7 days'
            order by (at at time zone 'UTC') desc limit ${LATEST_CALLS}) as latest
      group by transaction order by transaction`,
  )
  return rows.map(withoutNulls)
}

async function partnerPatients(client: Queryable, facilityId: string): Promise<PartnerPatients> {
  const row = await queryOne<PartnerPatients>(
    client,
    sql`/* of how many patients ids of a community are known, and ours to it */
      select (select count(distinct i.person_key)::int from identity.domain d join identity.identifier i on i.domain = d.oid and i.status = 'active'
              where d.facility_id = ${facilityId} and d.kind = 'facility') as linked,
        count(*) filter (where side = 'theirs' and domain is not null)::int as theirs,
        count(*) filter (where side = 'theirs' and domain is null)::int as "unknownThere",
        count(*) filter (where side = 'ours')::int as ours
      from identity.correlation where facility_id = ${facilityId} and ended_at is null and expires_at > now()`,
  )
  return row ?? { linked: 0, theirs: 0, unknownThere: 0, ours: 0 }
}
