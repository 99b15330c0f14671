// What was learned of patients by discovery, for staff (port of src/gateway/discovery-administration.ts).

import type { Correlation, OpenQuestion } from '../gateway/discovery-administration.ts'
import { withoutNulls } from './access/changing.ts'
import { type Queryable, query, queryOne, sql } from './sql.ts'

const MAX_LISTED = 500

/** The newest first. */
export async function listCorrelations(client: Queryable, personKey: string): Promise<readonly Correlation[]> {
  const rows = await query<Correlation>(
    client,
    sql`/* ids of a person that communities told or were told */
      select correlation_id::text as "correlationId", facility_id as "facilityId", side, home, domain, value, exchange_id as "exchangeId",
        learned_at as "learnedAt", expires_at as "expiresAt", ended_at as "endedAt", ended_reason as "endedReason"
      from identity.correlation where person_key = ${personKey} order by correlation_id desc limit ${MAX_LISTED}`,
  )
  return rows.map(withoutNulls)
}

/** A number of the community that was linked since then answers its question. */
export async function listQuestions(client: Queryable, affinityDomain: string): Promise<readonly OpenQuestion[]> {
  return query<OpenQuestion>(
    client,
    sql`/* what communities left open of persons */
      select q.question_id::text as "questionId", q.facility_id as "facilityId", i.value as patient, q.reason, q.told, q.exchange_id as "exchangeId",
        q.asked_at as "askedAt", q.expires_at as "expiresAt"
      from identity.discovery_question q
      join identity.identifier i on i.person_key = q.person_key and i.domain = ${affinityDomain} and i.status = 'active' and not i.second
      where q.ended_at is null
        and not exists (select from identity.identifier n join identity.domain d on d.oid = n.domain and d.facility_id = q.facility_id
                        where n.person_key = q.person_key and n.status = 'active')
      order by q.question_id limit ${MAX_LISTED}`,
  )
}

/** As listQuestions has them. */
export async function countQuestions(client: Queryable): Promise<number> {
  const row = await queryOne<{ readonly open: number }>(
    client,
    sql`/* how many questions communities left open */
      select count(*)::int as open from identity.discovery_question q
      where q.ended_at is null
        and not exists (select from identity.identifier n join identity.domain d on d.oid = n.domain and d.facility_id = q.facility_id
                        where n.person_key = q.person_key and n.status = 'active')`,
  )
  return row?.open ?? 0
}
