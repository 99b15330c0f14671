// Facts of the access decision and the systems behind certificates, read in one statement each (design §4).

import type { AccessFacts } from '../model/access.ts'
import type { AccessMode, CallingSystem, FacilityStatus, Role, StoreClientContract } from '../model/caller.ts'
import type { Confidentiality } from '../model/confidentiality.ts'
import { type Oid, type PatientId, parseOid } from '../model/identifiers.ts'
import type { AccessRules } from '../model/rights.ts'
import type { RuleSwitches } from '../model/rule-switch.ts'
import { communityIdOf, factColumns, toAccessFacts } from './access/facts.ts'
import { facilitiesOf, ruleColumns, toRules } from './access/rights.ts'
import { claimColumn, type IdempotencyClaim, type StoredClaim } from './idempotency.ts'
import { named, type Queryable, query, queryOne, type Statement, sql } from './sql.ts'

/** A certificate that is registered, with the state of certificate, system and facility. */
export interface RegisteredSystem {
  readonly system: CallingSystem
  readonly certificate: 'active' | 'suspended' | 'revoked'
  readonly active: 'yes' | 'no'
}

interface SystemRow extends AccessRules {
  readonly system_id: string
  readonly facility_id: string
  readonly oid: string
  readonly name: string
  readonly code: string | null
  readonly patient_id_form: string
  readonly facility_type: string | null
  readonly roles: readonly Role[]
  readonly access_mode: AccessMode | null
  readonly assigning_authority: string | null
  readonly repositories: readonly string[]
  readonly confidentiality_ceiling: Confidentiality
  readonly rule_switches: RuleSwitches
  readonly source_ids: readonly string[]
  readonly delegated_facilities: readonly string[]
  readonly facility_status: FacilityStatus
  readonly community: string | null
  readonly contract: StoreClientContract | null
}

interface CertifiedRow extends SystemRow {
  readonly certificate_status: RegisteredSystem['certificate']
  readonly is_active: boolean
}

/** The system a certificate fingerprint (SHA-256, as Node prints it) is registered for; undefined when it is not. */
export async function findSystem(
  client: Queryable,
  asked: { readonly fingerprint: string; readonly networkMode: AccessMode },
): Promise<RegisteredSystem | undefined> {
  const row = await queryOne<CertifiedRow>(
    client,
    sql`/* certificate → system → facility */
      select ${systemColumns()}, c.status as certificate_status, s.status = 'active' and f.status = 'active' as is_active
      from access.client_certificate c
      join access.system s using (system_id)
      join access.facility f using (facility_id)
      where c.fingerprint = ${asked.fingerprint} and c.not_after > now()`,
  )
  if (row === undefined) return undefined
  return {
    certificate: row.certificate_status,
    active: row.is_active ? 'yes' : 'no',
    system: toSystem(row, asked.networkMode),
  }
}

/** A system by its id, where it and its facility are active. */
export async function findActiveSystem(
  client: Queryable,
  asked: { readonly systemId: string; readonly networkMode: AccessMode },
): Promise<CallingSystem | undefined> {
  const row = await queryOne<SystemRow>(
    client,
    sql`/* system → facility, both active */
      select ${systemColumns()} from access.system s join access.facility f using (facility_id)
      where s.system_id = ${asked.systemId} and s.status = 'active' and f.status = 'active'`,
  )
  return row === undefined ? undefined : toSystem(row, asked.networkMode)
}

/** Systems by their ids, whatever their state. */
export async function findSystemsById(
  client: Queryable,
  asked: { readonly systemIds: readonly string[]; readonly networkMode: AccessMode },
): Promise<ReadonlyMap<string, CallingSystem>> {
  const rows = await query<SystemRow>(
    client,
    sql`/* systems → facilities */
      select ${systemColumns()} from access.system s join access.facility f using (facility_id)
      where s.system_id = any(${asked.systemIds})`,
  )
  return new Map(rows.map((row) => [row.system_id, toSystem(row, asked.networkMode)]))
}

/** A facility as its staff see the network: none of its systems, so with what any of them may see; undefined when it is not active. */
export async function findViewer(
  client: Queryable,
  asked: { readonly facilityId: string; readonly networkMode: AccessMode },
): Promise<CallingSystem | undefined> {
  const row = await queryOne<SystemRow>(
    client,
    sql`/* facility as viewer */
      select ${systemColumns()}
      from access.facility f
      cross join lateral (select ''::text as system_id, f.facility_id, '{}'::text[] as roles, null::text as access_mode, null::text as assigning_authority,
                                 '{}'::text[] as repositories, 'N'::text as confidentiality_ceiling, '{}'::jsonb as rule_switches,
                                 '{}'::text[] as source_ids, '{}'::text[] as delegated_facilities) s
      where f.facility_id = ${asked.facilityId} and f.status = 'active'`,
  )
  return row === undefined ? undefined : toSystem(row, asked.networkMode)
}

