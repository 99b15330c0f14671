// The clock of this machine beside that of the database, which all servers of a network share (reliability: lifecycle, clock; ITI-1).

import { type Queryable, queryOne, sql } from './sql.ts'

/**
 * How far our clock is certainly off, milliseconds: positive when it is ahead. What the answer took is in doubt, and no offset.
 * @throws as query.
 */
export async function clockOffsetMs(client: Queryable): Promise<number> {
  const asked = Date.now()
  const row = await queryOne<{ readonly ms: number }>(
    client,
    sql`/* what time is it */ select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`,
  )
  const answered = Date.now()
  const ms = Math.floor(row?.ms ?? asked)
  return asked > ms ? asked - ms : Math.min(0, answered - ms)
}
