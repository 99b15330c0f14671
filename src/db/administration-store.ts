// Administration on PostgreSQL: each change and its audit event in one transaction (design §4; DICOM PS3.15 Security Alert).

import type pg from 'pg'
import type {
  AdministrationStore,
  CertificateRecord,
  Change,
  Changed,
  ConsentRecord,
  Facility,
  FacilityStatusRecord,
  NewConsent,
  Stored,
  SystemRecord,
  UnionRecord,
} from '../access/ports.ts'
import type { FacilityStatus } from '../model/caller.ts'
import { transaction } from './pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from './sql.ts'
import { recordChange } from './staff-change.ts'

export function createAdministrationStore(pool: pg.Pool): AdministrationStore {
  return {
    ...facilities(pool),
    ...systems(pool),
    ...certificates(pool),
    ...unions(pool),
    ...consents(pool),
    ...settings(pool),
  }
}

/** Runs `work` and, when it changed something, records who did what in the same commit. */
async function changing<T extends Stored | Changed>(
  pool: pg.Pool,
  change: Change,
  work: (client: Queryable) => Promise<T>,
): Promise<T> {
  return transaction(pool, async (client) => {
    const result = await work(client)
    if (result === 'created' || result === 'changed') await recordChange(client, { ...change, patients: [] })
    return result
  })
}

/** An insert that met a row: is it the same content? */
async function outcomeOf(client: Queryable, insert: Statement, same: Statement): Promise<Stored> {
  if ((await execute(client, insert)) === 1) return 'created'
  const found = await queryOne<{ readonly same: boolean }>(client, same)
  return found?.same === true ? 'unchanged' : 'conflict'
}

/** An update that finds the row as it shall be already changes nothing; `there` tells that from a row that does not exist. */
async function changed(client: Queryable, update: Statement, there: Statement): Promise<Changed> {
  if ((await execute(client, update)) > 0) return 'changed'
  return (await isThere(client, there)) ? 'unchanged' : 'missing'
}

/** A column without a value is an absent member. */
function withoutNulls<T extends object>(row: T): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T
}

async function isThere(client: Queryable, statement: Statement): Promise<boolean> {
  return (await queryOne(client, statement)) !== undefined
}

function facilities(
  pool: pg.Pool,
): Pick<AdministrationStore, 'facilities' | 'addFacility' | 'setFacilityStatus' | 'facilityStatuses'> {
  return {
    facilities: async () =>
      (
        await query<Facility>(
          pool,
          sql`/* facilities */
          select f.facility_id as "facilityId", f.oid, f.code, f.name, f.name_kana as "nameKana", f.kind, f.patient_id_form as "patientIdForm",
                 f.facility_type as "facilityType", f.status, jsonb_build_object('oid', d.oid, 'name', d.name) as "patientDomain"
          from access.facility f left join identity.domain d on d.facility_id = f.facility_id and d.kind = 'facility'
          order by f.facility_id`,
        )
      ).map(withoutNulls),
    addFacility: (facility, change) => changing(pool, change, (client) => addFacility(client, facility)),
    setFacilityStatus: (facilityId, status, change) =>
      changing(pool, change, (client) => setFacilityStatus(client, { facilityId, status }, change)),
    facilityStatuses: async (facilityId) =>
      (
        await query<FacilityStatusRecord>(
          pool,
          sql`/* states of a facility, the newest first */
            select status, set_at as "setAt", set_by as "setBy", reason from access.facility_status
            where facility_id = ${facilityId} order by change_id desc`,
        )
      ).map(withoutNulls),
  }
}

