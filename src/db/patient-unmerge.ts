// Undo of a merge, or of a move of numbers: identifiers, registry objects, series and consents as they were, in one transaction.

import type pg from 'pg'
import type { MergeUndo, PersonKey, Replacement } from '../identity/ports.ts'
import { formatCx, type Oid, type PatientId, parseCx } from '../model/identifiers.ts'
import { restoreConsents } from './merged-consents.ts'
import { type FragmentForm, moveObjects, moveSeries, noteObjects, underNumbers } from './merged-objects.ts'
import { returnStops } from './merged-stops.ts'
import { allowTime } from './pool.ts'
import { execute, query, queryOne, sql } from './sql.ts'

interface Snapshot {
  readonly domain: Oid
  readonly value: string
  readonly person: PersonKey
  readonly status: 'active' | 'obsolete'
  readonly survivor: string | null
  readonly second: boolean
  readonly link: string
}

interface MergeRow {
  readonly merge_id: string
  readonly at: Date
  readonly former_person: PersonKey
  readonly survivor_person: PersonKey
  readonly scope: 'person' | 'record' | 'numbers'
  readonly identifiers_before: readonly Snapshot[] | null
  readonly identifiers_after: readonly Snapshot[] | null
  readonly undone_at: Date | null
}

/**
 * Takes the merge back. What was registered since under a number that goes back goes with it; consents that were withdrawn since
 * stay withdrawn. A merge on which a later one stands is not undone: the later one comes first.
 */
export async function undoMerge(
  client: pg.ClientBase,
  undo: { readonly mergeId: string; readonly by: string; readonly reason: string },
  form: FragmentForm,
): Promise<MergeUndo> {
  await allowTime(client)
  const merge = await lockMerge(client, undo.mergeId)
  if (merge === undefined) return { kind: 'unknown' }
  if (merge.undone_at !== null) return { kind: 'undone-before' }
  const { identifiers_before: before, identifiers_after: after } = merge
  if (before === null || after === null) return { kind: 'no-snapshot' }
  const standing = await lockIdentifiers(client, merge)
  if (!after.every((one) => isSame(one, standing.get(keyOf(one))))) return { kind: 'changed-since' }
  const then = new Map(after.map((one) => [keyOf(one), one]))
  const changed = before.filter((one) => !isSame(one, then.get(keyOf(one))))
  // A number that stayed may have become the first of its domain by the merge.
  await restoreIdentifiers(
    client,
    before.filter((one) => changed.includes(one) || one.second !== then.get(keyOf(one))?.second),
  )
  await execute(
    client,
    sql`/* undo of a merge: the person is someone again */
      update identity.person set merged_into = null where person_key = ${merge.former_person} and merged_into = ${merge.survivor_person}`,
  )
  await restoreObjects(client, merge, { changed, form })
  await restoreConsents(client, merge.merge_id, undo.by)
  await returnStops(client, merge, undo.by)
  await execute(
    client,
    sql`update identity.merge set undone_at = now(), undone_by = ${undo.by} where merge_id = ${merge.merge_id}`,
  )
  return {
    kind: 'undone',
    persons: [...new Set([merge.former_person, merge.survivor_person])],
    patients: changed.map(idOf),
    since: [...standing.values()].filter((one) => !after.some((other) => keyOf(other) === keyOf(one))).map(idOf),
    separates: merge.scope === 'person',
  }
}

function keyOf({ domain, value }: Snapshot): string {
  return `${domain} ${value}`
}

function idOf({ domain, value }: Snapshot): PatientId {
  return { authority: domain, value }
}

function isSame(a: Snapshot, b: Snapshot | undefined): boolean {
  return b !== undefined && a.person === b.person && a.status === b.status && a.survivor === b.survivor
}

async function lockMerge(client: pg.ClientBase, mergeId: string): Promise<MergeRow | undefined> {
  return queryOne<MergeRow>(
    client,
    sql`/* undo of a merge */
      select merge_id, at, former_person, survivor_person, scope, identifiers_before, identifiers_after, undone_at
      from identity.merge where merge_id = ${mergeId} for update`,
  )
}

