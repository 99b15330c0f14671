// What is registered about a person, when all of it or the part of some numbers goes to another person (ITI TF-2 3.8.4.2.4).

import type pg from 'pg'
import type { PersonKey, Replacement } from '../identity/ports.ts'
import { formatCx, type PatientId } from '../model/identifiers.ts'
import { execute, named, type Statement, sql } from './sql.ts'

/** The form of stored fragments, which is the codec's business. */
export interface FragmentForm {
  /** A POSIX pattern that meets exactly the ExternalIdentifier of the patient id, and what stands for it. */
  readonly swapPatientId: (
    former: PatientId,
    survivor: PatientId,
  ) => { readonly pattern: string; readonly replacement: string }
  /** Text that a fragment holds when this is its sourcePatientId. */
  readonly sourcePatientId: (id: PatientId) => string
}

/** Everything about the person. */
export function wholePerson(person: PersonKey): Statement {
  return sql`
    select 'DocumentEntry' as object, entry_uuid as uuid, patient_id from registry.document_entry where person_key = ${person}
    union all select 'SubmissionSet', entry_uuid, patient_id from registry.submission_set where person_key = ${person}
    union all select 'Folder', entry_uuid, patient_id from registry.folder where person_key = ${person}`
}

/** What carries one of these patient ids. */
export function underPatientIds(person: PersonKey, ids: readonly string[]): Statement {
  return sql`select * from (${wholePerson(person)}) as whole where patient_id = any(${ids})`
}

/**
 * What the facilities of these numbers registered about the person: all of it, unless a facility keeps another number with the
 * person; then the documents that name the number as their source's, with the submissions that hold nothing else.
 * @param since only what was registered later; '-infinity' for all.
 */
export function underNumbers(
  given: { readonly person: PersonKey; readonly ids: readonly PatientId[]; readonly since: Date | '-infinity' },
  form: FragmentForm,
): Statement {
  const { person, ids, since } = given
  const later = sql`person_key = ${person} and registered_at > ${since}`
  const going = sql`
    select d.facility_id, n.source,
           exists (select from identity.identifier o join identity.domain od on od.oid = o.domain
                   where o.person_key = ${person} and o.status = 'active' and od.facility_id = d.facility_id) as shared
    from unnest(${ids.map(({ authority }) => authority)}::text[], ${ids.map(form.sourcePatientId)}::text[]) as n (domain, source)
    join identity.domain d on d.oid = n.domain`
  return sql`
    with going as materialized (${going}),
    entry as materialized (
      select e.entry_uuid, e.patient_id, e.submission_uuid from registry.document_entry e
      where ${later} and exists (select from going g where g.facility_id = e.publisher and (not g.shared or position(g.source in e.ebrim) > 0)))
    select 'DocumentEntry' as object, entry_uuid as uuid, patient_id from entry
    union all
    select 'SubmissionSet', s.entry_uuid, s.patient_id from registry.submission_set s
    where ${later} and exists (select from going g where g.facility_id = s.publisher and not g.shared
                               or g.facility_id = s.publisher and exists (select from entry e where e.submission_uuid = s.entry_uuid)
                                  and not exists (select from registry.association m
                                                  join registry.document_entry o on o.entry_uuid = m.target_uuid
                                                  where m.source_uuid = s.entry_uuid and o.submission_uuid = s.entry_uuid
                                                    and o.entry_uuid not in (select entry_uuid from entry)))
    union all
    select 'Folder', f.entry_uuid, f.patient_id from registry.folder f
    where ${later} and exists (select from going g where g.facility_id = f.publisher and not g.shared)`
}

/**
 * Keeps in the books which objects go over, with the patient id that each has, or `patientId` for all. An association goes
 * where its source goes.
 */
export async function noteObjects(
  client: pg.ClientBase,
  {
    mergeId,
    objects,
    patientId,
  }: { readonly mergeId: string; readonly objects: Statement; readonly patientId?: string },
): Promise<void> {
  await execute(
    client,
    sql`/* objects that go to another person */
      with package as materialized (${objects})
      insert into registry.merged_object (merge_id, object, object_uuid, patient_id)
      select ${mergeId}::bigint, object, uuid, coalesce(${patientId ?? null}::text, patient_id) from package
      union all
      select ${mergeId}::bigint, 'Association', a.association_uuid, null
      from registry.association a where a.source_uuid in (select uuid from package)
      on conflict do nothing`,
  )
}

export interface Moving {
  readonly mergeId: string
  readonly from: PersonKey
  readonly to: PersonKey
  readonly replacements: readonly Replacement[]
  /** An object gets back the very id that the books have for it; on the way there the ids that are replaced decide. */
  readonly isReturn: boolean
  readonly form: FragmentForm
}

/**
 * Moves the noted objects that are still with `from`. sourcePatientId and sourcePatientInfo are what the source said, so nothing
 * but the patient id changes in a fragment.
 */
export async function moveObjects(client: pg.ClientBase, moving: Moving): Promise<void> {
  for (const table of ['registry.document_entry', 'registry.submission_set', 'registry.folder'])
    await execute(client, moveOf(table, moving))
  const { mergeId, from, to } = moving
  await execute(
    client,
    sql`/* move associations */ update registry.association o set person_key = ${to}
        from registry.merged_object m where m.merge_id = ${mergeId} and m.object_uuid = o.association_uuid and o.person_key = ${from}`,
  )
}

function moveOf(table: string, { mergeId, from, to, replacements, isReturn, form }: Moving): Statement {
  const swaps = replacements.map(({ former, survivor }) => form.swapPatientId(former, survivor))
  return sql`/* move objects */
    update ${named(table)} o
    set person_key = ${to}, patient_id = coalesce(id.survivor, o.patient_id),
        ebrim = case when id.former is null then o.ebrim else regexp_replace(o.ebrim, id.pattern, id.replacement) end
    from registry.merged_object m
    join ${named(table)} own on own.entry_uuid = m.object_uuid
    left join unnest(${replacements.map(({ former }) => formatCx(former))}::text[],
                     ${replacements.map(({ survivor }) => formatCx(survivor))}::text[],
                     ${swaps.map(({ pattern }) => pattern)}::text[], ${swaps.map(({ replacement }) => replacement)}::text[])
      as id (former, survivor, pattern, replacement)
      on id.former = own.patient_id and (not ${isReturn} or id.survivor = m.patient_id)
    where m.merge_id = ${mergeId} and own.entry_uuid = o.entry_uuid and o.person_key = ${from}`
}

/** StoreClient series of the moved documents, and those of facilities that keep no number with `from`. */
export async function moveSeries(
  client: pg.ClientBase,
  { mergeId, from, to }: Pick<Moving, 'mergeId' | 'from' | 'to'>,
): Promise<void> {
  const moved = sql`
    select s.series_id from registry.series s
    where s.person_key = ${from}
      and (s.series_id in (select e.series_id from registry.merged_object m join registry.document_entry e on e.entry_uuid = m.object_uuid
                           where m.merge_id = ${mergeId})
           or not exists (select from identity.identifier i join identity.domain d on d.oid = i.domain
                          where i.person_key = ${from} and i.status = 'active' and d.facility_id = s.facility_id)
              and exists (select from identity.identifier i join identity.domain d on d.oid = i.domain
                          where i.person_key = ${to} and i.status = 'active' and d.facility_id = s.facility_id))`
  await execute(
    client,
    sql`/* move series */
      with moved as materialized (${moved}),
      series as (update registry.series s set person_key = ${to} from moved where s.series_id = moved.series_id)
      update registry.superseded u set person_key = ${to} from moved where u.series_id = moved.series_id`,
  )
}
