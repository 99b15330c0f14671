// Months of the tables that grow for ever, made ahead (docs/adr/0034).

import type pg from 'pg'
import { execute, sql } from './sql.ts'

/** The current month and those after it. */
const MONTHS_AHEAD = 3

/** What lies by month in Japan. */
export const MONTHLY_TABLES = ['audit.event', 'audit.seal', 'journal.exchange'] as const

/** Months (JST) of the tables from `now` on; what is there stays as it is. What no month was made for in time lies in the default partition. */
export async function makeMonths(pool: pg.Pool, tables: readonly string[], now: Date): Promise<void> {
  await execute(
    pool,
    sql`/* months ahead */
      select audit.make_month(t, (date_trunc('month', ${now}::timestamptz at time zone 'Asia/Tokyo') + n * interval '1 month')::date)
      from unnest(${tables}::text[]) as t cross join generate_series(0, ${MONTHS_AHEAD - 1}::int) as n`,
  )
}
