// Consents of patients (同意) on PostgreSQL: every change is a new version, the former one ends and stays (idlink C-3 to C-5).

import type pg from 'pg'
import type {
  ChangedConsent,
  ConsentChange,
  ConsentOrigin,
  ConsentRecord,
  ConsentStore,
  NewConsent,
  Objection,
} from '../../access/administration/consent-ports.ts'
import type { Change, Changed } from '../../access/ports.ts'
import type { AccessMode } from '../../model/caller.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'
import { changingFor, patientIdsOf, withoutNulls } from './changing.ts'
import { eraseUnpublishable } from './unpublishable.ts'

export function consents(pool: pg.Pool, networkMode: AccessMode): ConsentStore {
  return {
    consents: async (personKey) =>
      (
        await query<ConsentRecord>(
          pool,
          sql`/* consents of a person, all versions */
            select ${COLUMNS} from access.consent where person_key = ${personKey} order by consent_id`,
        )
      ).map(shown),
    consentOwner: async (consentId) => (await ownerOf(pool, consentId))?.personKey,
    addConsent: (consent, change) => transaction(pool, (client) => addConsent(client, consent, change)),
    changeConsent: (consentId, said, change) =>
      transaction(pool, (client) => changeConsent(client, { consentId, said, networkMode }, change)),
    withdrawConsent: (consentId, change) =>
      changingFor(pool, change, (client) => withdrawConsent(client, { consentId, networkMode }, change)),
  }
}

const COLUMNS = sql`consent_id as "consentId", kind, facilities, excluded_facilities as "excludedFacilities", excluded_kinds as "excludedKinds",
  valid_from as "validFrom", valid_to as "validTo", relation, consented_by as "consentedBy", form, given_on as "givenOn",
  text_version as "textVersion", taken_by as "takenBy", taken_at as "takenAt", evidence, shares_with_communities as "sharesWithCommunities",
  recorded_at as "recordedAt", recorded_by as "recordedBy", reason, withdrawn_at as "withdrawnAt", withdrawn_by as "withdrawnBy",
  withdraw_reason as "withdrawReason", replaced_by as "replacedBy", made_from as "madeFrom"`

/** Members that readers have always found, with null for nothing. */
function shown(row: ConsentRecord): ConsentRecord {
  const { validTo, withdrawnAt, evidence } = row
  return { ...withoutNulls(row), validTo, withdrawnAt, evidence }
}

/** A consent and whatever was made of it since: later versions, and what a merge of patients made of two. */
function lineOf(consentId: string): Statement {
  return sql`(consent_id = ${consentId} or (made_from <> '{}' and made_from @> array[${consentId}]::bigint[]))`
}

/**
 * The person is locked first: a merge or a change under way is waited for, so that what it makes of the consent is withdrawn too,
 * whichever version is named.
 */
async function withdrawConsent(
  client: Queryable,
  { consentId, networkMode }: { readonly consentId: string; readonly networkMode: AccessMode },
  change: Change,
): Promise<{ readonly result: Changed; readonly personKey?: string }> {
  const owner = await ownerOf(client, consentId)
  if (owner === undefined) return { result: 'missing' }
  const personKey = await lockPerson(client, owner.personKey)
  const ended = await query<{ readonly personKey: string }>(
    client,
    sql`/* withdraw a consent, whichever of its versions is named */
      update access.consent set withdrawn_at = now(), withdrawn_by = ${change.by}, withdraw_reason = ${change.reason ?? null}
      where ${lineOf(consentId)} and withdrawn_at is null returning person_key as "personKey"`,
  )
  for (const one of ended) await eraseUnpublishable(client, one.personKey, { by: change.by, networkMode })
  return { result: ended.length > 0 ? 'changed' : 'unchanged', personKey }
}

function ownerOf(client: Queryable, consentId: string): Promise<{ readonly personKey: string } | undefined> {
  return queryOne(
    client,
    sql`/* whose consent */ select person_key as "personKey" from access.consent where consent_id = ${consentId}`,
  )
}

