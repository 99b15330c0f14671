// Work for a pool done as one transaction, against a real PostgreSQL: kept or undone as a whole, counted, bounded (docs/adr/0038).

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import t from 'tap'
import { errorRow } from '../../profiles/errors/index.ts'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { createGathering } from '../../src/db/gathering.ts'
import { inOneTransaction } from '../../src/db/one-transaction.ts'
import { createPool, transaction } from '../../src/db/pool.ts'
import { execute, query, queryOne, sql } from '../../src/db/sql.ts'

const root = mkdtempSync(join(tmpdir(), 'tsunagi-one-'))
const server = await startEmbeddedPostgres({ directory: join(root, 'postgres') })
const pool = createPool(server.connection, 4)
await pool.query('create table thing (id int primary key, word text not null)')
await pool.query(`create table monthly (id int not null, at date not null) partition by range (at)`)
await pool.query(`create table monthly_1 partition of monthly for values from ('2026-01-01') to ('2026-02-01')`)
t.teardown(async () => {
  await pool.end()
  await server.stop()
  rmSync(root, { recursive: true, force: true })
})
t.beforeEach(async () => void (await pool.query('truncate thing, monthly')))

const IS_BUSY = Object.assign(new Error(errorRow('BUSY')?.message), { name: 'IheError' })
const LIMITS = { totalMs: 20_000, statementMs: 5000, lockMs: 300 }
const put = (client: pg.Pool | pg.PoolClient, id: number, word = 'x') =>
  execute(client, sql`insert into thing (id, word) values (${id}, ${word})`)
const ids = async (client: pg.Pool) =>
  (await query<{ id: number }>(client, sql`select id from thing order by id`)).map(({ id }) => id)

t.test('everything is undone, and is counted by table before; a partition counts for its table', async (t) => {
  await put(pool, 1)
  const changes = await inOneTransaction(pool, LIMITS, async (one) => {
    await put(one.pool, 2)
    await transaction(one.pool, async (client) => {
      await put(client, 3)
      await execute(client, sql`update thing set word = ${'y'} where id <= ${2}`)
      await execute(client, sql`delete from thing where id = ${1}`)
    })
    await execute(one.pool, sql`insert into monthly values (${1}, ${'2026-01-05'})`)
    t.same(await ids(one.pool), [2, 3], 'the work sees what it did')
    t.same(await ids(pool), [1], 'nobody else does')
    return { result: await one.changes(), end: 'rollback' }
  })
  t.same(changes, [
    { table: 'monthly', inserted: 1, updated: 0, deleted: 0 },
    { table: 'thing', inserted: 2, updated: 2, deleted: 1 },
  ])
  t.same(await ids(pool), [1])
})

t.test(
  'what the work itself rolled back, and what failed, is not counted, and neither is what came before',
  async (t) => {
    await put(pool, 1)
    const changes = await inOneTransaction(pool, LIMITS, async (one) => {
      await t.rejects(
        transaction(one.pool, async (client) => {
          await put(client, 2)
          throw new Error('refused')
        }),
        { message: 'refused' },
      )
      await t.rejects(put(one.pool, 1), { code: '23505' }, 'a statement that fails spoils nothing after it')
      await t.rejects(
        transaction(one.pool, async (client) => {
          await put(client, 4)
          await put(client, 1).catch(() => undefined)
        }),
        /rolled back/,
        'a swallowed error is told at COMMIT, as by PostgreSQL',
      )
      await put(one.pool, 3)
      return { result: await one.changes(), end: 'rollback' }
    })
    t.same(changes, [{ table: 'thing', inserted: 1, updated: 0, deleted: 0 }])
  },
)

t.test('a transaction that lost a race is run again within', async (t) => {
  let attempts = 0
  await inOneTransaction(pool, LIMITS, async (one) => {
    await transaction(one.pool, async (client) => {
      attempts += 1
      await put(client, attempts)
      if (attempts < 3) throw Object.assign(new Error('lost a race'), { code: '40001' })
    })
    return { result: undefined, end: 'commit' }
  })
  t.same(await ids(pool), [3])
})

t.test('what is kept is kept in one commit', async (t) => {
  const gathered = await inOneTransaction(pool, LIMITS, async (one) => {
    const gather = createGathering<number, number>({
      maxRunning: 2,
      batchOf: (waiting) => Math.min(2, waiting.length),
      run: async (batch) => {
        for (const id of batch) await put(one.pool, id)
        return batch
      },
      divides: () => true,
    })
    const answers = await Promise.all([5, 6, 7].map(gather))
    await execute(one.pool, sql`select pg_notify('heard', 'now')`)
    return { result: answers, end: 'commit' }
  })
  t.same(gathered, [5, 6, 7])
  const row = await queryOne<{ commits: number }>(
    pool,
    sql`select count(distinct xmin::text)::int as commits from thing`,
  )
  t.same([row?.commits, await ids(pool)], [3, [5, 6, 7]], 'each a subtransaction of the one that was committed')
})

t.test(
  'a read by the pool inside an open transaction is answered, a second transaction waits for the first',
  async (t) => {
    await inOneTransaction(pool, LIMITS, async (one) => {
      await transaction(one.pool, async (client) => {
        await put(client, 1)
        t.same(await ids(one.pool), [1])
      })
      const order: number[] = []
      await Promise.all(
        [1, 2, 3].map((n) =>
          transaction(one.pool, async (client) => {
            order.push(n)
            await execute(client, sql`select pg_sleep(${0.02})`)
            order.push(n)
          }),
        ),
      )
      t.same(order, [1, 1, 2, 2, 3, 3])
      return { result: undefined, end: 'rollback' }
    })
  },
)

t.test('locks of others are waited for shortly, and no statement begins when the time is over', async (t) => {
  await put(pool, 1)
  const other = await pool.connect()
  await other.query('begin')
  await other.query('update thing set word = word')
  await t.rejects(
    inOneTransaction(pool, LIMITS, async (one) => {
      await execute(one.pool, sql`update thing set word = ${'z'} where id = ${1}`)
      return { result: undefined, end: 'commit' }
    }),
    IS_BUSY,
  )
  await other.query('rollback')
  other.release()
  await t.rejects(
    inOneTransaction(pool, { ...LIMITS, totalMs: 100 }, async (one) => {
      await execute(one.pool, sql`select pg_sleep(${0.12})`)
      await put(one.pool, 2)
      return { result: undefined, end: 'commit' }
    }),
    IS_BUSY,
  )
  t.same(await ids(pool), [1])
})

t.test(
  'a failure of the work undoes everything, gives the connection back, and the stand-in is of no use any more',
  async (t) => {
    let kept: pg.Pool | undefined
    await t.rejects(
      inOneTransaction(pool, LIMITS, async (one) => {
        kept = one.pool
        await put(one.pool, 1)
        throw new Error('after all')
      }),
      { message: 'after all' },
    )
    t.same(await ids(pool), [])
    await t.rejects(async () => (kept as pg.Pool | undefined)?.query('select 1'), /over/)
    t.equal(pool.totalCount, pool.idleCount)
  },
)