/** Ended is for good: what was withheld can be filed for nobody any more, so it is erased in the same commit. */
async function setFacilityStatus(
  client: Queryable,
  { facilityId, status }: { readonly facilityId: string; readonly status: FacilityStatus },
  change: Change,
): Promise<Changed> {
  const found = await queryOne<Pick<Facility, 'status'>>(
    client,
    sql`select status from access.facility where facility_id = ${facilityId} for no key update`,
  )
  if (found === undefined) return 'missing'
  if (found.status === status) return 'unchanged'
  if (found.status === 'ended') return 'conflict'
  await execute(client, sql`update access.facility set status = ${status} where facility_id = ${facilityId}`)
  await execute(
    client,
    sql`insert into access.facility_status (facility_id, status, set_by, reason)
        values (${facilityId}, ${status}, ${change.by}, ${change.reason ?? null})`,
  )
  if (status === 'ended')
    await execute(
      client,
      sql`/* withheld for a facility that has ended */
        update journal.withheld set state = 'dropped', ended_at = now(), ended_by = ${change.by}, ended_reason = 'the facility has ended',
          key_id = null, content = null, file_key = null
        where facility_id = ${facilityId} and ended_at is null`,
    )
  return 'changed'
}

async function addFacility(client: Queryable, f: Facility): Promise<Stored> {
  const stored = await outcomeOf(
    client,
    sql`insert into access.facility (facility_id, oid, code, name, name_kana, kind, patient_id_form, facility_type)
        values (${f.facilityId}, ${f.oid}, ${f.code ?? null}, ${f.name}, ${f.nameKana ?? null}, ${f.kind}, ${f.patientIdForm}, ${f.facilityType ?? null})
        on conflict do nothing`,
    sql`select true as same from access.facility where facility_id = ${f.facilityId} and oid = ${f.oid} and code is not distinct from ${f.code ?? null}
          and name = ${f.name} and name_kana is not distinct from ${f.nameKana ?? null} and kind = ${f.kind}
          and patient_id_form = ${f.patientIdForm} and facility_type is not distinct from ${f.facilityType ?? null}
          and exists (select from identity.domain d where d.oid = ${f.patientDomain.oid} and d.name = ${f.patientDomain.name} and d.facility_id = ${f.facilityId})`,
  )
  if (stored !== 'created') return stored
  const domain = f.patientDomain
  const added = await execute(
    client,
    sql`insert into identity.domain (oid, name, kind, facility_id) values (${domain.oid}, ${domain.name}, 'facility', ${f.facilityId}) on conflict do nothing`,
  )
  if (added === 1) return 'created'
  // The facility row goes too: a facility never shares its patient domain with another one.
  await execute(client, sql`delete from access.facility where facility_id = ${f.facilityId}`)
  return 'conflict'
}

