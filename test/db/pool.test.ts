// Pool, named statements and transactions against a real PostgreSQL (reliability: durability, database errors).

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { createPool, sqlState, transaction } from '../../src/db/pool.ts'
import { execute, query, queryOne, sql } from '../../src/db/sql.ts'
import { IheError } from '../../src/model/error.ts'

const root = mkdtempSync(join(tmpdir(), 'tsunagi-pool-'))
const server = await startEmbeddedPostgres({ directory: join(root, 'postgres') })
const pool = createPool(server.connection, 4)
await pool.query('create table counter (id int primary key, value int not null)')
await pool.query('insert into counter values (1, 0), (2, 0)')
t.teardown(async () => {
  await pool.end()
  await server.stop()
  rmSync(root, { recursive: true, force: true })
})

function isBusy(error: unknown): boolean {
  return error instanceof IheError && error.row.code === 'BUSY'
}

t.test('dates, timestamps and bigints are read as text, instants as Date', async (t) => {
  const row = await queryOne(
    pool,
    sql`select date '1950-01-02' as day, timestamp '2026-04-01 08:30:00' as local, array[date '1950-01-02'] as days,
      9007199254740993::bigint as big, 7::int as small, timestamptz '2026-04-01T00:00:00Z' as instant`,
  )
  t.strictSame(row, {
    day: '1950-01-02',
    local: '2026-04-01 08:30:00',
    days: ['1950-01-02'],
    big: '9007199254740993',
    small: 7,
    instant: new Date('2026-04-01T00:00:00Z'),
  })
})

t.test('a database of others is read as ours is, however it is set and whatever its address asks for', async (t) => {
  const name = 'theirs'
  await pool.query(`create database ${name}`)
  for (const setting of [
    `datestyle to 'SQL, DMY'`,
    `intervalstyle to 'sql_standard'`,
    `timezone to 'America/New_York'`,
    `standard_conforming_strings to off`,
    `transform_null_equals to on`,
    `default_transaction_isolation to 'serializable'`,
    `extra_float_digits to -5`,
    `idle_session_timeout to '1h'`,
    `search_path to 'information_schema'`,
    `quote_all_identifiers to on`,
  ])
    await pool.query(`alter database ${name} set ${setting}`)
  const { user, password, host = '', port } = server.connection
  const address = `postgresql://${user}:${password}@/${name}?host=${encodeURIComponent(host)}&port=${port}`
  const asking = `${address}&options=${encodeURIComponent('-c work_mem=8MB -c DateStyle=German')}`
  for (const connectionString of [address, asking]) {
    const theirs = createPool({ connectionString }, 1)
    const [row] = await query(
      theirs,
      sql`select date '1950-01-02' as day, timestamptz '2026-03-04T00:00:00Z' as instant, to_jsonb(timestamptz '2026-03-04T00:00:00Z') as told,
            interval '90 minutes'::text as lasting, '\\d' = chr(92) || 'd' as backslash, (null = null) is null as unknown,
            0.1::float8 + 0.2 as number, 'information_schema.tables'::regclass::text as relation,
            current_setting('transaction_isolation') as isolation, current_setting('idle_session_timeout') as silent,
            current_setting('enable_seqscan') as scan, current_setting('lock_timeout') as patience`,
    )
    t.strictSame(row, {
      day: '1950-01-02',
      instant: new Date('2026-03-04T00:00:00Z'),
      told: '2026-03-04T00:00:00+00:00',
      lasting: '01:30:00',
      backslash: true,
      unknown: true,
      number: 0.1 + 0.2,
      relation: 'information_schema.tables',
      isolation: 'read committed',
      silent: '0',
      scan: 'off',
      patience: '5s',
    })
    t.equal((await theirs.query('show work_mem')).rows[0].work_mem, connectionString === asking ? '8MB' : '4MB')
    await theirs.end()
  }
})

t.test('values travel as parameters and each call site has one prepared statement', async (t) => {
  const find = (name: string) => sql`select ${name}::text as name`
  t.equal(find('a').name, find('b').name)
  t.equal(find('a').text, 'select $1::text as name')
  t.strictSame(await query(pool, find("'; drop table counter; --")), [{ name: "'; drop table counter; --" }])
  const client = await pool.connect()
  await query(client, find('a'))
  const prepared = await client.query('select count(*)::int as n from pg_prepared_statements where name = $1', [
    find('a').name,
  ])
  t.strictSame(prepared.rows, [{ n: 1 }])
  client.release()
})

t.test('a statement within a statement keeps its values, renumbered', async (t) => {
  const condition = sql`id = ${1} and value >= ${0}`
  const whole = sql`select id from counter where ${condition} and id < ${10}`
  t.equal(whole.text, 'select id from counter where id = $1 and value >= $2 and id < $3')
  t.strictSame(whole.values, [1, 0, 10])
  t.strictSame(await query(pool, whole), [{ id: 1 }])
  t.equal(await execute(pool, sql`update counter set value = value where id < ${10}`), 2)
})

