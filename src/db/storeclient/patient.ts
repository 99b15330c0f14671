// The patient number of a push: its claim, whom it is linked to, and what the access decision needs, in one statement.

import type { AccessFacts } from '../../model/access.ts'
import type { FacilityStatus } from '../../model/caller.ts'
import type { Oid } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import type { ClaimState, LinkedPatient, Question } from '../../storeclient/ports.ts'
import { factColumns, toAccessFacts } from '../access/facts.ts'
import { writtenAs } from '../access-store.ts'
import { claimColumn } from '../idempotency.ts'
import { type Queryable, query, sql } from '../sql.ts'

export type MayPublish = (facilityId: string, facts: AccessFacts) => boolean

export interface PatientRow extends AccessFacts {
  readonly claim: { readonly digest: string; readonly response: { readonly answer: string } } | null
  readonly person_key: string | null
  readonly domain: string
  readonly local_id: string
  /** This facility's own copy. */
  readonly demographics: Demographics | null
  /** That, or for a number linked by staff what another facility said last. */
  readonly known_demographics: Demographics | null
  readonly facility_status: FacilityStatus | null
  readonly affinity_domain: string
  readonly affinity_value: string
}

/**
 * Claim, link and facts in one statement; the link row stays locked, so pushes for one patient number follow one another. The person's other id is
 * joined, not looked up by itself: what a merge moved while the lock was waited for is not found then, and is asked for again.
 */
export async function readPatient(client: Queryable, question: Question): Promise<PatientRow | undefined> {
  const facilityId = question.patient?.facilityId ?? null
  const canonical = question.patient?.canonicalId ?? null
  const rows = await query<PatientRow>(
    client,
    sql`/* StoreClient: claim and linked patient */
      select ${claimColumn(question.claim)} as claim, found.*
      from (values (1)) as one
      left join lateral (
        select i.person_key, i.domain, i.value as local_id, i.demographics, f.status as facility_status,
               coalesce(i.demographics, (select k.demographics from identity.identifier k
                                         where k.person_key = i.person_key and k.status = 'active' and k.demographics is not null
                                         order by k.updated_at desc limit 1)) as known_demographics, x.domain as affinity_domain, x.value as affinity_value,
               ${factColumns(facilityId ?? '')}
        from identity.domain o
        join access.facility f on f.facility_id = o.facility_id
        join identity.identifier i on i.domain = o.oid and i.status = 'active'
          and i.value = any(${writtenAs(sql`${canonical}::text`)})
        join identity.identifier x on x.person_key = i.person_key and x.status = 'active'
        join identity.domain xd on xd.oid = x.domain and xd.kind = 'community'
        where o.kind = 'facility' and o.facility_id = ${facilityId}
        for update of i) as found on true`,
  )
  // Numbers that differ in leading zeros only, of two persons: which one is meant nobody can tell, so it is nobody.
  const persons = new Set(rows.map((row) => row.person_key))
  const [row] = rows
  return persons.size > 1 && row !== undefined ? { ...row, person_key: null } : row
}

export function claimState(row: PatientRow | undefined, question: Question): ClaimState {
  const stored = row?.claim
  if (stored === undefined || stored === null) return { kind: 'new' }
  return stored.digest === question.claim.digest
    ? { kind: 'replay', answer: stored.response.answer }
    : { kind: 'other-content' }
}

export function toPatient(
  row: PatientRow | undefined,
  question: Question,
  mayPublish: MayPublish,
): LinkedPatient | undefined {
  if (row === undefined || row.person_key === null || question.patient === undefined) return undefined
  return {
    personKey: row.person_key,
    affinityId: { value: row.affinity_value, authority: row.affinity_domain as Oid },
    localId: row.local_id,
    demographics: row.known_demographics ?? { names: [], addresses: [], telecoms: [] },
    consent: mayPublish(question.patient.facilityId, toAccessFacts(row)),
    stopped: row.stopped,
  }
}
