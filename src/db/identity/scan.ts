// Reads of the whole index, for administration: in one state of it, with the time and the plans that such reads need.

import type pg from 'pg'
import { transaction } from '../pool.ts'
import { execute, sql } from '../sql.ts'

const STATEMENT_TIMEOUT = '5min'

/** The pool's connections are set up for reads of a few rows: no sequential scans, ten seconds. Here both are needed. */
export function scanning<T>(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  return transaction(pool, async (client) => {
    await execute(client, sql`set transaction isolation level repeatable read, read only`)
    await execute(
      client,
      sql`/* a read of the whole index */
        select set_config('statement_timeout', ${STATEMENT_TIMEOUT}, true), set_config('enable_seqscan', 'on', true)`,
    )
    return work(client)
  })
}
