// Has a facility a number of its own for a person? Its registration staff work on those persons only.

import { type Queryable, queryOne, sql } from '../sql.ts'

export async function isPatientOf(client: Queryable, personKey: string, facilityId: string): Promise<boolean> {
  const found = await queryOne(
    client,
    sql`/* a facility's number for a person */
      select from identity.identifier i join identity.domain d on d.oid = i.domain and d.kind = 'facility'
      where i.person_key = ${personKey} and i.status = 'active' and d.facility_id = ${facilityId} limit 1`,
  )
  return found !== undefined
}
