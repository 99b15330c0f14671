// Sealing on a real database: late commits, months, several sealers at once (security d.9; docs/adr/0034, 0036).

import t from 'tap'
import { sealAll, sealBatch } from '../../../src/db/audit/sealer.ts'
import { openDatabase } from '../database.ts'
import { addEvent, seals } from './events.ts'

t.setTimeout(120_000)

const pool = await openDatabase(t, 12)

const waiting = async (): Promise<number> =>
  (await pool.query<{ count: number }>('select count(*)::int as count from audit.unsealed')).rows[0]?.count ?? 0

t.test('a transaction that commits late is sealed late, not passed over (d.9)', async (t) => {
  const late = await pool.connect()
  await late.query('begin')
  const first = await addEvent(late)
  const second = await addEvent(pool)
  t.equal(await sealAll(pool), 1)
  await late.query('commit')
  late.release()
  t.equal(await sealAll(pool), 1)
  t.same(
    (await seals(pool)).map(({ event_id, seq, position }) => [event_id, seq, position]),
    [
      [second, '1', '1'],
      [first, '2', '2'],
    ],
  )
  t.equal(await waiting(), 0)
})

t.test('what was rolled back is sealed never', async (t) => {
  const client = await pool.connect()
  await client.query('begin')
  await addEvent(client)
  await client.query('rollback')
  client.release()
  t.equal(await sealAll(pool), 0)
})

t.test('an event goes to the chain of its month in Japan, also when that is over (d.9)', async (t) => {
  const before = (await seals(pool)).length
  await addEvent(pool, { at: '2031-03-31T14:59:59.999999Z' })
  await addEvent(pool, { at: '2031-03-31T15:00:00Z' })
  await addEvent(pool, { at: '2031-03-31T14:00:00Z' })
  t.equal(await sealAll(pool), 3)
  const added = (await seals(pool)).slice(before)
  t.same(
    added.map(({ chain, seq }) => `${chain} ${seq}`),
    ['2031-03 1', '2031-04 1', '2031-03 2'],
  )
  const { rows } = await pool.query('select chain, previous_chain, previous_seq from audit.chain order by chain')
  t.match(rows.at(-1), { chain: '2031-04', previous_chain: '2031-03', previous_seq: '0' })
})

t.test('sealers and writers at once: every event once, numbers without gaps', async (t) => {
  const before = (await seals(pool)).length
  let writing = true
  const sealers = [1, 2, 3].map(async () => {
    let sealed = 0
    while (writing) sealed += await sealBatch(pool, 7)
    return sealed
  })
  const written = await Promise.all(
    Array.from({ length: 6 }, async (_, writer) => {
      const ids: string[] = []
      for (let n = 0; n < 25; n += 1) {
        const client = await pool.connect()
        await client.query('begin')
        ids.push(await addEvent(client))
        if ((n + writer) % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
        await client.query('commit')
        client.release()
      }
      return ids
    }),
  )
  writing = false
  const byLoops = (await Promise.all(sealers)).reduce((sum, one) => sum + one, 0)
  t.equal(byLoops + (await sealAll(pool)), 150)
  const all = await seals(pool)
  const added = all.slice(before)
  t.same([...added.map(({ event_id }) => event_id)].sort(), written.flat().sort())
  t.same(
    all.map(({ position }) => Number(position)),
    all.map((_, index) => index + 1),
  )
  const { rows } = await pool.query<{ whole: boolean }>(
    'select count(*) = max(seq) and max(seq) = (select c.seq from audit.chain c where c.chain = s.chain) as whole from audit.seal s group by chain',
  )
  t.ok(rows.every(({ whole }) => whole))
})

t.test('an event that is taken away before it is sealed leaves an event that says so (d.9)', async (t) => {
  const id = await addEvent(pool)
  await pool.query('alter table audit.event disable trigger user')
  await pool.query('alter table audit.event_other disable trigger user')
  const { rows: months } = await pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit.event'::regclass`,
  )
  for (const { name } of months) await pool.query(`alter table ${name} disable trigger user`)
  await pool.query('delete from audit.event where event_id = $1', [id])
  await pool.query('alter table audit.event enable trigger user')
  t.equal(await sealAll(pool), 1)
  t.equal(await sealAll(pool), 1, 'the event about it')
  const { rows } = await pool.query(
    'select outcome, type_code, objects from audit.event order by event_id desc limit 1',
  )
  t.same(rows, [
    {
      outcome: 12,
      type_code: 'audit-chain',
      objects: { by: 'upkeep', alert: `event ${id} was removed before it was sealed` },
    },
  ])
})