/** The person that `personKey` is since the merges so far, locked. */
export async function lockPerson(client: Queryable, personKey: string): Promise<string> {
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
    sql`/* the same consent */
      select consent_id as "consentId" from access.consent
      where person_key = ${c.personKey} and withdrawn_at is null and (valid_to is null or valid_to > now()) and kind = ${c.kind}
        and facilities = ${c.facilities} and excluded_facilities = ${c.excludedFacilities} and excluded_kinds = ${c.excludedKinds}
        and valid_from = coalesce(${c.validFrom ?? null}::timestamptz, least(valid_from, now())) and valid_to is not distinct from ${c.validTo ?? null}::timestamptz
        and evidence is not distinct from ${c.evidence ?? null} and shares_with_communities = ${c.sharesWithCommunities ?? false}
        and coalesce(relation, 'self') = ${c.relation ?? 'self'} and consented_by is not distinct from ${c.consentedBy ?? null}
        and form is not distinct from ${c.form ?? null} and given_on is not distinct from ${c.givenOn ?? null}::date
        and text_version is not distinct from ${c.textVersion ?? null} and taken_by is not distinct from ${c.takenBy ?? null}
        and taken_at is not distinct from ${c.takenAt ?? null} limit 1`,
  )
  if (standing !== undefined) return { stored: 'unchanged', ...standing } as const
  const row = await queryOne<{ readonly consentId: string }>(
    client,
    sql`/* a new consent */
      insert into access.consent (person_key, kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, evidence, recorded_by,
                                  relation, consented_by, form, given_on, text_version, taken_by, taken_at, shares_with_communities)
      values (${c.personKey}, ${c.kind}, ${c.facilities}, ${c.excludedFacilities}, ${c.excludedKinds},
              coalesce(${c.validFrom ?? null}::timestamptz, now()), ${c.validTo ?? null}, ${c.evidence ?? null}, ${change.by},
              ${c.relation ?? 'self'}, ${c.consentedBy ?? null}, ${c.form ?? null}, ${c.givenOn ?? null}, ${c.textVersion ?? null},
              ${c.takenBy ?? null}, ${c.takenAt ?? null}, ${c.sharesWithCommunities ?? false})
      returning consent_id as "consentId"`,
  )
  if (row === undefined) throw new Error('insert returned no row')
  const patients = await patientIdsOf(client, c.personKey)
  await recordChange(client, { ...change, patients, operation: `${change.operation}: consent ${row.consentId}` })
  return { stored: 'created', ...row } as const
}

interface Terms extends Pick<NewConsent, 'facilities' | 'excludedFacilities' | 'excludedKinds'> {
  readonly sharesWithCommunities: boolean
}

interface Standing extends Terms {
  readonly consentId: string
  readonly kind: NewConsent['kind']
  readonly origin: ConsentOrigin
}

interface Said {
  readonly consentId: string
  readonly said: ConsentChange
  readonly networkMode: AccessMode
}

/** The person is locked before the consents, as a merge does. */
async function changeConsent(client: Queryable, given: Said, change: Change): Promise<ChangedConsent> {
  const { consentId, said, networkMode } = given
  const owner = await ownerOf(client, consentId)
  if (owner === undefined) return { changed: 'missing', consentIds: [] }
  const personKey = await lockPerson(client, owner.personKey)
  const standing = await query<Standing>(
    client,
    sql`/* what stands of a consent */
      select consent_id as "consentId", kind, facilities, excluded_facilities as "excludedFacilities", excluded_kinds as "excludedKinds",
             shares_with_communities as "sharesWithCommunities",
             jsonb_strip_nulls(jsonb_build_object('relation', relation, 'consentedBy', consented_by, 'form', form, 'givenOn', given_on,
               'textVersion', text_version, 'takenBy', taken_by, 'takenAt', taken_at, 'evidence', evidence)) as origin
      from access.consent where ${lineOf(consentId)} and withdrawn_at is null and (valid_to is null or valid_to > now())
      order by consent_id for update`,
  )
  if (standing.length === 0) return { changed: 'conflict', consentIds: [] }
  if (said.facilities !== undefined && standing.every(({ kind }) => kind === 'comprehensive'))
    return { changed: 'comprehensive', consentIds: [] }
  const consentIds: string[] = []
  for (const one of standing) consentIds.push(await replaceConsent(client, { former: one, said }, change))
  await eraseUnpublishable(client, personKey, { by: change.by, networkMode })
  const isSame = consentIds.every((id, index) => id === standing[index]?.consentId)
  if (!isSame) await recordChange(client, { ...change, patients: await patientIdsOf(client, personKey) })
  return { changed: isSame ? 'unchanged' : 'changed', consentIds }
}

