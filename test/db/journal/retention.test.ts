// The journal forgets: partitions are made ahead and dropped in time, and the space comes back (docs/adr/0035).

import t from 'tap'
import { createKeeper } from '../../../src/db/journal/keeper.ts'
import { dropOld, makeDays, tendJournal } from '../../../src/db/journal/retention.ts'
import { makeMonths } from '../../../src/db/partitions.ts'
import { createPool } from '../../../src/db/pool.ts'
import { execute, query, queryOne, sql } from '../../../src/db/sql.ts'
import { newJournalId } from '../../../src/model/journal-id.ts'
import { newKeyLine, parseKeyRing } from '../../../src/model/seal.ts'
import { openDatabase } from '../database.ts'

const RETENTION = { messageDays: 30, months: 13 }

t.test('retention', async (t) => {
  const pool = await openDatabase(t, 4)
  const partitions = async (parent: string) =>
    (
      await query<{ name: string }>(
        pool,
        sql`select inhrelid::regclass::text as name from pg_inherits where inhparent = ${parent}::regclass order by 1`,
      )
    ).map(({ name }) => name.replace(/^journal\./, ''))
  const sizeOf = async (): Promise<number> =>
    Number((await queryOne<{ size: string }>(pool, sql`select pg_database_size(current_database()) as size`))?.size)
  const exchange = (at: string) =>
    execute(
      pool,
      sql`insert into journal.exchange (exchange_id, at, door, endpoint, transaction, peer, patients, result, error_codes, errors, duration_ms, request_bytes)
          values (gen_random_uuid(), ${at}, 'https', '/x', 'ITI-18', 'p', '{}', 'success', '{}', '[]', 1, 1)`,
    )
  const block = (at: string) =>
    execute(
      pool,
      sql`insert into journal.kept (block_id, at, first_exchange, last_exchange, messages, key_id, sealed)
          select gen_random_uuid(), ${at}, gen_random_uuid(), gen_random_uuid(), 1, 'k', decode(repeat(md5(n::text), 500), 'hex')
          from generate_series(1, 500) n`,
    )

  await t.test('days are made ahead, in Japan, and once', async (t) => {
    const now = new Date('2030-03-10T15:30:00Z')
    await Promise.all([makeDays(pool, now), makeDays(pool, now)])
    await makeDays(pool, now)
    const made = (await partitions('journal.kept')).filter((name) => name.startsWith('kept_2030'))
    t.equal(made.length, 8)
    t.equal(made[0], 'kept_2030_03_11', 'it is past midnight there')
    await block('2030-03-10T15:00:00Z')
    t.same(await query(pool, sql`select count(*)::int as n from journal.kept_2030_03_11`), [{ n: 500 }])
  })

  await t.test('a day that already has stray messages is left alone', async (t) => {
    await block('2031-01-01T00:00:00Z')
    await makeDays(pool, new Date('2031-01-01T00:00:00Z'))
    t.notOk((await partitions('journal.kept')).includes('kept_2031_01_01'))
    t.ok((await partitions('journal.kept')).includes('kept_2031_01_02'))
  })

  await t.test(
    'a day that cannot be made keeps no other, and whoever writes waits a second at most for each',
    async (t) => {
      await execute(
        pool,
        sql`create table journal.kept_of_operator partition of journal.kept for values from ('2033-01-01T15:00:00Z') to ('2033-01-02T15:00:00Z')`,
      )
      await execute(pool, sql`create table public.waited (lock_timeout text)`)
      await execute(
        pool,
        sql`create function public.note_wait() returns event_trigger language plpgsql as
          'begin insert into public.waited values (current_setting(''lock_timeout'')); end'`,
      )
      await execute(
        pool,
        sql`create event trigger wait on ddl_command_end when tag in ('CREATE TABLE') execute function public.note_wait()`,
      )
      await t.rejects(makeDays(pool, new Date('2033-01-01T00:00:00Z')), { code: '42P17' }, 'it is told')
      await execute(pool, sql`drop event trigger wait`)
      const made = (await partitions('journal.kept')).filter((name) => name.startsWith('kept_2033'))
      t.same(
        made,
        [1, 3, 4, 5, 6, 7, 8].map((day) => `kept_2033_01_0${day}`),
      )
      t.same(await query(pool, sql`select distinct lock_timeout from public.waited`), [{ lock_timeout: '1s' }])
      await execute(pool, sql`drop table journal.kept_of_operator`)
    },
  )

  await t.test('what is too old goes, to the day and to the month, and its space comes back', async (t) => {
    await dropOld(pool, RETENTION, new Date('2028-12-01T00:00:00Z'))
    const now = new Date('2030-04-09T15:30:00Z')
    await makeMonths(pool, ['journal.exchange'], new Date('2029-02-10T00:00:00Z'))
    for (const at of ['2029-02-28T14:59:59Z', '2029-02-28T15:00:00Z', '2029-04-01T00:00:00Z']) await exchange(at)
    const before = await sizeOf()
    t.same(await dropOld(pool, RETENTION, now), ['exchange_2029_02'], 'the thirtieth day is not over')
    t.same(
      await query(pool, sql`select count(*)::int as n from journal.exchange where at < '2029-03-31'`),
      [{ n: 1 }],
      'March 2029 began in Japan',
    )
    t.same(await dropOld(pool, RETENTION, new Date('2030-04-10T15:30:00Z')), ['kept_2030_03_11'])
    t.ok((await sizeOf()) < before - 3_000_000, 'the space is back')
    t.same(await query(pool, sql`select count(*)::int as n from journal.kept where at < '2030-12-31'`), [{ n: 0 }])
    t.same(await dropOld(pool, RETENTION, new Date('2030-04-10T15:30:00Z')), [])
  })

  await t.test('stray messages and entries of no month go too', async (t) => {
    await exchange('2020-01-01T00:00:00Z')
    const days = (await partitions('journal.kept')).length
    await dropOld(pool, { messageDays: 30, months: 120 }, new Date('2031-02-02T00:00:00Z'))
    t.same(await query(pool, sql`select count(*)::int as n from journal.kept_other`), [{ n: 0 }])
    t.same(await query(pool, sql`select count(*)::int as n from journal.exchange_other where at < '2021-01-01'`), [
      { n: 0 },
    ])
    t.ok((await partitions('journal.kept')).length < days)
  })

  await t.test('what cannot be dropped keeps nothing else beyond its time (docs/adr/0035)', async (t) => {
    await makeDays(pool, new Date('2031-03-01T00:00:00Z'))
    await exchange('2020-01-01T00:00:00Z')
    await pool.query('create view public.of_an_operator as select block_id from journal.kept_2031_03_01')
    const late = new Date('2031-05-01T00:00:00Z')
    await t.rejects(dropOld(pool, RETENTION, late), { code: '2BP01' }, 'and it is told of')
    t.same(
      (await partitions('journal.kept')).filter((name) => name.startsWith('kept_2031_03')),
      ['kept_2031_03_01'],
    )
    t.same(await query(pool, sql`select count(*)::int as n from journal.exchange_other where at < '2021-01-01'`), [
      { n: 0 },
    ])
    await pool.query('drop view public.of_an_operator')
    t.same(await dropOld(pool, RETENTION, late), ['kept_2031_03_01'])
  })

  await t.test('a server whose role owns nothing keeps no message beyond its time (docs/audit.md)', async (t) => {
    await pool.query(`
      create role owning_nothing login password 'invented';
      grant usage on schema journal to owning_nothing;
      grant select, insert, delete on all tables in schema journal to owning_nothing`)
    const { host = '', port, database = '' } = pool.options
    const lesser = createPool({ host, port, database, user: 'owning_nothing', password: 'invented' }, 1)
    t.teardown(() => lesser.end())
    const strays = async () =>
      (
        await query<{ n: number }>(pool, sql`select count(*)::int as n from journal.kept_other where at < '2031-05-25'`)
      )[0]?.n
    await block('2031-05-20T00:00:00Z')
    t.equal(await strays(), 500)
    const late = new Date('2031-07-01T00:00:00Z')
    await t.rejects(tendJournal(lesser, RETENTION, late), { code: '42501' }, 'and it is told of')
    t.equal(await strays(), 0)
  })

  await t.test('a drop does not hold up those who write, nor fail with them', async (t) => {
    await makeDays(pool, new Date('2031-06-01T00:00:00Z'))
    const writer = await pool.connect()
    await writer.query('begin')
    await writer.query('select count(*) from journal.kept')
    const late = new Date('2032-06-01T00:00:00Z')
    await t.rejects(dropOld(pool, RETENTION, late), /cannot take this message now/)
    await writer.query('rollback')
    writer.release()
    t.ok((await dropOld(pool, RETENTION, late)).length > 0)
    const keeper = createKeeper({
      pool,
      keys: parseKeyRing(newKeyLine()),
      keeping: 'all',
      limits: { messageBytes: 1024, partBytes: 0 },
      lost: () => t.fail(),
    })
    keeper.keep({
      exchangeId: newJournalId(),
      direction: 'answer',
      sizeBytes: 1,
      bytes: Buffer.alloc(1),
      isWhole: true,
      parts: [],
    })
    await keeper.stop()
    t.equal(keeper.state().kept, 1, 'also a message whose day is gone')
  })
})
