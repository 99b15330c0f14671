// Whether what the database has committed is on its disk: nothing is acknowledged on less (reliability: durability; PostgreSQL, 19.5).

import { type Queryable, query, sql } from './sql.ts'

/** With `synchronous_commit` everything but `off` waits for the disk; a standby besides is for the operator to say. */
const NEEDED = ['fsync', 'full_page_writes', 'synchronous_commit']

/** @throws {Error} in plain words, when a crash of the machine would take what was acknowledged, or damage it. */
export async function assertDurable(database: Queryable): Promise<void> {
  const rows = await query<{ readonly name: string; readonly value: string }>(
    database,
    sql`/* how durable a commit is */
      select s.name, current_setting(s.name) as value from unnest(${NEEDED}::text[]) as s (name)`,
  )
  const off = rows.filter(({ value }) => value === 'off').map(({ name }) => name)
  if (off.length === 0) return
  throw new Error(
    `the database has ${off.map((name) => `${name} = off`).join(', ')}: a power cut would take what was acknowledged. ` +
      'Switch it on, for the server or for this database and user',
  )
}
