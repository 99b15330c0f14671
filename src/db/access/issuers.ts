// Issuers of assertions, their certificates, facilities and subjects on PostgreSQL; nothing is overwritten, what ends is marked (ITI TF-2 3.40).

import type pg from 'pg'
import type { Change, Changed, Stored } from '../../access/ports.ts'
import type {
  Issuer,
  IssuerCertificate,
  IssuerFacility,
  IssuerStore,
  NewIssuer,
  StaffIdentity,
} from '../../access/xua/ports.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { type IssuerRow, issuerColumns, toIssuer } from './assertions.ts'
import { changed, changing, isThere, outcomeOf } from './changing.ts'

export function createIssuerStore(pool: pg.Pool): IssuerStore {
  return {
    issuers: async () =>
      (
        await query<IssuerRow>(
          pool,
          sql`/* issuers for administration */ select ${issuerColumns()} from access.assertion_issuer i where i.removed_at is null order by i.issuer_id`,
        )
      ).map(toIssuer),
    addIssuer: (issuer, change) => changing(pool, change, (client) => addIssuer(client, issuer, change.by)),
    setIssuer: (issuerId, set, change) => changing(pool, change, (client) => setIssuer(client, issuerId, set)),
    removeIssuer: (issuerId, change) =>
      changing(pool, change, async (client) =>
        changed(
          client,
          sql`update access.assertion_issuer set removed_at = now(), removed_by = ${change.by}
              where issuer_id = ${issuerId} and removed_at is null`,
          sql`select 1 as there from access.assertion_issuer where issuer_id = ${issuerId}`,
        ),
      ),
    ...certificates(pool),
    ...identities(pool),
    setSystemPolicy: (systemId, policy, change) =>
      changing(pool, change, (client) => setSystemPolicy(client, { systemId, policy, by: change.by })),
  }
}

async function addIssuer(client: Queryable, issuer: NewIssuer, by: string): Promise<Stored | 'missing'> {
  if (!(await areFacilities(client, issuer.facilities))) return 'missing'
  const contexts = issuer.authnContexts ?? null
  const stored = await outcomeOf(
    client,
    sql`insert into access.assertion_issuer (issuer_id, entity_id, scope, allows_sha1, needs_formats, max_lifetime_seconds, authn_contexts, audiences, registered_by)
        values (${issuer.issuerId}, ${issuer.entityId}, ${issuer.scope}, ${issuer.allowsSha1}, ${issuer.needsFormats}, ${issuer.maxLifetimeSeconds},
                ${contexts}, ${issuer.audiences}, ${by})
        on conflict do nothing`,
    sql`select entity_id = ${issuer.entityId} and scope = ${issuer.scope} and allows_sha1 = ${issuer.allowsSha1}
               and needs_formats = ${issuer.needsFormats} and max_lifetime_seconds = ${issuer.maxLifetimeSeconds}
               and authn_contexts is not distinct from ${contexts} and audiences = ${issuer.audiences} as same
        from access.assertion_issuer where issuer_id = ${issuer.issuerId} and removed_at is null`,
  )
  if (stored === 'created') await putFacilities(client, issuer.issuerId, issuer.facilities)
  return stored
}

async function areFacilities(client: Queryable, facilities: readonly IssuerFacility[]): Promise<boolean> {
  const ids = facilities.map(({ facilityId }) => facilityId)
  const row = await queryOne<{ readonly all: boolean }>(
    client,
    sql`select count(*) = cardinality(${ids}::text[]) as all from access.facility where facility_id = any(${ids})`,
  )
  return row?.all === true
}

async function putFacilities(
  client: Queryable,
  issuerId: string,
  facilities: readonly IssuerFacility[],
): Promise<void> {
  for (const { facilityId, organizationIds } of facilities)
    await execute(
      client,
      sql`insert into access.assertion_issuer_facility (issuer_id, facility_id, organization_ids)
          values (${issuerId}, ${facilityId}, ${organizationIds})`,
    )
}

async function setIssuer(
  client: Queryable,
  issuerId: string,
  { status, facilities }: { readonly status?: Issuer['status']; readonly facilities?: readonly IssuerFacility[] },
): Promise<Changed> {
  const found = await queryOne<{ readonly status: Issuer['status'] }>(
    client,
    sql`select status from access.assertion_issuer where issuer_id = ${issuerId} and removed_at is null for no key update`,
  )
  if (found === undefined || (facilities !== undefined && !(await areFacilities(client, facilities)))) return 'missing'
  if (status !== undefined)
    await execute(client, sql`update access.assertion_issuer set status = ${status} where issuer_id = ${issuerId}`)
  if (facilities !== undefined) {
    await execute(
      client,
      sql`update access.assertion_issuer_facility set removed_at = now() where issuer_id = ${issuerId} and removed_at is null`,
    )
    await putFacilities(client, issuerId, facilities)
  }
  return facilities !== undefined || found.status !== status ? 'changed' : 'unchanged'
}

