// How certificates stand in the registration, for connections that are open (ITI TF-2 3.19: authorisation is by registration).

import { type Queryable, query, sql } from '../sql.ts'

export type Standing = 'active' | 'suspended' | 'revoked' | 'expired'

/** By fingerprint; what is not registered is absent. */
export async function findStandings(
  client: Queryable,
  fingerprints: readonly string[],
): Promise<ReadonlyMap<string, Standing>> {
  const rows = await query<{ readonly fingerprint: string; readonly standing: Standing }>(
    client,
    sql`/* certificates of open connections */
      select fingerprint, case when not_after <= now() then 'expired' else status end as standing
      from access.client_certificate where fingerprint = any(${fingerprints})`,
  )
  return new Map(rows.map(({ fingerprint, standing }) => [fingerprint, standing]))
}
