// Consents of persons of whom a merge makes one: what may be seen afterwards is what both allowed, and an undo gives each its own back.

import type pg from 'pg'
import type { MergeChange, PersonKey } from '../identity/ports.ts'
import { execute, query, queryOne, sql } from './sql.ts'

/**
 * After a merge may be seen what both persons allowed: every pair of consents becomes one that says what both say, at every
 * moment. A person who never said anything and of whom nothing is registered restricts nothing. Where nothing moves nothing
 * changes.
 */
export async function reconcileConsents(client: pg.ClientBase, mergeId: string, change: MergeChange): Promise<void> {
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
        select kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, shares_with_communities,
               made_from || consent_id as sources
        from standing where person_key = ${survivor}
        union all
        select 'comprehensive', '{}', '{}', '{}', '-infinity', null, true, '{}' where ${isSurvivorBlank}),
      made as (
        insert into access.consent (person_key, kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, recorded_by, evidence,
                                    shares_with_communities, made_from)
        select ${survivor},
               case when a.kind = 'comprehensive' and b.kind = 'comprehensive' then 'comprehensive' else 'individual' end,
               case when a.kind = 'comprehensive' then b.facilities when b.kind = 'comprehensive' then a.facilities
                    else array(select unnest(a.facilities) intersect select unnest(b.facilities)) end,
               array(select unnest(a.excluded_facilities) union select unnest(b.excluded_facilities)),
               array(select unnest(a.excluded_kinds) union select unnest(b.excluded_kinds)),
               greatest(a.valid_from, b.valid_from), least(a.valid_to, b.valid_to), ${change.by},
               ${told}, a.shares_with_communities and b.shares_with_communities, a.made_from || a.consent_id || b.sources
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

/**
 * Each person gets back what they had said before the merge, as new consents; what was withdrawn since then stays withdrawn,
 * for both, and what the merge made of two ends. What an earlier merge had made is that of the earlier merge again.
 */
export async function restoreConsents(client: pg.ClientBase, mergeId: string, by: string): Promise<void> {
  const told = `${by}, undo of merge ${mergeId}`
  await execute(
    client,
    sql`/* undo of a merge: consents as they were */
      with undone as (select consents_ended, consents_made from identity.merge where merge_id = ${mergeId}),
      restored as (
        insert into access.consent (person_key, kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, recorded_by, evidence,
                                    relation, consented_by, form, given_on, text_version, taken_by, taken_at, shares_with_communities, reason,
                                    made_from)
        select c.person_key, c.kind, c.facilities, c.excluded_facilities, c.excluded_kinds, greatest(c.valid_from, now()), c.valid_to, c.recorded_by,
               c.evidence, c.relation, c.consented_by, c.form, c.given_on, c.text_version, c.taken_by, c.taken_at, c.shares_with_communities,
               c.reason, c.made_from || c.consent_id
        from undone u join access.consent c on c.consent_id = any(u.consents_ended)
        where (c.valid_to is null or c.valid_to > now())
          and not exists (select from access.consent m
                          where m.consent_id = any(u.consents_made) and m.withdrawn_at is not null and c.consent_id = any(m.made_from))
        returning consent_id, made_from[cardinality(made_from)] as former),
      earlier as (
        update identity.merge e
        set consents_made = array(select coalesce(r.consent_id, made.id)
                                  from unnest(e.consents_made) as made (id) left join restored r on r.former = made.id)
        where e.consents_made && array(select former from restored))
      update access.consent m set withdrawn_at = now(), withdrawn_by = ${told}
      from undone u where m.consent_id = any(u.consents_made) and m.withdrawn_at is null`,
  )
}
