// Months of the tables that grow for ever are made whatever lies in the way of one of them (docs/adr/0034).

import t from 'tap'
import { makeMonths } from '../../src/db/partitions.ts'
import { addEvent } from './audit/events.ts'
import { openDatabase } from './database.ts'

t.setTimeout(60_000)

const pool = await openDatabase(t, 4)
const months = async (): Promise<readonly string[]> =>
  (
    await pool.query<{ name: string }>(
      `select relname as name from pg_class where relname ~ '^event_20(3|4).*' and relkind = 'r' order by 1`,
    )
  ).rows.map(({ name }) => name)

t.test(
  'an event of a clock that ran ahead keeps its month from being made, and no other one (retention)',
  async (t) => {
    await addEvent(pool, { at: '2030-05-10T00:00:00Z' })
    await t.rejects(makeMonths(pool, ['audit.event'], new Date('2030-04-10T00:00:00Z')), 'it is told')
    t.same(await months(), ['event_2030_04', 'event_2030_06'])
  },
)

t.test('who writes waits a second at most for a month that waits for a long look at the log', async (t) => {
  const reader = await pool.connect()
  await reader.query('begin')
  await reader.query('select count(*) from audit.event')
  const making = makeMonths(pool, ['audit.event'], new Date('2040-01-10T00:00:00Z')).then(
    () => 'made',
    () => 'not now',
  )
  const startedMs = performance.now()
  t.equal(await making, 'not now')
  t.ok(performance.now() - startedMs < 4500, 'one second for each month')
  await reader.query('rollback')
  reader.release()
  await makeMonths(pool, ['audit.event'], new Date('2040-01-10T00:00:00Z'))
  t.same((await months()).slice(-3), ['event_2040_01', 'event_2040_02', 'event_2040_03'])
})
