// A pool that is one connection within one transaction: work that was written for a pool is done as a whole, then kept or undone as a
// whole (docs/adr/0038).

import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { iheError } from '../../profiles/errors/index.ts'
import { causeOf, failureKind, refusalOf } from './failure.ts'

/** Rows that a transaction has written so far, of one table; a partition counts for its table. */
export interface TableChange {
  readonly table: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

export interface OneTransaction {
  /** Stands for the pool until the work is over. */
  readonly pool: pg.Pool
  /** What would be committed now, without what was undone on the way. */
  readonly changes: () => Promise<readonly TableChange[]>
}

export interface Limits {
  /** No statement begins after it. */
  readonly totalMs: number
  readonly statementMs: number
  readonly lockMs: number
}

export interface Ended<T> {
  readonly result: T
  readonly end: 'commit' | 'rollback'
}

/** Longest wait of one transaction of the work for another one of it; as for a pool that has no connection left. */
const MAX_WAIT_MS = 2000

/**
 * Runs `work` on a stand-in for the pool. What it commits lies in savepoints of one transaction, of which nothing is seen outside until
 * the work is over: then all of it is committed, or nothing.
 * @throws {IheError} BUSY without a connection, or when the database has no room.
 * @throws {IheError} OUTCOME_UNKNOWN when the connection was lost during COMMIT.
 * @throws whatever `work` throws, after ROLLBACK.
 */
export async function inOneTransaction<T>(
  pool: pg.Pool,
  limits: Limits,
  work: (one: OneTransaction) => Promise<Ended<T>>,
): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw refusalOf(error)
  })
  let isBroken = false
  let line: Line | undefined
  try {
    line = await begin(client, limits)
    const { result, end } = await work({ pool: poolOn(line), changes: line.changes })
    await line.close()
    await finish(client, end)
    return result
  } catch (error) {
    await line?.close()
    isBroken = failureKind(causeOf(error)) === 'connection' || (await isUnusable(client))
    throw refusalOf(error)
  } finally {
    client.release(isBroken)
  }
}

async function finish(client: pg.PoolClient, end: Ended<unknown>['end']): Promise<void> {
  if (end === 'rollback') {
    await client.query('rollback')
    return
  }
  try {
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back: an error inside it was not passed on')
  } catch (error) {
    throw failureKind(error) === 'connection' ? iheError('OUTCOME_UNKNOWN', { cause: error }) : error
  }
}

async function isUnusable(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('rollback')
    return false
  } catch {
    return true
  }
}

/** The one connection: its statements one after the other, and what each table has got. */
interface Line {
  /** A statement of the work, or a step of ours; none begins before the one before it is over. */
  readonly alone: <T>(step: (client: pg.PoolClient) => Promise<T>) => Promise<T>
  readonly mark: () => Promise<Mark>
  /** Undoes what came after the mark, and forgets it. */
  readonly undo: (mark: Mark) => Promise<void>
  readonly changes: () => Promise<readonly TableChange[]>
  /** Waits for what is under way; nothing begins any more. */
  readonly close: () => Promise<void>
}

type Counts = ReadonlyMap<string, readonly [inserted: number, updated: number, deleted: number]>

interface Mark {
  readonly savepoint: string
  readonly before: Counts
}

async function begin(client: pg.PoolClient, limits: Limits): Promise<Line> {
  await client.query('begin')
  await client.query(
    `select set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
            set_config('idle_in_transaction_session_timeout', $3, true)`,
    [limits.statementMs, limits.lockMs, limits.totalMs].map(String),
  )
  const endsMs = performance.now() + limits.totalMs
  const start = await countsOf(client)
  let undone: Counts = new Map()
  let savepoints = 0
  let isClosed = false
  let last: Promise<unknown> = Promise.resolve()
  const alone: Line['alone'] = (step) => {
    const turn = last.then(() => {
      if (isClosed) throw new Error('the transaction is over')
      if (performance.now() > endsMs) throw iheError('BUSY', { rule: `at most ${limits.totalMs / 1000} s` })
      return step(client)
    })
    last = turn.catch(() => undefined)
    return turn
  }
  return {
    alone,
    mark: async () => {
      savepoints += 1
      const savepoint = `point_${savepoints}`
      const before = await countsOf(client)
      await client.query(`savepoint ${savepoint}`)
      return { savepoint, before }
    },
    undo: async ({ savepoint, before }) => {
      await client.query(`rollback to savepoint ${savepoint}`)
      await client.query(`release savepoint ${savepoint}`)
      undone = sum(undone, difference(await countsOf(client), before))
    },
    changes: () => alone(async () => listed(difference(difference(await countsOf(client), start), undone))),
    close: async () => {
      await last
      isClosed = true
    },
  }
}

