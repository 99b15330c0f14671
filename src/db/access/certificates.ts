// Client certificates of systems on PostgreSQL: what is registered, and its state.

import type pg from 'pg'
import type { AdministrationStore, CertificateRecord } from '../../access/ports.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { changing, isThere, outcomeOf } from './changing.ts'

export function certificates(
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