t.test('a transaction commits as a whole or not at all', async (t) => {
  await transaction(pool, (client) => execute(client, sql`update counter set value = 5 where id = 1`))
  const failing = transaction(pool, async (client) => {
    await execute(client, sql`update counter set value = 6 where id = 1`)
    throw new Error('changed my mind')
  })
  await t.rejects(failing, /changed my mind/)
  t.strictSame(await query(pool, sql`select value from counter where id = 1`), [{ value: 5 }])
})

t.test('a constraint that decides keeps its SQLSTATE', async (t) => {
  const error = await transaction(pool, (client) => execute(client, sql`insert into counter values (1, 1)`)).catch(
    (e) => e,
  )
  t.equal(sqlState(error), '23505')
})

t.test('an error that work swallowed is not committed silently', async (t) => {
  const swallowed = transaction(pool, async (client) => {
    await execute(client, sql`insert into counter values (1, 1)`).catch(() => undefined)
  })
  await t.rejects(swallowed, /rolled back/)
})

t.test('a deadlock is run again until both succeed (40P01)', async (t) => {
  await pool.query('update counter set value = 0')
  let attempts = 0
  const both = (first: number, second: number): Promise<void> =>
    transaction(pool, async (client) => {
      attempts += 1
      await execute(client, sql`update counter set value = value + 1 where id = ${first}`)
      await client.query('select pg_sleep(0.2)')
      await execute(client, sql`update counter set value = value + 1 where id = ${second}`)
    })
  await Promise.all([both(1, 2), both(2, 1)])
  t.equal(attempts, 3)
  t.strictSame(await query(pool, sql`select value from counter order by id`), [{ value: 2 }, { value: 2 }])
})

t.test('conflicts that do not end are answered as busy after six attempts', async (t) => {
  let attempts = 0
  const conflict = transaction(pool, async () => {
    attempts += 1
    throw Object.assign(new Error('could not serialize access'), { code: '40001' })
  })
  t.equal(await conflict.catch(isBusy), true)
  t.equal(attempts, 6)
})

t.test('a connection lost before COMMIT is run again on another one', async (t) => {
  let attempts = 0
  await transaction(pool, async (client) => {
    attempts += 1
    await execute(client, sql`update counter set value = 100 where id = 1`)
    if (attempts === 1) await client.query('select pg_terminate_backend(pg_backend_pid())')
  })
  t.equal(attempts, 2)
  t.strictSame(await query(pool, sql`select value from counter where id = 1`), [{ value: 100 }])
})

t.test('a connection lost during COMMIT is neither success nor failure', async (t) => {
  const relay = await cuttingRelay()
  const through = createPool({ ...server.connection, host: '127.0.0.1', port: relay.port }, 1)
  t.teardown(async () => {
    await through.end()
    relay.close()
  })
  const outcome = await transaction(through, (client) =>
    execute(client, sql`update counter set value = 7 where id = 2`),
  ).catch((error: unknown) => error)
  t.equal(outcome instanceof IheError && outcome.row.code, 'OUTCOME_UNKNOWN')
})

t.test('a database that cannot be reached is busy, for reads and for transactions', async (t) => {
  const nowhere = createPool({ ...server.connection, host: '127.0.0.1', port: 1 }, 1)
  t.teardown(() => nowhere.end())
  t.equal(await query(nowhere, sql`select 1`).catch(isBusy), true)
  t.equal(await transaction(nowhere, async () => undefined).catch(isBusy), true)
})

t.test('a statement that runs out of time and a pool without a free connection are busy', async (t) => {
  // Long enough for a busy machine to make a connection.
  const impatient = createPool({ ...server.connection, statement_timeout: 50, connectionTimeoutMillis: 1500 }, 1)
  t.teardown(() => impatient.end())
  t.equal(await query(impatient, sql`select pg_sleep(5)`).catch(isBusy), true)
  const held = await impatient.connect()
  t.equal(await query(impatient, sql`select 1`).catch(isBusy), true)
  held.release()
})

/** Passes bytes to the server, and drops the connection when COMMIT passes by. */
async function cuttingRelay(): Promise<{ readonly port: number; readonly close: () => void }> {
  const { connect } = await import('node:net')
  const path = `${server.connection.host}/.s.PGSQL.${server.connection.port}`
  const relay = createServer((near: Socket) => {
    const far = connect(path)
    near.on('error', () => {}).on('close', () => far.destroy())
    far.on('error', () => {}).on('close', () => near.destroy())
    far.pipe(near)
    near.on('data', (bytes) => (bytes.includes('commit\0') ? near.destroy() : far.write(bytes)))
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const address = relay.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, close: () => relay.close() }
}