/** @returns the version that stands now: a new one, or the former where nothing is different. */
async function replaceConsent(
  client: Queryable,
  { former, said }: { readonly former: Standing; readonly said: ConsentChange },
  change: Change,
): Promise<string> {
  const now = saidOf(former, said)
  if (sameTerms(former, now) && sameOrigin(former.origin, said)) return former.consentId
  const row = await queryOne<{ readonly consentId: string }>(
    client,
    sql`/* a later version of a consent, with the origin of the former one where nothing else is said */
      insert into access.consent (person_key, kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, recorded_by,
                                  relation, consented_by, form, given_on, text_version, taken_by, taken_at, evidence, shares_with_communities,
                                  reason, made_from)
      select person_key, kind, ${now.facilities}, ${now.excludedFacilities}, ${now.excludedKinds}, valid_from, valid_to, ${change.by},
             coalesce(${said.relation ?? null}, relation), case when ${said.relation ?? null}::text is null then consented_by else ${said.consentedBy ?? null} end,
             coalesce(${said.form ?? null}, form), coalesce(${said.givenOn ?? null}::date, given_on), coalesce(${said.textVersion ?? null}, text_version),
             coalesce(${said.takenBy ?? null}, taken_by), coalesce(${said.takenAt ?? null}, taken_at), coalesce(${said.evidence ?? null}, evidence),
             ${now.sharesWithCommunities}, ${said.reason}, made_from || consent_id
      from access.consent where consent_id = ${former.consentId} returning consent_id as "consentId"`,
  )
  if (row === undefined) throw new Error('insert returned no row')
  await execute(
    client,
    sql`/* the former version ends */
      update access.consent set withdrawn_at = now(), withdrawn_by = ${change.by}, replaced_by = ${row.consentId} where consent_id = ${former.consentId}`,
  )
  return row.consentId
}

function saidOf(former: Standing, said: ConsentChange): Terms {
  const excluded = (list: readonly string[], of: keyof Objection): readonly string[] => [
    ...new Set([...list.filter((one) => !said.readmit[of].includes(one)), ...said.exclude[of]]),
  ]
  return {
    facilities: former.kind === 'individual' ? (said.facilities ?? former.facilities) : former.facilities,
    excludedFacilities: excluded(former.excludedFacilities, 'facilities'),
    excludedKinds: excluded(former.excludedKinds, 'kinds'),
    sharesWithCommunities: said.sharesWithCommunities ?? former.sharesWithCommunities,
  }
}

function sameTerms(former: Terms, now: Terms): boolean {
  const sameList = (one: readonly string[], other: readonly string[]): boolean =>
    one.length === other.length && one.every((entry) => other.includes(entry))
  return (
    sameList(former.facilities, now.facilities) &&
    sameList(former.excludedFacilities, now.excludedFacilities) &&
    sameList(former.excludedKinds, now.excludedKinds) &&
    former.sharesWithCommunities === now.sharesWithCommunities
  )
}

/** A form that was read, a relation that was corrected: what is said of the origin is kept though the terms stay. */
function sameOrigin(former: ConsentOrigin, said: ConsentOrigin): boolean {
  const { relation, consentedBy, form, givenOn, textVersion, takenBy, takenAt, evidence } = said
  const named = { relation, consentedBy, form, givenOn, textVersion, takenBy, takenAt, evidence }
  return Object.entries(named).every(
    ([member, value]) => value === undefined || value === former[member as keyof ConsentOrigin],
  )
}