/** A number of any domain with the person who has it and the facts towards one facility; the facility of its domain, if it is one's. */
export async function factsOfNumber(
  client: Queryable,
  asked: { readonly id: PatientId; readonly facilityId: string },
): Promise<(PersonFacts & { readonly numberOf: string | undefined }) | undefined> {
  const row = await queryOne<FactsOfPerson & { readonly number_of: string | null }>(
    client,
    sql`/* access facts of any number of a person */
      select i.person_key, i.domain, i.value, o.facility_id as number_of, ${factColumns(asked.facilityId)}
      from identity.identifier given
      join identity.domain o on o.oid = given.domain
      cross join lateral ${communityIdOf(named('given.person_key'))} i
      where given.domain = ${asked.id.authority} and given.value = ${asked.id.value} and given.status = 'active'`,
  )
  return row === undefined ? undefined : { ...toFacts(row), numberOf: row.number_of ?? undefined }
}

/** Columns of a SystemRow over system `s` and facility `f`. */
function systemColumns(): Statement {
  return sql`s.system_id, s.facility_id, f.oid, f.name, f.code, f.patient_id_form, f.facility_type, s.roles, s.access_mode, s.assigning_authority,
             s.repositories, s.confidentiality_ceiling, s.rule_switches, s.source_ids, s.delegated_facilities, f.status as facility_status,
             (select p.community from access.partner p where p.facility_id = s.facility_id) as community,
             (select ${contractColumn()} from access.storeclient_contract k where k.facility_id = s.facility_id
              order by k.contract_id desc limit 1) as contract,
             ${ruleColumns()}`
}

const MAX_LEADING_ZEROS = 30

/**
 * How a number in canonical form may be written at facility `f`, as an array: an index answers that, where a comparison of what is left
 * without zeros would read all numbers of the facility.
 */
export function writtenAs(canonical: Statement): Statement {
  return sql`case when f.patient_id_form = 'strip'
                  then array(select repeat('0', zeros) || ${canonical} from generate_series(0, ${MAX_LEADING_ZEROS}) as zeros)
                  else array[${canonical}] end`
}

/** A row `k` of access.storeclient_contract as a StoreClientContract. */
export function contractColumn(): Statement {
  return sql`jsonb_strip_nulls(jsonb_build_object('kinds', coalesce(to_jsonb(k.kinds), '"all"'), 'unlinked', k.unlinked,
                                                  'shrinkGuard', k.shrink_guard, 'quotaBytes', k.quota_bytes))`
}

function toSystem(row: SystemRow, networkMode: AccessMode): CallingSystem {
  const authority = row.assigning_authority === null ? undefined : parseOid(row.assigning_authority)
  return {
    systemId: row.system_id,
    facilityId: row.facility_id,
    facilityOid: row.oid as Oid,
    facilityName: row.name,
    patientIdForm: row.patient_id_form,
    roles: new Set(row.roles),
    // A neighbouring community is no member of the network, whatever its systems are registered as: it sees by agreement and consent.
    accessMode: row.community === null ? (row.access_mode ?? networkMode) : 'consent',
    repositories: row.repositories,
    unionFacilities: facilitiesOf(row),
    rules: toRules(row),
    confidentialityCeiling: row.confidentiality_ceiling,
    ruleSwitches: row.rule_switches,
    sourceIds: row.source_ids,
    delegatedFacilities: row.delegated_facilities,
    facilityStatus: row.facility_status,
    ...(row.community === null ? {} : { community: `urn:oid:${row.community}` }),
    ...(row.contract === null ? {} : { contract: row.contract }),
    ...(row.facility_type === null ? {} : { facilityType: row.facility_type }),
    ...(row.code === null ? {} : { facilityCode: row.code }),
    ...(authority === undefined ? {} : { assigningAuthority: authority }),
  }
}

/** A person as the access decision needs to know them. */
export interface PersonFacts {
  readonly personKey: string
  readonly patientId: PatientId
  readonly facts: AccessFacts
}

/** Columns of a person's community id with factColumns. */
export interface FactsOfPerson extends AccessFacts {
  readonly person_key: string
  readonly domain: string
  readonly value: string
}

/** A patient id, and the facility that the facts are asked for. */
export interface AskedFacts {
  readonly patientId: PatientId
  readonly facilityId: string
}

