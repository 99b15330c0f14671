// Emergency access is read by index, however many grants there were: at the door, at the list, and when what is due is looked for (style 2.9).

import t from 'tap'
import { endDue, forgetMisses, ofUser, remindOverdue } from '../../src/db/access/emergency-ending.ts'
import { countEmergencies, findGrants, findNotices } from '../../src/db/access/emergency-views.ts'
import { factColumns } from '../../src/db/access/facts.ts'
import { query, sql } from '../../src/db/sql.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead } from './explaining.ts'

const GRANTS = 20_000

const pool = await openDatabase(t, 4)
await pool.query(
  `insert into access.facility (facility_id, oid, name, kind) select f, f, f, 'viewing' from (select 'f' || g from generate_series(1, 100) g) x (f)`,
)
await pool.query(
  `insert into access.emergency_grant (facility_id, user_name, person_key, publisher_id, number, number_authority, origin, reason_code, reason,
                                       consent_kind, chart_noted, started_at, ends_at, ended_at, reviewed_at)
   select 'f' || g % 100 + 1, 'user ' || g % 200, g, 'f100', g::text, '2.25.1', 'staff', 'unreferred', 'x', 'oral', true,
          now() - make_interval(days => g % 700 + 2), now() - make_interval(days => g % 700 + 1), now() - make_interval(days => g % 700 + 1), now()
   from generate_series(1, $1) g`,
  [GRANTS],
)
await pool.query(
  `insert into access.emergency_notice (grant_id, facility_id, contact, due_at, noted_at, contacted_at)
   select grant_id, 'f' || (grant_id + 1) % 100 + 1, 'due', ends_at, ends_at, ends_at from access.emergency_grant`,
)
await pool.query('analyze')

/** Rows that a statement brings up. */
async function read(work: (pool: ReturnType<typeof explaining>) => Promise<unknown>): Promise<number> {
  const plans: Node[] = []
  await work(explaining(pool, plans))
  return plans.map(rowsRead).reduce((sum, rows) => sum + rows, 0)
}

t.test('the newest of a facility, of a month, and of the whole network', async (t) => {
  const pages = [
    { limit: 20 },
    { limit: 20, facilityId: 'f7' },
    { limit: 20, facilityId: 'f7', after: '10000' },
    { limit: 20, from: new Date(Date.now() - 4 * 86_400_000), to: new Date() },
  ]
  for (const page of pages) {
    const rows = await read((pool) => findGrants(pool, page))
    t.ok(rows < 600, `${JSON.stringify(page)}: ${rows} rows read`)
  }
  const inbox = await read((pool) => findNotices(pool, { facilityId: 'f7', limit: 20 }))
  t.ok(inbox < 200, `inbox: ${inbox} rows read`)
})

t.test('what is due, what is counted, and what the decision asks', async (t) => {
  t.ok((await read((pool) => countEmergencies(pool))) < 20, 'counts look at what is open')
  t.ok((await read((pool) => remindOverdue(pool))) < 20)
  t.ok((await read((pool) => forgetMisses(pool))) < 20)
  t.ok(
    (await read((pool) =>
      query(
        pool,
        sql`select grant_id from access.emergency_grant g where ${ofUser({ facilityId: 'f51', name: 'user 50', job: 'doctor' })} and g.person_key = 50
                      order by g.grant_id desc limit 1`,
      ),
    )) < 400,
  )
  t.ok(
    (await read((pool) =>
      query(pool, sql`select ${factColumns('f51')} from (values (50::bigint)) as i (person_key)`),
    )) < 20,
  )
  t.equal(await endDue(pool), 0)
})
