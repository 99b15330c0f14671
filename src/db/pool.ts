// The pool of PostgreSQL connections and the one way to run a transaction (reliability: durability, database errors).

import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { iheError } from '../../profiles/errors/index.ts'
import { causeOf, failureKind, refusalOf } from './failure.ts'
import { execute, type Queryable, sql } from './sql.ts'

export { failureKind, sqlState } from './failure.ts'

const DATE = 1082
const TIMESTAMP = 1114
const DATE_ARRAY = 1182
const TIMESTAMP_ARRAY = 1115
const TEXT_ARRAY = 1009

const STATEMENT_TIMEOUT_MS = 10_000
const IDLE_IN_TRANSACTION_MS = 30_000
/** A message that waits longer for a connection is refused as busy (reliability: back-pressure). */
const MAX_WAIT_MS = 2000
const IDLE_MS = 60_000
/**
 * Every statement is a named one written for one plan, by index: planning it anew for each value, or compiling it, costs more than
 * running it, and a plan made while a table was small must not read the whole table when it has grown. A lock is waited for at
 * most five seconds, then the sender hears that we are busy.
 */
const SESSION = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off -c lock_timeout=5s'
/**
 * What a database or a role of others may be set to otherwise, and every statement of ours counts on: how instants, numbers and names of
 * tables are written, what a backslash and a null mean, that a statement sees what was committed before it, and that nobody ends a
 * connection that waits.
 */
const COUNTED_ON =
  '-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1 -c timezone=UTC -c standard_conforming_strings=on ' +
  '-c transform_null_equals=off -c default_transaction_isolation=read\\ committed -c idle_session_timeout=0 -c search_path=public ' +
  '-c quote_all_identifiers=off'
const MAX_ATTEMPTS = 6
const BACKOFF_MS = 10

const asText = (value: string): string => value

/**
 * How values are read: date and timestamp stay text (a Date of the driver is local time and shifts a birth date by a day), bigint and
 * numeric stay text as the driver leaves them; cast counts to int in the statement.
 */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === DATE || oid === TIMESTAMP) return asText
    const readAs = oid === DATE_ARRAY || oid === TIMESTAMP_ARRAY ? TEXT_ARRAY : oid
    return pg.types.getTypeParser(readAs, format === 'binary' ? 'binary' : 'text')
  }) as typeof pg.types.getTypeParser,
}

/** Where the database is: a URL, or the fields of an embedded server. */
export type DatabaseConnection = Readonly<pg.PoolConfig>

/**
 * A connection whose sessions have the settings that we count on, and `more`. They stand behind those that its own options ask for, and those
 * of a URL (`?options=`), which would otherwise take the place of all of ours.
 */
export function withSettings(connection: DatabaseConnection, more = ''): DatabaseConnection {
  const [address, asked] = connection.connectionString?.split(/\?(.*)/s) ?? []
  const parameters = new URLSearchParams(asked)
  const theirs = parameters.get('options')
  parameters.delete('options')
  return {
    ...connection,
    ...(theirs === null ? {} : { connectionString: `${address}?${parameters}` }),
    options: [connection.options, theirs, COUNTED_ON, more].filter(Boolean).join(' '),
  }
}

/**
 * A pool of at most `size` connections with our type parsers and time-outs.
 * `onIdleError` hears of connections that broke while nobody used them; the pool replaces them by itself.
 */
export function createPool(
  connection: DatabaseConnection,
  size: number,
  onIdleError: (error: Error) => void = () => {},
): pg.Pool {
  const pool = new pg.Pool({
    application_name: 'tsunagi',
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    connectionTimeoutMillis: MAX_WAIT_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    types,
    ...withSettings(connection, SESSION),
    max: size,
  })
  pool.on('error', onIdleError)
  // The pool listens to idle connections only; one that breaks while in use would end the process. Its user learns of it by its query.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** COMMIT was sent and its answer never came. */
class CommitUnknown extends Error {
  constructor(cause: unknown) {
    super('the connection to the database was lost during COMMIT; whether it took effect has to be looked up', {
      cause,
    })
    this.name = 'CommitUnknown'
  }
}

/**
 * Runs `work` in one transaction (READ COMMITTED) and commits. Conflicts (40001, 40P01) and connections lost before COMMIT are run
 * again, at most five times with jitter, so `work` must have no effect outside the database.
 * @throws {IheError} BUSY when the database cannot be reached or has no room, or conflicts do not end.
 * @throws {IheError} OUTCOME_UNKNOWN when the connection was lost during COMMIT: sent again, the message meets its idempotency row.
 * @throws whatever `work` throws, after ROLLBACK.
 */
export async function transaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptTransaction(pool, work)
    } catch (error) {
      if (error instanceof CommitUnknown) throw iheError('OUTCOME_UNKNOWN', { cause: error })
      const kind = failureKind(causeOf(error))
      const mayRepeat = kind === 'conflict' || kind === 'connection'
      if (!mayRepeat || attempt === MAX_ATTEMPTS) throw kind === 'conflict' ? busy(error) : refusalOf(error)
      await delay(BACKOFF_MS * 2 ** attempt * Math.random())
    }
  }
}

async function attemptTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let failure: unknown
  try {
    await client.query('begin')
    const result = await work(client)
    await commit(client)
    return result
  } catch (error) {
    failure = error
    throw error
  } finally {
    client.release(await isUnusable(client, failure))
  }
}

async function commit(client: pg.PoolClient): Promise<void> {
  let answer: pg.QueryResult
  try {
    answer = await client.query('commit')
  } catch (error) {
    throw failureKind(error) === 'connection' ? new CommitUnknown(error) : error
  }
  // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error: `work` has swallowed one.
  if (answer.command !== 'COMMIT')
    throw new Error('the transaction was rolled back: an error inside it was not passed on')
}

/** Ends what is left of a failed transaction; true when the connection must not go back to the pool. */
async function isUnusable(client: pg.PoolClient, failure: unknown): Promise<boolean> {
  if (failure === undefined) return false
  if (failure instanceof CommitUnknown || failureKind(causeOf(failure)) === 'connection') return true
  try {
    await client.query('rollback')
    return false
  } catch {
    return true
  }
}

function busy(error: unknown): unknown {
  return refusalOf(Object.assign(new Error('conflicts did not end', { cause: error }), { code: '55P03' }))
}

const LONG_STATEMENT_TIMEOUT = '120s'

/** A change of very much takes longer than a statement of everyday may: a person with very many documents, something of every patient. */
export async function allowTime(client: Queryable): Promise<void> {
  await execute(
    client,
    sql`/* a change of very much */ select set_config('statement_timeout', ${LONG_STATEMENT_TIMEOUT}, true)`,
  )
}