function certificates(pool: pg.Pool): Pick<IssuerStore, 'addIssuerCertificate' | 'removeIssuerCertificate'> {
  return {
    addIssuerCertificate: (issuerId, certificate, change) =>
      changing(pool, change, (client) => addCertificate(client, { issuerId, certificate, by: change.by })),
    removeIssuerCertificate: (issuerId, fingerprint, change) =>
      changing(pool, change, (client) =>
        changed(
          client,
          sql`update access.assertion_issuer_certificate set removed_at = now(), removed_by = ${change.by}
              where issuer_id = ${issuerId} and fingerprint = ${fingerprint} and removed_at is null`,
          sql`select 1 as there from access.assertion_issuer_certificate where issuer_id = ${issuerId} and fingerprint = ${fingerprint}`,
        ),
      ),
  }
}

/** A certificate that was removed does not come back: whoever removed it had a reason. */
async function addCertificate(
  client: Queryable,
  given: { readonly issuerId: string; readonly certificate: IssuerCertificate; readonly by: string },
): Promise<Stored | 'missing'> {
  const { issuerId, by } = given
  const { fingerprint, pem, notBefore, notAfter } = given.certificate
  if (!(await isThere(client, standing(issuerId)))) return 'missing'
  return outcomeOf(
    client,
    sql`insert into access.assertion_issuer_certificate (issuer_id, fingerprint, pem, not_before, not_after, added_by)
        select ${issuerId}, ${fingerprint}, ${pem}, ${notBefore}, ${notAfter}, ${by}
        where not exists (select from access.assertion_issuer_certificate where issuer_id = ${issuerId} and fingerprint = ${fingerprint})`,
    sql`select removed_at is null as same from access.assertion_issuer_certificate
        where issuer_id = ${issuerId} and fingerprint = ${fingerprint} order by removed_at nulls first limit 1`,
  )
}

function identities(pool: pg.Pool): Pick<IssuerStore, 'identities' | 'addIdentity' | 'removeIdentity'> {
  return {
    identities: (issuerId) =>
      query<StaffIdentity>(
        pool,
        sql`/* subjects of an issuer */
          select issuer_id as "issuerId", subject, staff_id as "staffId" from access.staff_identity
          where issuer_id = ${issuerId} and removed_at is null order by subject`,
      ),
    addIdentity: (identity, change) => changing(pool, change, (client) => addIdentity(client, identity, change)),
    removeIdentity: ({ issuerId, subject }, change) =>
      changing(pool, change, (client) =>
        changed(
          client,
          sql`update access.staff_identity set removed_at = now(), removed_by = ${change.by}
              where issuer_id = ${issuerId} and subject = ${subject} and removed_at is null`,
          sql`select 1 as there from access.staff_identity where issuer_id = ${issuerId} and subject = ${subject}`,
        ),
      ),
  }
}

async function addIdentity(
  client: Queryable,
  { issuerId, subject, staffId }: StaffIdentity,
  { by }: Change,
): Promise<Stored | 'missing'> {
  const staff = sql`select 1 as there from access.staff where staff_id = ${staffId}`
  if (!(await isThere(client, standing(issuerId))) || !(await isThere(client, staff))) return 'missing'
  return outcomeOf(
    client,
    sql`insert into access.staff_identity (issuer_id, subject, staff_id, added_by) values (${issuerId}, ${subject}, ${staffId}, ${by})
        on conflict do nothing`,
    sql`select staff_id = ${staffId} as same from access.staff_identity
        where issuer_id = ${issuerId} and subject = ${subject} and removed_at is null`,
  )
}

function standing(issuerId: string) {
  return sql`select 1 as there from access.assertion_issuer where issuer_id = ${issuerId} and removed_at is null`
}

async function setSystemPolicy(
  client: Queryable,
  { systemId, policy, by }: { readonly systemId: string; readonly policy: string; readonly by: string },
): Promise<Changed> {
  const there = sql`select 1 as there from access.system where system_id = ${systemId}`
  if (policy === 'as-endpoint')
    return changed(client, sql`delete from access.system_assertion_policy where system_id = ${systemId}`, there)
  return changed(
    client,
    sql`insert into access.system_assertion_policy (system_id, set_by)
        select system_id, ${by} from access.system where system_id = ${systemId} on conflict do nothing`,
    there,
  )
}
