// What is trusted of assertions and which were used, on PostgreSQL (ITI TF-2 3.40).

import type pg from 'pg'
import type {
  AssertionStore,
  Issuer,
  IssuerCertificate,
  IssuerFacility,
  KnownSubject,
  NamedFacility,
  Trust,
  Use,
  UseCount,
} from '../../access/xua/ports.ts'
import type { PatientId } from '../../model/identifiers.ts'
import { execute, query, queryOne, type Statement, sql } from '../sql.ts'

/** More certificates than this of one assertion are counted, and not named. */
const MAX_FINGERPRINTS = 16

export function createAssertionStore(pool: pg.Pool): AssertionStore {
  return {
    trust: () => readTrust(pool),
    use: (use) => countUse(pool, use),
    subject: (issuerId, subject) => findSubject(pool, { issuerId, subject }),
    isOnePerson: (ids) => areOnePerson(pool, ids),
    forget: () =>
      execute(pool, sql`/* assertions that have expired */ delete from access.assertion_use where expires_at < now()`),
  }
}

export interface IssuerRow {
  readonly issuer_id: string
  readonly entity_id: string
  readonly status: Issuer['status']
  readonly scope: Issuer['scope']
  readonly allows_sha1: boolean
  readonly needs_formats: boolean
  readonly max_lifetime_seconds: string
  readonly authn_contexts: readonly string[] | null
  readonly audiences: readonly string[]
  readonly facilities: readonly IssuerFacility[]
  readonly certificates: readonly (Omit<IssuerCertificate, 'notBefore' | 'notAfter'> & {
    readonly notBefore: string
    readonly notAfter: string
  })[]
}

/** Columns of an IssuerRow over issuer `i`. */
export function issuerColumns(): Statement {
  return sql`i.issuer_id, i.entity_id, i.status, i.scope, i.allows_sha1, i.needs_formats, i.max_lifetime_seconds, i.authn_contexts, i.audiences,
             coalesce((select jsonb_agg(jsonb_build_object('facilityId', f.facility_id, 'organizationIds', f.organization_ids) order by f.facility_id)
                       from access.assertion_issuer_facility f where f.issuer_id = i.issuer_id and f.removed_at is null), '[]') as facilities,
             coalesce((select jsonb_agg(jsonb_build_object('fingerprint', c.fingerprint, 'pem', c.pem, 'notBefore', c.not_before,
                                                           'notAfter', c.not_after) order by c.not_after desc, c.fingerprint)
                       from access.assertion_issuer_certificate c where c.issuer_id = i.issuer_id and c.removed_at is null), '[]') as certificates`
}

export function toIssuer(row: IssuerRow): Issuer {
  return {
    issuerId: row.issuer_id,
    entityId: row.entity_id,
    status: row.status,
    scope: row.scope,
    facilities: row.facilities,
    certificates: row.certificates.map((certificate) => ({
      ...certificate,
      notBefore: new Date(certificate.notBefore),
      notAfter: new Date(certificate.notAfter),
    })),
    allowsSha1: row.allows_sha1,
    needsFormats: row.needs_formats,
    maxLifetimeSeconds: Number(row.max_lifetime_seconds),
    audiences: row.audiences,
    ...(row.authn_contexts === null ? {} : { authnContexts: row.authn_contexts }),
  }
}

async function readTrust(pool: pg.Pool): Promise<Trust> {
  const [issuers, strict, delegations] = await Promise.all([
    query<IssuerRow>(
      pool,
      sql`/* issuers of assertions */ select ${issuerColumns()} from access.assertion_issuer i where i.removed_at is null`,
    ),
    query<{ readonly system_id: string }>(
      pool,
      sql`/* systems that have to assert users */ select system_id from access.system_assertion_policy`,
    ),
    query<{ readonly system_id: string; readonly facilities: readonly NamedFacility[] }>(
      pool,
      sql`/* systems that send users of other facilities too */
        select s.system_id, jsonb_agg(jsonb_build_object('facilityId', f.facility_id, 'facilityOid', f.oid)) as facilities
        from access.system s join access.facility f on f.facility_id = any(s.delegated_facilities) and f.status = 'active'
        group by s.system_id`,
    ),
  ])
  return {
    issuers: new Map(issuers.map((row) => [row.entity_id, toIssuer(row)])),
    strict: new Set(strict.map(({ system_id }) => system_id)),
    delegations: new Map(delegations.map(({ system_id, facilities }) => [system_id, facilities])),
  }
}

/** The row is locked by whoever counts, so of two first uses one is the second. */
async function countUse(pool: pg.Pool, use: Use): Promise<UseCount> {
  const row = await queryOne<{
    readonly uses: string
    readonly fingerprints: readonly string[]
    readonly same: boolean
  }>(
    pool,
    sql`/* use of an assertion */
      insert into access.assertion_use as u (issuer_id, assertion_id, digest, fingerprints, expires_at)
      values (${use.issuerId}, ${use.assertionId}, ${use.digest}, array[${use.fingerprint}], ${use.expiresAt})
      on conflict (issuer_id, assertion_id) do update
        set uses = u.uses + 1,
            fingerprints = case when excluded.fingerprints[1] = any(u.fingerprints) or cardinality(u.fingerprints) >= ${MAX_FINGERPRINTS}
                                then u.fingerprints else u.fingerprints || excluded.fingerprints end
      returning uses, fingerprints, digest = ${use.digest} as same`,
  )
  if (row === undefined) throw new Error('the use of an assertion was not counted')
  return { uses: Number(row.uses), fingerprints: row.fingerprints, isSame: row.same }
}

async function findSubject(
  pool: pg.Pool,
  { issuerId, subject }: { readonly issuerId: string; readonly subject: string },
): Promise<KnownSubject | undefined> {
  const row = await queryOne<{
    readonly staff_id: string
    readonly facility_id: string | null
    readonly job: string
    readonly is_active: boolean
  }>(
    pool,
    sql`/* subject of an assertion → staff */
      select s.staff_id, s.facility_id, s.job,
             s.status = 'active' and s.valid_from <= now() and (s.valid_to is null or s.valid_to > now()) as is_active
      from access.staff_identity i join access.staff s using (staff_id)
      where i.issuer_id = ${issuerId} and i.subject = ${subject} and i.removed_at is null`,
  )
  if (row === undefined) return undefined
  const { staff_id: staffId, facility_id: facilityId, job, is_active: isActive } = row
  return { staffId, job, isActive, ...(facilityId === null ? {} : { facilityId }) }
}

async function areOnePerson(pool: pg.Pool, ids: readonly PatientId[]): Promise<boolean> {
  const row = await queryOne<{ readonly found: number; readonly persons: number }>(
    pool,
    sql`/* are these ids one person's? */
      select count(i.person_key)::int as found, count(distinct i.person_key)::int as persons
      from unnest(${ids.map(({ authority }) => authority)}::text[], ${ids.map(({ value }) => value)}::text[]) as q (authority, value)
      left join identity.identifier i on i.domain = q.authority and i.value = q.value and i.status = 'active'`,
  )
  return row !== undefined && row.found === ids.length && row.persons === 1
}
