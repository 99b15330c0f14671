// Months of the tables that grow for ever, made ahead (docs/adr/0034).

import type pg from 'pg'
import { transaction } from './pool.ts'
import { execute, sql } from './sql.ts'

/** The current month and those after it. */
const MONTHS_AHEAD = 3

/** What lies by month in Japan. */
export const MONTHLY_TABLES = ['audit.event', 'audit.seal', 'journal.exchange'] as const

/** Whoever writes waits behind a month that waits for those who read; one that does not get through is tried again. */
const LOCK_WAIT = '1s'

/**
 * Months (JST) of the tables from `now` on; what is there stays as it is. What no month was made for in time lies in the default partition,
 * and keeps its month from being made, but not those after it.
 * @throws what kept the first one from being made, when all were tried.
 */
export async function makeMonths(pool: pg.Pool, tables: readonly string[], now: Date): Promise<void> {
  const failures: unknown[] = []
  for (const table of tables)
    for (let ahead = 0; ahead < MONTHS_AHEAD; ahead += 1)
      await makeMonth(pool, { table, ahead, now }).catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

function makeMonth(
  pool: pg.Pool,
  { table, ahead, now }: { readonly table: string; readonly ahead: number; readonly now: Date },
): Promise<void> {
  return transaction(pool, async (client) => {
    await execute(client, sql`select set_config('lock_timeout', ${LOCK_WAIT}, true)`)
    await execute(
      client,
      sql`/* months ahead */
        select audit.make_month(${table}, (date_trunc('month', ${now}::timestamptz at time zone 'Asia/Tokyo') + ${ahead}::int * interval '1 month')::date)`,
    )
  })
}
