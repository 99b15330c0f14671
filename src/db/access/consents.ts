// Consents of patients (同意) on PostgreSQL.

import type pg from 'pg'
import type { AdministrationStore, Change, Changed, ConsentRecord, NewConsent } from '../../access/ports.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'
import { changed, changing } from './changing.ts'

export function consents(pool: pg.Pool): Pick<AdministrationStore, 'consents' | 'addConsent' | 'withdrawConsent'> {
  return {
    consents: (personKey) =>
      query<ConsentRecord>(
        pool,
        sql`/* consents of a person, former ones too */
          select consent_id as "consentId", kind, facilities, excluded_facilities as "excludedFacilities", excluded_kinds as "excludedKinds",
                 valid_from as "validFrom", valid_to as "validTo", withdrawn_at as "withdrawnAt", recorded_by as "recordedBy", evidence
          from access.consent where person_key = ${personKey} order by consent_id`,
      ),
    addConsent: (consent, change) => transaction(pool, (client) => addConsent(client, consent, change)),
    withdrawConsent: (consentId, change) =>
      changing(pool, change, (client) => withdrawConsent(client, consentId, change)),
  }
}

/** A consent that a merge of patients made one with another is withdrawn in what was made of it; a merge under way is waited for. */
async function withdrawConsent(client: Queryable, consentId: string, change: Change): Promise<Changed> {
  await execute(client, sql`select from access.consent where consent_id = ${consentId} for update`)
  return changed(
    client,
    sql`update access.consent set withdrawn_at = now(), withdrawn_by = ${change.by}
        where (consent_id = ${consentId} or (made_from <> '{}' and made_from @> array[${consentId}]::bigint[])) and withdrawn_at is null`,
    sql`select 1 as there from access.consent where consent_id = ${consentId}`,
  )
}

/** The person that `personKey` is since the merges so far, locked. */
async function lockPerson(client: Queryable, personKey: string): Promise<string> {
  const row = await queryOne<{ readonly merged_into: string | null }>(
    client,
    sql`select merged_into from identity.person where person_key = ${personKey} for update`,
  )
  return row === undefined || row.merged_into === null ? personKey : lockPerson(client, row.merged_into)
}

/** The person is locked, so that the same consent sent twice at once stands once. */
async function addConsent(client: Queryable, given: NewConsent, change: Change) {
  const c = { ...given, personKey: await lockPerson(client, given.personKey) }
  const standing = await queryOne<{ readonly consentId: string }>(
    client,
    sql`select consent_id as "consentId" from access.consent
        where person_key = ${c.personKey} and withdrawn_at is null and (valid_to is null or valid_to > now()) and kind = ${c.kind}
          and facilities = ${c.facilities} and excluded_facilities = ${c.excludedFacilities} and excluded_kinds = ${c.excludedKinds}
          and valid_from = coalesce(${c.validFrom ?? null}::timestamptz, valid_from) and valid_to is not distinct from ${c.validTo ?? null}::timestamptz
          and evidence is not distinct from ${c.evidence ?? null} limit 1`,
  )
  if (standing !== undefined) return { stored: 'unchanged', ...standing } as const
  const row = await queryOne<{ readonly consentId: string }>(
    client,
    sql`insert into access.consent (person_key, kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, evidence, recorded_by)
        values (${c.personKey}, ${c.kind}, ${c.facilities}, ${c.excludedFacilities}, ${c.excludedKinds},
                coalesce(${c.validFrom ?? null}::timestamptz, now()), ${c.validTo ?? null}, ${c.evidence ?? null}, ${change.by})
        returning consent_id as "consentId"`,
  )
  if (row === undefined) throw new Error('insert returned no row')
  await recordChange(client, { ...change, patients: [], operation: `${change.operation}: consent ${row.consentId}` })
  return { stored: 'created', ...row } as const
}