/** The facts of the holders of affinity-domain ids, each towards one facility, in the order asked; undefined where nobody holds the id. */
export async function factsOfPatients(
  client: Queryable,
  asked: readonly AskedFacts[],
): Promise<readonly (PersonFacts | undefined)[]> {
  const authorities = asked.map(({ patientId }) => patientId.authority)
  const values = asked.map(({ patientId }) => patientId.value)
  const facilities = asked.map(({ facilityId }) => facilityId)
  const rows = await query<FoundPatient>(
    client,
    sql`/* access facts of patient ids */
      select found.* from unnest(${authorities}::text[], ${values}::text[], ${facilities}::text[])
        with ordinality as q (authority, value, facility, place)
      left join lateral (
        select i.person_key, i.domain, i.value, ${factColumns(named('q.facility'))}
        from identity.identifier i
        join identity.domain d on d.oid = i.domain and d.kind in ('affinity', 'community')
        where i.domain = q.authority and i.value = q.value and i.status = 'active') as found on true
      order by q.place`,
  )
  return rows.map(toPerson)
}

/** Columns of a patient who may not be there: then they are null. */
export interface FoundPatient extends Omit<FactsOfPerson, 'person_key'> {
  readonly person_key: string | null
}

interface LockedRow extends FoundPatient {
  readonly claim: StoredClaim | null
}

interface LockedPatient {
  readonly stored: StoredClaim | null
  readonly person: PersonFacts | undefined
}

interface AskedPatient extends AskedFacts {
  readonly claim: IdempotencyClaim | undefined
}

/**
 * As factsOfPatients, with the id and its person locked until the end of the transaction (submissions and merges of one person
 * follow one another), and what was answered to this message before. An id that a merge took to another person while it was
 * waited for is not found by the statement that waited, so a second one looks.
 */
export async function lockPatient(client: Queryable, asked: AskedPatient): Promise<LockedPatient> {
  const locked = await lockPatientOnce(client, asked)
  return locked.person === undefined ? lockPatientOnce(client, asked) : locked
}

async function lockPatientOnce(client: Queryable, asked: AskedPatient): Promise<LockedPatient> {
  const { authority, value } = asked.patientId
  const row = await queryOne<LockedRow>(
    client,
    sql`/* ITI-42: claim, locked person and access facts */
      select ${claimColumn(asked.claim)} as claim, found.* from (values (1)) as one
      left join lateral (
        select i.person_key, i.domain, i.value, ${factColumns(asked.facilityId)}
        from identity.identifier i
        join identity.domain d on d.oid = i.domain and d.kind in ('affinity', 'community')
        join identity.person p on p.person_key = i.person_key
        where i.domain = ${authority} and i.value = ${value} and i.status = 'active'
        for update of i, p) as found on true`,
  )
  if (row === undefined) return { stored: null, person: undefined }
  return { stored: row.claim, person: toPerson(row) }
}

export function toPerson(row: FoundPatient): PersonFacts | undefined {
  const { person_key } = row
  return person_key === null ? undefined : toFacts({ ...row, person_key })
}

/** Whoever locks one of these persons waits for the end of this transaction, and the other way round. */
export async function holdPersons(client: Queryable, personKeys: readonly string[]): Promise<void> {
  await query(
    client,
    sql`/* hold persons */ select from identity.person where person_key = any(${personKeys}) order by person_key for share`,
  )
}

/** The facts of persons towards one facility, by person key; their id is the community's. */
export async function factsOfPersons(
  client: Queryable,
  asked: { readonly personKeys: readonly string[]; readonly facilityId: string },
): Promise<readonly PersonFacts[]> {
  if (asked.personKeys.length === 0) return []
  const rows = await query<FactsOfPerson>(
    client,
    sql`/* access facts of persons */
      select i.person_key, i.domain, i.value, ${factColumns(asked.facilityId)}
      from (select distinct unnest(${asked.personKeys}::bigint[])) as asked (person_key)
      cross join lateral ${communityIdOf(named('asked.person_key'))} i`,
  )
  return rows.map(toFacts)
}

export function toFacts(row: FactsOfPerson): PersonFacts {
  return {
    personKey: row.person_key,
    patientId: { value: row.value, authority: row.domain as Oid },
    facts: toAccessFacts(row),
  }
}

/** Identifier domains of these facilities, or of all facilities. */
export async function findDomains(
  client: Queryable,
  facilityIds: readonly string[] | undefined,
): Promise<readonly { readonly oid: string; readonly facilityId: string }[]> {
  const rows = await query<{ readonly oid: string; readonly facility_id: string }>(
    client,
    sql`/* identifier domains of facilities */
      select oid, facility_id from identity.domain
      where facility_id is not null and (${facilityIds === undefined} or facility_id = any(${facilityIds ?? []}))`,
  )
  return rows.map(({ oid, facility_id }) => ({ oid, facilityId: facility_id }))
}
