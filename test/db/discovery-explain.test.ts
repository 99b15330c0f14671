// What communities were told by discovery is read by index, however much was told: by every access decision, and when it is told (style 2.9).

import t from 'tap'
import { factColumns } from '../../src/db/access/facts.ts'
import { holdersOf, keepCorrelated } from '../../src/db/discovery.ts'
import { query, sql } from '../../src/db/sql.ts'
import { oid } from '../identity/in-memory.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead } from './explaining.ts'

const PERSONS = 3000
const EAST = '2.25.9101'
const AFFINITY = oid('2.25.9100')

const pool = await openDatabase(t, 4)
await pool.query(
  `insert into access.facility (facility_id, oid, name, kind) select f, f, f, 'viewing' from (values ('east'), ('west'), ('clinic')) as x (f)`,
)
await pool.query(
  `insert into access.partner (facility_id, community, query_url, retrieve_url, discovery_url, identity, added_by)
   select f, '2.25.910' || n, 'https://x', 'https://x', 'https://x', 'xcpd', 'test' from (values ('east', 1), ('west', 2)) as x (f, n)`,
)
await pool.query(
  `insert into identity.domain (oid, name, kind, facility_id) values ($1, 'NETWORK', 'community', null), ('2.25.9110', 'EAST', 'facility', 'east')`,
  [AFFINITY],
)
await pool.query(`insert into identity.person select from generate_series(1, $1)`, [PERSONS])
await pool.query(
  `insert into identity.identifier (domain, value, person_key, status) select $1, 'P' || person_key, person_key, 'active' from identity.person`,
  [AFFINITY],
)
await pool.query(
  `insert into identity.correlation (facility_id, person_key, side, home, domain, value, exchange_id, expires_at, ended_at, ended_reason)
   select f, person_key, side, '2.25.9100', $1, 'P' || person_key, gen_random_uuid(), now() + interval '30 days',
          case when again = 1 then null else now() end, case when again = 1 then null else 'told again' end
   from identity.person, (values ('east'), ('west')) as x (f), (values ('ours'), ('theirs')) as y (side), generate_series(1, 2) again`,
  [AFFINITY],
)
await pool.query('analyze')

/** Rows that a statement brings up. */
async function read(work: (pool: ReturnType<typeof explaining>) => Promise<unknown>): Promise<number> {
  const plans: Node[] = []
  await work(explaining(pool, plans))
  return plans.map(rowsRead).reduce((sum, rows) => sum + rows, 0)
}

const FACTS_OF = (facility: string, persons: number) =>
  sql`select i.person_key, ${factColumns(facility)} from generate_series(1, ${persons}::int) as i (person_key)`

t.test('the facts of a person towards a community, and towards a facility that is none', async (t) => {
  for (const facility of ['east', 'clinic']) {
    for (const persons of [1, 50]) {
      const rows = await read((pool) => query(pool, FACTS_OF(facility, persons)))
      t.ok(rows < 12 * persons, `${persons} towards ${facility}: ${rows} rows read`)
    }
  }
  const [told] = await query<{ linked: boolean }>(pool, FACTS_OF('east', 1))
  t.equal(told?.linked, true)
  const [other] = await query<{ linked: boolean }>(pool, FACTS_OF('clinic', 1))
  t.equal(other?.linked, false)
})

t.test('what is told to a community, and by it', async (t) => {
  const correlated = {
    person: '7',
    facilityId: 'east',
    exchangeId: '019aa3f0-7c00-7000-8000-00000000000a',
    ours: { id: { authority: AFFINITY, value: 'P7' }, home: AFFINITY, forSeconds: 60 },
    theirs: { id: { authority: oid('2.25.9120'), value: 'E7' }, home: oid(EAST), forMs: 60_000 },
  }
  const running = async () =>
    query(
      pool,
      sql`select side, value from identity.correlation where person_key = 7 and facility_id = 'east' and ended_at is null order by side`,
    )
  await keepCorrelated(pool, correlated)
  t.same(await running(), [
    { side: 'ours', value: 'P7' },
    { side: 'theirs', value: 'E7' },
  ])
  await keepCorrelated(pool, { ...correlated, person: '8' })
  t.equal(
    (await query(pool, sql`select from identity.correlation where value = 'E7' and ended_at is null`)).length,
    1,
    'an id that is somebody’s is not another’s too',
  )
  const ids = [correlated.ours.id, correlated.theirs.id]
  t.ok((await read((pool) => holdersOf(pool)(ids))) < 20)
  t.match(await holdersOf(pool)(ids), [{ person: '7', domain: { oid: AFFINITY, kind: 'community' } }])
  await pool.query(
    `insert into identity.identifier (domain, value, person_key, status) values ('2.25.9110', 'L-7', 7, 'active')`,
  )
  await keepCorrelated(pool, {
    ...correlated,
    theirs: { ...correlated.theirs, id: { authority: oid('2.25.9120'), value: 'E70' } },
  })
  t.match(await running(), [{ side: 'ours' }, { side: 'theirs', value: 'E7' }], 'a number that is linked goes first')
})
