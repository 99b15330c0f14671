// Patient merge in SQL: identifiers, registry objects, StoreClient series and consents go over to the survivor (ITI TF-2 3.8.4.2.4, 3.44.4.3.3).

import type pg from 'pg'
import type { MergeChange, NumbersMove, PersonKey } from '../identity/ports.ts'
import { formatCx } from '../model/identifiers.ts'
import { reconcileConsents } from './merged-consents.ts'
import {
  type FragmentForm,
  moveObjects,
  moveSeries,
  noteObjects,
  underNumbers,
  underPatientIds,
  wholePerson,
} from './merged-objects.ts'
import { carryStops } from './merged-stops.ts'
import { allowTime } from './pool.ts'
import { execute, named, queryOne, type Statement, sql } from './sql.ts'

/**
 * Carries out a merge in the transaction of `client`, which holds the locks of both persons and of both ids. Identifiers come
 * first: a push that holds one of them is waited for, and what it wrote moves with the rest.
 */
export async function mergePatients(client: pg.ClientBase, change: MergeChange, form: FragmentForm): Promise<void> {
  await allowTime(client)
  const { former, survivor, scope, replacements, network } = change
  const [{ former: subsumed, survivor: kept }] = replacements
  const book = { ...change, from: former, to: survivor, scope, first: subsumed, second: kept.value }
  const mergeId = await recordMerge(client, book)
  await replaceIdentifiers(client, change)
  await moveIdentifiers(client, change)
  await passVetoes(client, change)
  if (scope === 'person') await closePerson(client, change)
  await noteObjects(client, { mergeId, objects: objectsOf(change, form) })
  if (former !== survivor) {
    await reconcileConsents(client, mergeId, change)
    await carryStops(client, mergeId, change)
  }
  const moving = { mergeId, from: former, to: survivor }
  const all = network === undefined ? replacements : [...replacements, network]
  await moveObjects(client, { ...moving, replacements: all, isReturn: false, form })
  if (scope === 'person' || network !== undefined) await moveSeries(client, moving)
  await keepSnapshot(client, mergeId, 'identifiers_after')
}

/** Of a person everything; of a record what carries its id, and what its facility published about the person under it. */
function objectsOf({ former, scope, replacements, network }: MergeChange, form: FragmentForm): Statement {
  if (scope === 'person') return wholePerson(former)
  const ids = replacements.map((one) => one.former)
  const carried = underPatientIds(former, ids.map(formatCx))
  if (network === undefined) return carried
  const published = underNumbers({ person: former, ids, since: '-infinity' }, form)
  return sql`select * from (${carried}) as carried union select * from (${published}) as published`
}

/**
 * Moves numbers and what their facilities registered under them; the consents of both persons stay as they are: nothing
 * becomes visible by it that the person did not allow.
 */
export async function moveNumbers(client: pg.ClientBase, change: NumbersMove, form: FragmentForm): Promise<void> {
  await allowTime(client)
  const { from, to, ids, link, replacement } = change
  const [first] = ids
  const mergeId = await recordMerge(client, { ...change, scope: 'numbers', first, second: first.value })
  await execute(
    client,
    sql`/* numbers that go to another person */
      update identity.identifier i
      set person_key = ${to}, link = ${link}, second = go.place > 1 and i.value = go.value, updated_at = now()
      from (select own.domain, own.value, row_number() over (partition by own.domain order by own.second, own.value) as place
            from (select distinct * from unnest(${ids.map(({ authority }) => authority)}::text[],
                                               ${ids.map(({ value }) => value)}::text[]) as n (domain, value)) as named
            join identity.identifier own on own.domain = named.domain and own.value = named.value) as go
      where i.domain = go.domain and (i.value = go.value or i.survivor = go.value)`,
  )
  await noteObjects(client, { mergeId, objects: underNumbers({ person: from, ids, since: '-infinity' }, form) })
  await moveObjects(client, {
    mergeId,
    from,
    to,
    replacements: replacement === undefined ? [] : [replacement],
    isReturn: false,
    form,
  })
  await moveSeries(client, { mergeId, from, to })
  await keepSnapshot(client, mergeId, 'identifiers_after')
}

interface Book extends Pick<MergeChange, 'origin' | 'by' | 'reason' | 'exchangeId'> {
  readonly from: PersonKey
  readonly to: PersonKey
  readonly scope: 'person' | 'record' | 'numbers'
  readonly first: { readonly authority: string; readonly value: string }
  readonly second: string
}