/** Numbers first, then persons, as every other change locks them. */
async function lockIdentifiers(client: pg.ClientBase, merge: MergeRow): Promise<ReadonlyMap<string, Snapshot>> {
  const persons = [merge.former_person, merge.survivor_person]
  const rows = await query<Snapshot>(
    client,
    sql`/* undo of a merge: lock identifiers */
      select domain, value, person_key::text as person, status, survivor, second, link from identity.identifier
      where person_key = any(${persons}::bigint[]) order by domain, value for update`,
  )
  await execute(
    client,
    sql`/* undo of a merge: lock persons */ select from identity.person where person_key = any(${persons}::bigint[])
        order by person_key for update`,
  )
  return new Map(rows.map((row) => [keyOf(row), row]))
}

/**
 * What leaves makes room for what returns: a person has one first number of a domain. Who got another one since then has two, by
 * the decision of whoever undoes.
 */
async function restoreIdentifiers(client: pg.ClientBase, changed: readonly Snapshot[]): Promise<void> {
  for (const one of [...changed].sort((a, b) => Number(b.second) - Number(a.second))) {
    await execute(
      client,
      sql`/* undo of a merge: an identifier as it was */
        update identity.identifier i
        set person_key = ${one.person}, status = ${one.status}, survivor = ${one.survivor}, second = ${one.second} or other.found,
            link = case when other.found then 'manual' else ${one.link} end, updated_at = now()
        from (select ${one.status === 'active' && !one.second} and exists (
                select from identity.identifier o
                where o.person_key = ${one.person} and o.domain = ${one.domain} and o.value <> ${one.value}
                  and o.status = 'active' and not o.second) as found) as other
        where i.domain = ${one.domain} and i.value = ${one.value}`,
    )
  }
}

interface Restoring {
  readonly changed: readonly Snapshot[]
  readonly form: FragmentForm
}

/** What the merge moved, and what came since under a number that goes back; each object gets its own patient id back. */
async function restoreObjects(client: pg.ClientBase, merge: MergeRow, { changed, form }: Restoring): Promise<void> {
  const { merge_id: mergeId, former_person: to, survivor_person: from } = merge
  const returning = changed.filter(({ person, status }) => person === to && status === 'active')
  const xad = await networkId(client, to)
  await noteObjects(client, {
    mergeId,
    objects: underNumbers({ person: from, ids: returning.map(idOf), since: merge.at }, form),
    ...(xad === undefined ? {} : { patientId: formatCx(xad) }),
  })
  const replacements = await idsThenAndNow(client, merge)
  await moveObjects(client, { mergeId, from, to, replacements, isReturn: true, form })
  await moveSeries(client, { mergeId, from, to })
}

async function networkId(client: pg.ClientBase, person: PersonKey): Promise<PatientId | undefined> {
  return queryOne<PatientId>(
    client,
    sql`/* undo of a merge: the network's id of a person */
      select i.value, i.domain as authority from identity.identifier i join identity.domain d on d.oid = i.domain
      where i.person_key = ${person} and i.status = 'active' and d.kind = 'community' order by i.second, i.value limit 1`,
  )
}

async function idsThenAndNow(client: pg.ClientBase, merge: MergeRow): Promise<readonly Replacement[]> {
  const rows = await query<{ readonly now: string; readonly then: string }>(
    client,
    sql`/* undo of a merge: patient ids of its objects, now and then */
      with standing as (
        select entry_uuid, patient_id from registry.document_entry where person_key = ${merge.survivor_person}
        union all select entry_uuid, patient_id from registry.submission_set where person_key = ${merge.survivor_person}
        union all select entry_uuid, patient_id from registry.folder where person_key = ${merge.survivor_person})
      select distinct s.patient_id as now, m.patient_id as "then"
      from registry.merged_object m join standing s on s.entry_uuid = m.object_uuid
      where m.merge_id = ${merge.merge_id} and m.patient_id <> s.patient_id`,
  )
  return rows.flatMap(({ now, then }) => {
    const former = parseCx(now)
    const survivor = parseCx(then)
    return former === undefined || survivor === undefined ? [] : [{ former, survivor }]
  })
}
