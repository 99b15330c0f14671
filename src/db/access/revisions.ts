// Edits of what is registered, each with the revision that keeps what was there before, in one transaction (idlink A-2, A-3).

import type { RevisedSubject, Revision } from '../../access/administration/revision-ports.ts'
import type { Change } from '../../access/ports.ts'
import { execute, joined, named, type Queryable, query, queryOne, sql } from '../sql.ts'
import { withoutNulls } from './changing.ts'

/** A member of an edit and the column that keeps it; `cast` where the value travels as text. */
interface Column {
  readonly column: string
  readonly cast?: 'jsonb'
}

/** Where a subject is kept. All names are ours, never a sender's. */
export interface Editable {
  readonly subject: RevisedSubject
  readonly table: string
  readonly key: string
  readonly columns: Readonly<Record<string, Column>>
}

export interface Edit {
  readonly id: string
  /** New values by member; what is absent or undefined stays. */
  readonly members: object
}

/** Changes what differs and keeps a revision of it; the row is locked first. */
export async function edit(
  client: Queryable,
  editable: Editable,
  { id, members, change }: Edit & { readonly change: Change },
): Promise<'changed' | 'unchanged' | 'missing'> {
  const given = Object.entries(members).filter(([, value]) => value !== undefined)
  const former = await lockedMembers(client, editable, { id, names: given.map(([name]) => name) })
  if (former === undefined) return 'missing'
  const differing = given.filter(([name, value]) => !isSame(former[name], value))
  if (differing.length === 0) return 'unchanged'
  const assignments = differing.map(([name, value]) => {
    const { column, cast } = columnOf(editable, name)
    return cast === undefined
      ? sql`${named(column)} = ${value}`
      : sql`${named(column)} = ${JSON.stringify(value)}::jsonb`
  })
  await execute(
    client,
    sql`/* edit */ update ${named(editable.table)} set ${joined(assignments)} where ${named(editable.key)} = ${id}`,
  )
  const changed = Object.fromEntries(
    differing.map(([name, value]) => [name, { from: former[name] ?? null, to: value }]),
  )
  await recordRevision(client, { subject: editable.subject, id, changed, change })
  return 'changed'
}

async function lockedMembers(
  client: Queryable,
  editable: Editable,
  { id, names }: { readonly id: string; readonly names: readonly string[] },
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const columns = names.map((name) => sql`${named(columnOf(editable, name).column)} as ${named(`"${name}"`)}`)
  return queryOne(
    client,
    sql`/* what is edited */
      select ${joined([sql`true as "isThere"`, ...columns])} from ${named(editable.table)}
      where ${named(editable.key)} = ${id} for no key update`,
  )
}

function columnOf({ columns, subject }: Editable, name: string): Column {
  const column = columns[name]
  if (column === undefined) throw new Error(`${name} of a ${subject} cannot be edited`)
  return column
}

function isSame(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other)
}

/** PostgreSQL keeps the members of a jsonb value in its own order. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value ?? null)
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Keeps what a change altered. */
export async function recordRevision(
  client: Queryable,
  revision: {
    readonly subject: RevisedSubject
    readonly id: string
    readonly changed: Revision['changed']
    readonly change: Change
  },
): Promise<void> {
  const { subject, id, changed, change } = revision
  await execute(
    client,
    sql`/* revision */
      insert into access.revision (subject, subject_id, by, reason, changed)
      values (${subject}, ${id}, ${change.by}, ${change.reason ?? null}, ${JSON.stringify(changed)}::jsonb)`,
  )
}

export async function revisionsOf(
  client: Queryable,
  subject: RevisedSubject,
  subjectId: string,
): Promise<readonly Revision[]> {
  const rows = await query<Revision>(
    client,
    sql`/* revisions, the newest first */
      select at, by, reason, changed from access.revision where subject = ${subject} and subject_id = ${subjectId} order by revision_id desc`,
  )
  return rows.map(withoutNulls)
}
