// Patient merge in SQL: identifiers, registry objects, StoreClient series and consents go over to the survivor (ITI TF-2 3.8.4.2.4, 3.44.4.3.3).

import type pg from 'pg'
import type { MergeChange, PersonKey } from '../identity/ports.ts'
import { formatCx, type PatientId } from '../model/identifiers.ts'
import { execute, query, queryOne, sql } from './sql.ts'

/**
 * How the patient id inside a stored fragment is replaced: a POSIX pattern that meets exactly the ExternalIdentifier of the
 * patient id, and what stands for it. The fragment's form is the codec's business.
 */
export type SwapPatientId = (
  former: PatientId,
  survivor: PatientId,
) => { readonly pattern: string; readonly replacement: string }

/** A person with very many documents takes longer than a statement of everyday may. */
const STATEMENT_TIMEOUT = '120s'

/**
 * Carries out a merge in the transaction of `client`, which holds the locks of both persons and of both ids. Identifiers come
 * first: a push that holds one of them is waited for, and what it wrote moves with the rest.
 */
export async function mergePatients(client: pg.ClientBase, change: MergeChange, swap: SwapPatientId): Promise<void> {
  await execute(client, sql`select set_config('statement_timeout', ${STATEMENT_TIMEOUT}, true)`)
  const mergeId = await recordMerge(client, change)
  await replaceIdentifiers(client, change)
  await moveIdentifiers(client, change)
  if (change.scope === 'person') await closePerson(client, change)
  await noteObjects(client, mergeId, change)
  if (change.former !== change.survivor) await reconcileConsents(client, mergeId, change)
  await moveObjects(client, { mergeId, change, swap })
}

async function recordMerge(client: pg.ClientBase, change: MergeChange): Promise<string> {
  const [{ former, survivor }] = change.replacements
  const row = await queryOne<{ readonly merge_id: string }>(
    client,
    sql`insert into identity.merge (by, exchange_id, domain, subsumed, survivor, former_person, survivor_person, scope)
      values (${change.by}, ${change.exchangeId}, ${former.authority}, ${former.value}, ${survivor.value}, ${change.former},
              ${change.survivor}, ${change.scope})
      returning merge_id`,
  )
  if (row === undefined) throw new Error('insert returned no row')
  return row.merge_id
}

/** Ids that were merged into a replaced one before point at the end of the chain, so nothing ever has to follow it. */
async function replaceIdentifiers(client: pg.ClientBase, { replacements, survivor }: MergeChange): Promise<void> {
  const domains = replacements.map(({ former }) => former.authority)
  const formers = replacements.map(({ former }) => former.value)
  const survivors = replacements.map((one) => one.survivor.value)
  await execute(
    client,
    sql`/* merge: ids that go, and those that went into them before */
      update identity.identifier i
      set status = 'obsolete', survivor = pair.survivor, second = false, person_key = ${survivor}, updated_at = now()
      from unnest(${domains}::text[], ${formers}::text[], ${survivors}::text[]) as pair (domain, former, survivor)
      where i.domain = pair.domain and (i.value = pair.former or i.survivor = pair.former)`,
  )
  await execute(
    client,
    sql`/* merge: a survivor is no further number of its domain once there is no first one */
      update identity.identifier i set second = false, updated_at = now()
      from unnest(${domains}::text[], ${survivors}::text[]) as kept (domain, value)
      where i.domain = kept.domain and i.value = kept.value and i.second
        and not exists (select from identity.identifier o where o.person_key = i.person_key and o.domain = i.domain
                        and o.status = 'active' and not o.second)`,
  )
}

async function moveIdentifiers(client: pg.ClientBase, { moved, survivor }: MergeChange): Promise<void> {
  if (moved.length === 0) return
  await execute(
    client,
    sql`/* merge: ids that go over as they are */
      update identity.identifier i set person_key = ${survivor}, second = go.second, updated_at = now()
      from unnest(${moved.map(({ id }) => id.authority)}::text[], ${moved.map(({ id }) => id.value)}::text[],
                  ${moved.map(({ second }) => second)}::boolean[]) as go (domain, value, second)
      where i.domain = go.domain and i.value = go.value`,
  )
}

async function closePerson(client: pg.ClientBase, { former, survivor }: MergeChange): Promise<void> {
  await execute(
    client,
    sql`/* merge: a person of whom nothing is left */ update identity.person set merged_into = ${survivor} where person_key = ${former}`,
  )
}

/** Of a person as a whole everything; of a record what carries one of its ids. An association goes where its source goes. */
async function noteObjects(client: pg.ClientBase, mergeId: string, change: MergeChange): Promise<void> {
  const whole = change.scope === 'person'
  const ids = change.replacements.map(({ former }) => formatCx(former))
  await execute(
    client,
    sql`/* merge: what goes over to the survivor */
      with package as (
        select 'DocumentEntry' as object, entry_uuid as uuid, patient_id from registry.document_entry
        where person_key = ${change.former} and (${whole} or patient_id = any(${ids}))
        union all
        select 'SubmissionSet', entry_uuid, patient_id from registry.submission_set
        where person_key = ${change.former} and (${whole} or patient_id = any(${ids}))
        union all
        select 'Folder', entry_uuid, patient_id from registry.folder
        where person_key = ${change.former} and (${whole} or patient_id = any(${ids})))
      insert into registry.merged_object (merge_id, object, object_uuid, patient_id)
      select ${mergeId}::bigint, object, uuid, patient_id from package
      union all
      select ${mergeId}::bigint, 'Association', a.association_uuid, null
      from registry.association a where a.source_uuid in (select uuid from package)`,
  )
}

interface Moving {
  readonly mergeId: string
  readonly change: MergeChange
  readonly swap: SwapPatientId
}