async function recordMerge(client: pg.ClientBase, book: Book): Promise<string> {
  const row = await queryOne<{ readonly merge_id: string }>(
    client,
    sql`insert into identity.merge (by, exchange_id, domain, subsumed, survivor, former_person, survivor_person, scope, origin, reason)
      values (${book.by}, ${book.exchangeId ?? null}, ${book.first.authority}, ${book.first.value}, ${book.second}, ${book.from},
              ${book.to}, ${book.scope}, ${book.origin}, ${book.reason})
      returning merge_id`,
  )
  if (row === undefined) throw new Error('insert returned no row')
  await keepSnapshot(client, row.merge_id, 'identifiers_before')
  return row.merge_id
}

/** The identifiers of both persons as they stand: what an undo puts back, and what it compares with. */
async function keepSnapshot(
  client: pg.ClientBase,
  mergeId: string,
  column: 'identifiers_before' | 'identifiers_after',
): Promise<void> {
  await execute(
    client,
    sql`/* identifiers of both persons */
      update identity.merge m set ${named(column)} = (
        select jsonb_agg(jsonb_build_object('domain', i.domain, 'value', i.value, 'person', i.person_key::text, 'status', i.status,
                                            'survivor', i.survivor, 'second', i.second, 'link', i.link))
        from identity.identifier i where i.person_key in (m.former_person, m.survivor_person))
      where m.merge_id = ${mergeId}`,
  )
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

/**
 * Of several numbers of one domain one is the first, unless the survivor has one: a person who was merged before may bring two. Numbers that
 * staff linked to each other stay linked by staff when the matcher brings them to a third: it may not part them later. A number that was
 * replaced goes with the one that stands for it.
 */
async function moveIdentifiers(client: pg.ClientBase, { moved, survivor, origin }: MergeChange): Promise<void> {
  if (moved.length === 0) return
  await execute(
    client,
    sql`/* merge: ids that go over as they are */
      update identity.identifier i
      set person_key = ${survivor}, second = i.value = go.value and (go.second or go.place > 1),
          link = case when i.value <> go.value then i.link when ${origin === 'matcher'} and not go.by_hand then 'auto' else 'manual' end,
          updated_at = now()
      from (select own.domain, own.value, n.second, row_number() over (partition by own.domain order by own.second, own.value) as place,
                   count(*) over () > 1 and bool_or(own.link = 'manual') over () as by_hand
            from unnest(${moved.map(({ id }) => id.authority)}::text[], ${moved.map(({ id }) => id.value)}::text[],
                        ${moved.map(({ second }) => second)}::boolean[]) as n (domain, value, second)
            join identity.identifier own on own.domain = n.domain and own.value = n.value) as go
      where i.domain = go.domain and (i.value = go.value or i.survivor = go.value)`,
  )
}

/** Whoever is not the one who had the number that goes is not the one who has it from now on either: staff said so of the person. */
async function passVetoes(client: pg.ClientBase, { replacements, survivor }: MergeChange): Promise<void> {
  await execute(
    client,
    sql`/* merge: decisions about the ids that go */
      insert into identity.non_link (record_a, record_b, by, reason)
      select distinct on (1, 2) least(other.record_id, kept.record_id), greatest(other.record_id, kept.record_id), n.by, n.reason
      from unnest(${replacements.map(({ former }) => former.authority)}::text[],
                  ${replacements.map(({ former }) => former.value)}::text[],
                  ${replacements.map((one) => one.survivor.value)}::text[]) as pair (domain, former, survivor)
      join identity.identifier gone on gone.domain = pair.domain and gone.value = pair.former
      join identity.identifier kept on kept.domain = pair.domain and kept.value = pair.survivor
      join identity.non_link n on n.record_a = gone.record_id or n.record_b = gone.record_id
      join identity.identifier other on other.record_id in (n.record_a, n.record_b) and other.record_id <> gone.record_id
      where other.person_key <> ${survivor} and other.status = 'active'
      on conflict do nothing`,
  )
}

async function closePerson(client: pg.ClientBase, { former, survivor }: MergeChange): Promise<void> {
  await execute(
    client,
    sql`/* merge: a person of whom nothing is left */ update identity.person set merged_into = ${survivor} where person_key = ${former}`,
  )
}
