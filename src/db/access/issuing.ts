// Client certificates that we issue, on PostgreSQL: each act and its audit event in one transaction (security: issuing).

import type pg from 'pg'
import type {
  IssuingStore,
  NewCertificate,
  RegisterFault,
  RenewalFault,
  Replaceable,
  SignedCertificate,
} from '../../access/certificates/ports.ts'
import { overlapEnd, renewalFault } from '../../access/certificates/renewal.ts'
import type { Change } from '../../access/ports.ts'
import type { FacilityStatus } from '../../model/caller.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, queryOne, sql } from '../sql.ts'
import { recordCredentialChange } from '../staff-change.ts'
import { holdKeys } from './certificates.ts'

export function createIssuingStore(pool: pg.Pool): IssuingStore {
  return {
    facilityOf: (systemId) =>
      queryOne<{ readonly oid: string; readonly status: FacilityStatus }>(
        pool,
        sql`/* facility of a system */
          select f.oid, f.status from access.system s join access.facility f using (facility_id) where s.system_id = ${systemId}`,
      ),
    issued: (fingerprint) =>
      queryOne<Pick<SignedCertificate, 'keyHash' | 'issuer' | 'pem' | 'notAfter'>>(
        pool,
        sql`/* a certificate that was issued */
          select key_hash as "keyHash", issuer, pem, not_after as "notAfter" from access.client_certificate
          where fingerprint = ${fingerprint} and status = 'active' and not_after > now() and key_hash is not null and pem is not null`,
      ),
    register: (certificate, change) => transaction(pool, (client) => registerIssued(client, certificate, change)),
  }
}

/**
 * Registers what our authority signed, ends the overlap of what it replaces and records who did it, for whoever has a transaction of
 * their own: an invitation is redeemed in the same commit.
 */
export async function registerIssued(
  client: Queryable,
  given: NewCertificate,
  change: Change,
): Promise<'registered' | RegisterFault> {
  const { certificate: c, systemId } = given
  await holdKeys(client)
  // Two requests of one system follow one another: the same certificate is replaced once.
  await execute(client, sql`select from access.system where system_id = ${systemId} for no key update`)
  if (await isKeyInUse(client, { keyHash: c.keyHash, systemId })) return { fault: 'key in use' }
  const old = given.replaces === undefined ? undefined : await findReplaceable(client, given.replaces.fingerprint)
  const fault = faultOf(given, old)
  if (fault !== undefined) return fault
  await execute(
    client,
    sql`insert into access.client_certificate
          (fingerprint, system_id, serial, subject, issuer, not_before, not_after, san, key_hash, pem, terminal, origin)
        values (${c.fingerprint}, ${systemId}, ${c.serial}, ${c.subject}, ${c.issuer}, ${c.notBefore}, ${c.notAfter}, ${c.san}, ${c.keyHash}, ${c.pem},
                coalesce(${given.terminal ?? null}, (select terminal from access.client_certificate where fingerprint = ${given.replaces?.fingerprint ?? null})),
                ${given.origin})`,
  )
  const { replaces } = given
  if (replaces !== undefined && old !== undefined)
    await execute(
      client,
      sql`update access.client_certificate
          set replaced_by = ${c.fingerprint}, replaced_because = ${replaces.earlyBecause ?? null},
              overlap_ends_at = ${overlapEnd(old, new Date(), replaces.overlapDays)}
          where fingerprint = ${replaces.fingerprint}`,
    )
  await recordCredentialChange(client, { ...change, operation: operationOf(given, change), patients: [] })
  return 'registered'
}

function faultOf({ replaces, systemId }: NewCertificate, old: Replaceable | undefined): RenewalFault | undefined {
  return replaces === undefined ? undefined : renewalFault(old, { ...replaces, systemId, now: new Date() })
}

function operationOf({ replaces }: NewCertificate, { operation }: Change): string {
  if (replaces === undefined) return operation
  const early = replaces.earlyBecause === undefined ? '' : ' before the time'
  return `${operation}, replacing ${replaces.fingerprint}${early}`
}

/** A key of another system, or one whose certificate was revoked, says nothing any more about who holds it. */
async function isKeyInUse(
  client: Queryable,
  { keyHash, systemId }: { readonly keyHash: string; readonly systemId: string },
): Promise<boolean> {
  const found = await queryOne(
    client,
    sql`select 1 as there from access.client_certificate
        where key_hash = ${keyHash} and (system_id <> ${systemId} or (status = 'revoked' and revoke_reason <> 'superseded')) limit 1`,
  )
  return found !== undefined
}

/** A certificate as the rules of renewal see it, locked. A replacement that was revoked replaces nothing any more. */
export async function findReplaceable(client: Queryable, fingerprint: string): Promise<Replaceable | undefined> {
  const row = await queryOne<Omit<Replaceable, 'replacedBy'> & { readonly replacedBy: string | null }>(
    client,
    sql`select c.fingerprint, c.system_id as "systemId", c.status, c.not_after as "notAfter",
               (select n.fingerprint from access.client_certificate n where n.fingerprint = c.replaced_by and n.status <> 'revoked') as "replacedBy"
        from access.client_certificate c where c.fingerprint = ${fingerprint} for update of c`,
  )
  if (row === undefined) return undefined
  const { replacedBy, ...found } = row
  return replacedBy === null ? found : { ...found, replacedBy }
}
