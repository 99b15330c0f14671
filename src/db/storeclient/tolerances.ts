// What was tolerated of each system, counted in memory and added to its table in batches, away from the answers (StoreClient).

import type pg from 'pg'
import type { ToleratedRow } from '../../model/tolerated.ts'
import { execute, query, sql } from '../sql.ts'

export interface Tolerated {
  readonly systemId: string
  readonly exchangeId: string
  readonly at: Date
  readonly codes: readonly string[]
}

export interface ToleranceStore {
  /** Counts what was tolerated in one message; the journal has it already. */
  readonly note: (tolerated: Tolerated) => void
  /** All that was ever tolerated of a system, the latest first, with what this process has not yet added. */
  readonly of: (systemId: string) => Promise<readonly ToleratedRow[]>
  /** Adds what is counted; what cannot be added is kept for the next time. */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

interface Log {
  readonly warn: (fields: object, message: string) => void
}

const FLUSH_MS = 5_000

interface Counted {
  readonly systemId: string
  readonly code: string
  readonly firstSeen: Date
  readonly lastSeen: Date
  readonly count: number
  readonly lastExchange: string
}

/** The store of one process; a crash loses the counts of the last seconds, never what the journal says of each message. */
export function createToleranceStore(pool: pg.Pool, log: Log): ToleranceStore {
  let counted = new Map<string, Counted>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  function add(one: Counted): void {
    const key = `${one.systemId} ${one.code}`
    const known = counted.get(key)
    counted.set(key, known === undefined ? one : together(known, one))
  }

  async function write(): Promise<void> {
    if (counted.size === 0) return
    const rows = [...counted.values()]
    counted = new Map()
    try {
      await addRows(pool, rows)
    } catch (error) {
      log.warn({ cause: (error as Error).name }, 'tolerances could not be counted yet')
      for (const row of rows) add(row)
      schedule()
    }
  }

  function schedule(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void flush()
    }, FLUSH_MS).unref()
  }

  function flush(): Promise<void> {
    writing = writing.then(write)
    return writing
  }

  return {
    note: ({ systemId, exchangeId, at, codes }) => {
      for (const code of new Set(codes))
        add({ systemId, code, firstSeen: at, lastSeen: at, count: 1, lastExchange: exchangeId })
      schedule()
    },
    of: async (systemId) => {
      await flush()
      return toleratedOf(pool, systemId)
    },
    flush,
    close: async () => {
      await flush()
      clearTimeout(timer)
    },
  }
}

function together(a: Counted, b: Counted): Counted {
  const [first, last] = a.lastSeen <= b.lastSeen ? [a, b] : [b, a]
  return {
    ...last,
    firstSeen: first.firstSeen < last.firstSeen ? first.firstSeen : last.firstSeen,
    count: a.count + b.count,
  }
}

/** In the order of the key, so that two processes never wait for one another. */
async function addRows(pool: pg.Pool, rows: readonly Counted[]): Promise<void> {
  await execute(
    pool,
    sql`/* tolerances of systems */
      insert into journal.tolerance as t (system_id, code, first_seen, last_seen, count, last_exchange)
      select c."systemId", c.code, c."firstSeen", c."lastSeen", c.count, c."lastExchange"
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as c("systemId" text, code text, "firstSeen" timestamptz, "lastSeen" timestamptz, count bigint, "lastExchange" uuid)
      order by 1, 2
      on conflict (system_id, code) do update set
        first_seen = least(t.first_seen, excluded.first_seen),
        last_exchange = case when excluded.last_seen >= t.last_seen then excluded.last_exchange else t.last_exchange end,
        last_seen = greatest(t.last_seen, excluded.last_seen),
        count = t.count + excluded.count`,
  )
}

interface StoredRow {
  readonly code: string
  readonly first_seen: Date
  readonly last_seen: Date
  readonly count: string
  readonly last_exchange: string
}

async function toleratedOf(pool: pg.Pool, systemId: string): Promise<readonly ToleratedRow[]> {
  const rows = await query<StoredRow>(
    pool,
    sql`/* tolerances of a system */ select code, first_seen, last_seen, count, last_exchange from journal.tolerance
        where system_id = ${systemId} order by last_seen desc, code`,
  )
  return rows.map((row) => ({
    code: row.code,
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
    count: Number(row.count),
    lastJournal: row.last_exchange,
  }))
}