/** What PostgreSQL counted in this transaction, and may still hold of those before it: what was undone is counted like what was not. */
async function countsOf(client: pg.PoolClient): Promise<Counts> {
  const { rows } = await client.query<{ table: string; inserted: string; updated: string; deleted: string }>({
    name: 'written in this transaction',
    text: `select coalesce(pg_partition_root(relid), relid)::regclass::text as table,
                  sum(n_tup_ins) as inserted, sum(n_tup_upd) as updated, sum(n_tup_del) as deleted
           from pg_stat_xact_user_tables group by 1 having sum(n_tup_ins + n_tup_upd + n_tup_del) > 0`,
  })
  return new Map(
    rows.map(({ table, inserted, updated, deleted }) => [table, [Number(inserted), Number(updated), Number(deleted)]]),
  )
}

const NOTHING = [0, 0, 0] as const

function difference(counts: Counts, less: Counts): Counts {
  return new Map(
    [...counts].map(([table, [inserted, updated, deleted]]) => {
      const [i, u, d] = less.get(table) ?? NOTHING
      return [table, [inserted - i, updated - u, deleted - d]]
    }),
  )
}

function sum(counts: Counts, more: Counts): Counts {
  return new Map(
    [...new Set([...counts.keys(), ...more.keys()])].map((table) => {
      const [inserted, updated, deleted] = counts.get(table) ?? NOTHING
      const [i, u, d] = more.get(table) ?? NOTHING
      return [table, [inserted + i, updated + u, deleted + d]]
    }),
  )
}

function listed(counts: Counts): readonly TableChange[] {
  return [...counts]
    .map(([table, [inserted, updated, deleted]]) => ({ table, inserted, updated, deleted }))
    .filter(({ inserted, updated, deleted }) => inserted + updated + deleted > 0)
    .sort((one, other) => (one.table < other.table ? -1 : 1))
}

type Query = readonly [text: string | pg.QueryConfig, values?: unknown[]]

/** Only what the stores use of a pool: `query` and `connect`. */
function poolOn(line: Line): pg.Pool {
  let holder: Promise<void> = Promise.resolve()
  const connect = async () => {
    const before = holder
    let free = (): void => {}
    const held = new Promise<void>((resolve) => {
      free = resolve
    })
    holder = before.then(() => held)
    if (!(await isOverSoon(before))) {
      free()
      throw new Error('timeout exceeded when trying to connect')
    }
    return clientOn(line, free)
  }
  const stand = { query: (...query: Query) => committed(line, query), connect }
  return stand as unknown as pg.Pool
}

async function isOverSoon(promise: Promise<void>): Promise<boolean> {
  const waited = new AbortController()
  const late = delay(MAX_WAIT_MS, false, { signal: waited.signal }).catch(() => false)
  const over = await Promise.race([promise.then(() => true), late])
  waited.abort()
  return over
}

/**
 * A statement that commits by itself. While a transaction of the work is open it is run inside that one: its answer may be what the
 * transaction waits for.
 */
function committed(line: Line, query: Query): Promise<pg.QueryResult> {
  return line.alone(async (client) => {
    const mark = await line.mark()
    try {
      const result = await send(client, query)
      await client.query(`release savepoint ${mark.savepoint}`)
      return result
    } catch (error) {
      // A connection that is gone undoes it all the same; the error to tell is the first one.
      await line.undo(mark).catch(() => undefined)
      throw error
    }
  })
}

function send(client: pg.PoolClient, [text, values]: Query): Promise<pg.QueryResult> {
  return values === undefined ? client.query(text) : client.query(text, values)
}

/** A connection of the stand-in: its transactions are savepoints. */
function clientOn(line: Line, free: () => void) {
  let open: Mark | undefined
  const undo = async (): Promise<void> => {
    const mark = open
    open = undefined
    if (mark !== undefined) await line.undo(mark)
  }
  /** As PostgreSQL does it, a failed transaction answers COMMIT with ROLLBACK. */
  const commit = async (client: pg.PoolClient): Promise<{ readonly command: string }> => {
    try {
      if (open !== undefined) await client.query(`release savepoint ${open.savepoint}`)
      open = undefined
      return { command: 'COMMIT' }
    } catch {
      await undo()
      return { command: 'ROLLBACK' }
    }
  }
  return {
    query: (...query: Query): Promise<unknown> => {
      switch (query[0]) {
        case 'begin':
          return line.alone(async () => {
            open = await line.mark()
          })
        case 'commit':
          return line.alone(commit)
        case 'rollback':
          return line.alone(undo)
      }
      return open === undefined ? committed(line, query) : line.alone((client) => send(client, query))
    },
    /** What was left open is undone, as of a connection that is thrown away. */
    release: (): void => {
      if (open === undefined) free()
      else line.alone(undo).then(free, free)
    },
  }
}
