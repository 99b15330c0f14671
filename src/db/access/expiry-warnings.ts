// Client certificates whose end is watched, and the warnings that were given (security: a.4).

import type pg from 'pg'
import type { Watched } from '../../access/certificates/expiry.ts'
import { execute, query, sql } from '../sql.ts'
import { withoutNulls } from './changing.ts'

/** Ended longer ago than this is known to everybody. */
const AFTER_DAYS = 30

/** Certificates of active systems that are good, or have just ended, and that nothing replaces yet. */
export async function watchedClients(pool: pg.Pool, now: Date): Promise<readonly Watched[]> {
  const since = new Date(now.getTime() - AFTER_DAYS * 86_400_000)
  const rows = await query<Omit<Watched, 'kind'>>(
    pool,
    sql`/* client certificates by their end */
      select c.system_id as name, c.fingerprint, c.not_after as "notAfter", s.facility_id as "facilityId", c.terminal
      from access.client_certificate c
      join access.system s using (system_id)
      join access.facility f using (facility_id)
      where c.not_after > ${since} and c.status <> 'revoked' and f.status <> 'ended'
        and not exists (select from access.client_certificate n where n.fingerprint = c.replaced_by and n.status = 'active')
      order by c.not_after`,
  )
  return rows.map((row) => ({ kind: 'client', ...withoutNulls(row) }))
}

/** Authorities of partners that the doors believe (docs/adr/0026). */
export function watchedAnchors(pool: pg.Pool): Promise<readonly Watched[]> {
  return query<Watched>(
    pool,
    sql`/* authorities of partners by their end */
      select 'partner' as kind, label as name, fingerprint, not_after as "notAfter" from access.trust_anchor
      where removed_at is null order by not_after, anchor_id`,
  )
}

/** `first` for exactly one of all processes. */
export async function noteWarning(pool: pg.Pool, fingerprint: string, days: number): Promise<'first' | 'again'> {
  const noted = await execute(
    pool,
    sql`insert into access.expiry_warning (fingerprint, days) values (${fingerprint}, ${days}) on conflict do nothing`,
  )
  return noted === 1 ? 'first' : 'again'
}