function systems(
  pool: pg.Pool,
): Pick<AdministrationStore, 'systems' | 'addSystem' | 'setSystemStatus' | 'setRuleSwitches'> {
  return {
    systems: async () =>
      (
        await query<SystemRecord>(
          pool,
          sql`/* systems */
          select system_id as "systemId", facility_id as "facilityId", roles, access_mode as "accessMode", assigning_authority as "assigningAuthority",
                 repositories, confidentiality_ceiling as "confidentialityCeiling", rule_switches as "ruleSwitches", status
          from access.system order by system_id`,
        )
      ).map(withoutNulls),
    addSystem: (s, change) =>
      changing(pool, change, async (client) => {
        if (!(await isThere(client, sql`select 1 as there from access.facility where facility_id = ${s.facilityId}`)))
          return 'missing'
        const stored = await outcomeOf(
          client,
          sql`insert into access.system (system_id, facility_id, roles, access_mode, assigning_authority, repositories, confidentiality_ceiling, rule_switches)
              values (${s.systemId}, ${s.facilityId}, ${s.roles}, ${s.accessMode ?? null}, ${s.assigningAuthority ?? null}, ${s.repositories}, ${s.confidentialityCeiling},
                      ${JSON.stringify(s.ruleSwitches)}::jsonb)
              on conflict do nothing`,
          sql`select true as same from access.system where system_id = ${s.systemId} and facility_id = ${s.facilityId} and roles = ${s.roles}
                and access_mode is not distinct from ${s.accessMode ?? null} and assigning_authority is not distinct from ${s.assigningAuthority ?? null}
                and repositories = ${s.repositories} and confidentiality_ceiling = ${s.confidentialityCeiling}
                and rule_switches = ${JSON.stringify(s.ruleSwitches)}::jsonb`,
        )
        if (stored !== 'created') return stored
        if ((await ownsAuthority(client, s)) && (await mayFeedAffinityDomain(client, s))) return stored
        await execute(client, sql`delete from access.system where system_id = ${s.systemId}`)
        return 'conflict'
      }),
    setSystemStatus: (systemId, status, change) =>
      changing(pool, change, (client) =>
        changed(
          client,
          sql`update access.system set status = ${status} where system_id = ${systemId} and status <> ${status}`,
          sql`select 1 as there from access.system where system_id = ${systemId}`,
        ),
      ),
    setRuleSwitches: (systemId, switches, change) =>
      changing(pool, change, (client) =>
        changed(
          client,
          sql`update access.system set rule_switches = ${JSON.stringify(switches)}::jsonb
              where system_id = ${systemId} and rule_switches <> ${JSON.stringify(switches)}::jsonb`,
          sql`select 1 as there from access.system where system_id = ${systemId}`,
        ),
      ),
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
async function mayFeedAffinityDomain(client: Queryable, { roles, facilityId }: SystemRecord) {
  if (!roles.includes('affinity-domain-source')) return true
  await execute(client, sql`select from identity.domain where kind = 'community' for update`)
  return !(await isThere(
    client,
    sql`select 1 as there from access.system where 'affinity-domain-source' = any(roles) and facility_id <> ${facilityId}`,
  ))
}

function certificates(
  pool: pg.Pool,
): Pick<AdministrationStore, 'certificates' | 'addCertificate' | 'setCertificateStatus'> {
  return {
    certificates: (systemId) =>
      query<CertificateRecord>(
        pool,
        sql`/* certificates of a system */
          select fingerprint, system_id as "systemId", serial, subject, issuer, not_before as "notBefore", not_after as "notAfter", status
          from access.client_certificate where system_id = ${systemId} order by not_before`,
      ),
    addCertificate: (systemId, c, change) =>
      changing(pool, change, async (client) => {
        if (!(await isThere(client, sql`select 1 as there from access.system where system_id = ${systemId}`)))
          return 'missing'
        return outcomeOf(
          client,
          sql`insert into access.client_certificate (fingerprint, system_id, serial, subject, issuer, not_before, not_after)
              values (${c.fingerprint}, ${systemId}, ${c.serial}, ${c.subject}, ${c.issuer}, ${c.notBefore}, ${c.notAfter}) on conflict do nothing`,
          sql`select true as same from access.client_certificate where fingerprint = ${c.fingerprint} and system_id = ${systemId}`,
        )
      }),
    setCertificateStatus: (fingerprint, status, change) =>
      changing(pool, change, (client) => setCertificateStatus(client, fingerprint, status)),
  }
}

/** Revoked is for ever: to take it back is a conflict. */
async function setCertificateStatus(client: Queryable, fingerprint: string, status: CertificateRecord['status']) {
  const found = await queryOne<Pick<CertificateRecord, 'status'>>(
    client,
    sql`select status from access.client_certificate where fingerprint = ${fingerprint} for update`,
  )
  if (found === undefined) return 'missing'
  if (found.status === status) return 'unchanged'
  if (found.status === 'revoked') return 'conflict'
  await execute(
    client,
    sql`update access.client_certificate set status = ${status}, status_since = now() where fingerprint = ${fingerprint}`,
  )
  return 'changed'
}

function unions(pool: pg.Pool): Pick<AdministrationStore, 'unions' | 'addUnion' | 'addMember' | 'endMembership'> {
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

function consents(pool: pg.Pool): Pick<AdministrationStore, 'consents' | 'addConsent' | 'withdrawConsent'> {
  return {
    consents: (personKey) =>
      query<ConsentRecord>(
        pool,
        sql`/* consents of a person, former ones too */
          select consent_id as "consentId", kind, facilities, excluded_facilities as "excludedFacilities", excluded_kinds as "excludedKinds",
                 valid_from as "validFrom", valid_to as "validTo", withdrawn_at as "withdrawnAt", recorded_by as "recordedBy", evidence
          from access.consent where person_key = ${personKey} order by consent_id`,
      ),
    addConsent: (consent, change) => transaction(pool, (client) => addConsent(client, consent, change)),
    withdrawConsent: (consentId, change) =>
      changing(pool, change, (client) => withdrawConsent(client, consentId, change)),
  }
}

/** A consent that a merge of patients made one with another is withdrawn in what was made of it; a merge under way is waited for. */
async function withdrawConsent(client: Queryable, consentId: string, change: Change): Promise<Changed> {
  await execute(client, sql`select from access.consent where consent_id = ${consentId} for update`)
  return changed(
    client,
    sql`update access.consent set withdrawn_at = now(), withdrawn_by = ${change.by}
        where (consent_id = ${consentId} or (made_from <> '{}' and made_from @> array[${consentId}]::bigint[])) and withdrawn_at is null`,
    sql`select 1 as there from access.consent where consent_id = ${consentId}`,
  )
}

/** The person that `personKey` is since the merges so far, locked. */
async function lockPerson(client: Queryable, personKey: string): Promise<string> {
  const row = await queryOne<{ readonly merged_into: string | null }>(
    client,
    sql`select merged_into from identity.person where person_key = ${personKey} for update`,
  )
  return row === undefined || row.merged_into === null ? personKey : lockPerson(client, row.merged_into)
}

/** The person is locked, so that the same consent sent twice at once stands once. */
async function addConsent(client: Queryable, given: NewConsent, change: Change) {
  const c = { ...given, personKey: await lockPerson(client, given.personKey) }
  const standing = await queryOne<{ readonly consentId: string }>(
    client,
    sql`select consent_id as "consentId" from access.consent
        where person_key = ${c.personKey} and withdrawn_at is null and (valid_to is null or valid_to > now()) and kind = ${c.kind}
          and facilities = ${c.facilities} and excluded_facilities = ${c.excludedFacilities} and excluded_kinds = ${c.excludedKinds}
          and valid_from = coalesce(${c.validFrom ?? null}::timestamptz, valid_from) and valid_to is not distinct from ${c.validTo ?? null}::timestamptz
          and evidence is not distinct from ${c.evidence ?? null} limit 1`,
  )
  if (standing !== undefined) return { stored: 'unchanged', ...standing } as const
  const row = await queryOne<{ readonly consentId: string }>(
    client,
    sql`insert into access.consent (person_key, kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, evidence, recorded_by)
        values (${c.personKey}, ${c.kind}, ${c.facilities}, ${c.excludedFacilities}, ${c.excludedKinds},
                coalesce(${c.validFrom ?? null}::timestamptz, now()), ${c.validTo ?? null}, ${c.evidence ?? null}, ${change.by})
        returning consent_id as "consentId"`,
  )
  if (row === undefined) throw new Error('insert returned no row')
  await recordChange(client, { ...change, patients: [], operation: `${change.operation}: consent ${row.consentId}` })
  return { stored: 'created', ...row } as const
}

function settings(pool: pg.Pool): Pick<AdministrationStore, 'setting' | 'putSetting'> {
  return {
    setting: async (name) =>
      (
        await queryOne<{ readonly value: string }>(
          pool,
          sql`select value from access.network_setting where name = ${name}`,
        )
      )?.value,
    putSetting: (name, value, change) =>
      changing(pool, change, async (client) => {
        const written = await execute(
          client,
          sql`insert into access.network_setting as kept (name, value) values (${name}, ${value})
              on conflict (name) do update set value = excluded.value, updated_at = now() where kept.value <> excluded.value`,
        )
        return written === 1 ? 'changed' : 'unchanged'
      }),
  }
}
