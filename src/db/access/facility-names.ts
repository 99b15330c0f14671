// Facilities by what a message calls them: OID or facility code (保険医療機関コード).

import { type Queryable, query, sql } from '../sql.ts'

/** Those of the OIDs and facility codes that are of other facilities than these. */
export async function findForeignFacilities(
  client: Queryable,
  asked: { readonly numbers: readonly string[]; readonly own: readonly string[] },
): Promise<ReadonlySet<string>> {
  const rows = await query<{ readonly oid: string; readonly code: string | null }>(
    client,
    sql`/* facilities named by others */
      select oid, code from access.facility where (oid = any(${asked.numbers}) or code = any(${asked.numbers})) and facility_id <> all(${asked.own})`,
  )
  return new Set(rows.flatMap(({ oid, code }) => (code === null ? [oid] : [oid, code])))
}