/** sourcePatientId and sourcePatientInfo are what the source said, so nothing but the patient id changes in a fragment. */
async function moveObjects(client: pg.ClientBase, { mergeId, change, swap }: Moving): Promise<void> {
  const swaps = change.replacements.map(({ former, survivor }) => swap(former, survivor))
  const replaced = sql`registry.merged_object m
      left join unnest(${change.replacements.map(({ former }) => formatCx(former))}::text[],
                       ${change.replacements.map(({ survivor }) => formatCx(survivor))}::text[],
                       ${swaps.map(({ pattern }) => pattern)}::text[], ${swaps.map(({ replacement }) => replacement)}::text[])
        as id (former, survivor, pattern, replacement) on id.former = m.patient_id`
  const carried = sql`person_key = ${change.survivor}, patient_id = coalesce(id.survivor, o.patient_id),
      ebrim = case when id.former is null then o.ebrim else regexp_replace(o.ebrim, id.pattern, id.replacement) end`
  const noted = sql`m.merge_id = ${mergeId} and m.object_uuid = o.entry_uuid`
  await execute(
    client,
    sql`/* merge */ update registry.document_entry o set ${carried} from ${replaced} where ${noted}`,
  )
  await execute(
    client,
    sql`/* merge */ update registry.submission_set o set ${carried} from ${replaced} where ${noted}`,
  )
  await execute(client, sql`/* merge */ update registry.folder o set ${carried} from ${replaced} where ${noted}`)
  await execute(
    client,
    sql`/* merge */ update registry.association o set person_key = ${change.survivor}
        from registry.merged_object m where m.merge_id = ${mergeId} and m.object_uuid = o.association_uuid`,
  )
  if (change.scope === 'record') return
  await execute(
    client,
    sql`/* merge */ update registry.series set person_key = ${change.survivor} where person_key = ${change.former}`,
  )
  await execute(
    client,
    sql`/* merge */ update registry.superseded set person_key = ${change.survivor} where person_key = ${change.former}`,
  )
}

/**
 * After a merge may be seen what both persons allowed: every pair of consents becomes one that says what both say, at every
 * moment. A person who never said anything and of whom nothing is registered restricts nothing. Where nothing moves nothing
 * changes.
 */
async function reconcileConsents(client: pg.ClientBase, mergeId: string, change: MergeChange): Promise<void> {
  const { former, survivor, scope } = change
  if (scope === 'record' && !(await movesDocuments(client, mergeId))) return
  const blank = await blankPersons(client, change)
  if (blank.has(former)) return
  const isSurvivorBlank = blank.has(survivor)
  const told = `merge ${mergeId}`
  await execute(
    client,
    sql`/* merge: consents of the survivor from what both persons said */
      with standing as (
        select * from access.consent c
        where c.person_key in (${former}, ${survivor}) and c.withdrawn_at is null and (c.valid_to is null or c.valid_to > now())),
      survivors as (
        select kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, made_from || consent_id as sources
        from standing where person_key = ${survivor}
        union all
        select 'comprehensive', '{}', '{}', '{}', '-infinity', null, '{}' where ${isSurvivorBlank}),
      made as (
        insert into access.consent (person_key, kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, recorded_by, evidence,
                                    made_from)
        select ${survivor},
               case when a.kind = 'comprehensive' and b.kind = 'comprehensive' then 'comprehensive' else 'individual' end,
               case when a.kind = 'comprehensive' then b.facilities when b.kind = 'comprehensive' then a.facilities
                    else array(select unnest(a.facilities) intersect select unnest(b.facilities)) end,
               array(select unnest(a.excluded_facilities) union select unnest(b.excluded_facilities)),
               array(select unnest(a.excluded_kinds) union select unnest(b.excluded_kinds)),
               greatest(a.valid_from, b.valid_from), least(a.valid_to, b.valid_to), ${change.by},
               ${told}, a.made_from || a.consent_id || b.sources
        from standing a
        join survivors b on greatest(a.valid_from, b.valid_from) < coalesce(least(a.valid_to, b.valid_to), 'infinity')
        where a.person_key = ${former}
        returning consent_id),
      ended as (
        update access.consent c set withdrawn_at = now(), withdrawn_by = ${`${change.by}, ${told}`}
        from standing s where c.consent_id = s.consent_id and (${scope === 'person'} or s.person_key = ${survivor})
        returning c.consent_id)
      update identity.merge
      set consents_made = array(select consent_id from made), consents_ended = array(select consent_id from ended)
      where merge_id = ${mergeId}`,
  )
}

async function movesDocuments(client: pg.ClientBase, mergeId: string): Promise<boolean> {
  const found = await queryOne<{ readonly moves: boolean }>(
    client,
    sql`/* merge: do documents move? */
      select exists (select from registry.merged_object where merge_id = ${mergeId} and object = 'DocumentEntry') as moves`,
  )
  return found?.moves === true
}

/** Consents stay as they are read here until the merge ends: a withdrawal that is under way is waited for. */
async function blankPersons(client: pg.ClientBase, { former, survivor }: MergeChange): Promise<ReadonlySet<PersonKey>> {
  await execute(
    client,
    sql`/* merge: lock consents */ select from access.consent where person_key in (${former}, ${survivor}) order by consent_id for update`,
  )
  const rows = await query<{ readonly person_key: PersonKey }>(
    client,
    sql`/* merge: persons who never consented to anything and have no documents */
      select person_key from identity.person p
      where person_key in (${former}, ${survivor})
        and not exists (select from access.consent c where c.person_key = p.person_key)
        and not exists (select from registry.document_entry e where e.person_key = p.person_key)`,
  )
  return new Set(rows.map((row) => row.person_key))
}
