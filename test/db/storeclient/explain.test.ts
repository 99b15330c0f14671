// A push and the sweep of held messages look numbers up by index, however many a facility has (style 2.9).

import t from 'tap'
import { factColumns } from '../../../src/db/access/facts.ts'
import { writtenAs } from '../../../src/db/access-store.ts'
import { query, sql } from '../../../src/db/sql.ts'
import { wakeLinked } from '../../../src/db/storeclient/withheld-upkeep.ts'
import { openDatabase } from '../database.ts'
import { explaining, type Node, rowsRead } from '../explaining.ts'

const NUMBERS = 20_000
const HELD = 300

const pool = await openDatabase(t, 4)
await pool.query(
  `insert into access.facility (facility_id, oid, name, kind) select f, f, f, 'store-client' from unnest('{a,b}'::text[]) f`,
)
await pool.query(
  `insert into identity.domain (oid, name, kind, facility_id) select 'd' || f, f, 'facility', f from unnest('{a,b}'::text[]) f`,
)
await pool.query(`insert into access.system (system_id, facility_id, roles) values ('s', 'a', '{store-client}')`)
await pool.query('insert into identity.person select from generate_series(1, $1)', [NUMBERS])
await pool.query(
  `insert into identity.identifier (domain, value, person_key)
   select d, '00' || person_key, person_key from identity.person, unnest('{da,db}'::text[]) d`,
)
await pool.query(
  `insert into journal.withheld (seal_id, reason, facility_id, system_id, number, kind, control_id, sent_at, claim_scope, claim_key, sha256,
                                 size_bytes, context, key_id, content, exchange_id, received_at, expires_at)
   select gen_random_uuid(), 'unlinked', 'a', 's', (case when g = 1 then '007' else 'U' || g end), '', '', '', '', g::text, '', 1, '{}', 'k', 'x',
          gen_random_uuid(), now(), now() + interval '1 day' from generate_series(1, $1) g`,
  [HELD],
)
await pool.query('analyze')

for (const [form, canonical] of [
  ['exact', '007'],
  ['strip', '7'],
] as const)
  t.test(`a number of a facility that writes them ${form} is read alone`, async (t) => {
    await pool.query('update access.facility set patient_id_form = $1', [form])
    const plans: Node[] = []
    const rows = await query<{ readonly value: string }>(
      explaining(pool, plans),
      sql`select i.value, ${factColumns('a')} from identity.domain o join access.facility f on f.facility_id = o.facility_id
          join identity.identifier i on i.domain = o.oid and i.value = any(${writtenAs(sql`${canonical}::text`)})
          where o.kind = 'facility' and o.facility_id = 'a'`,
    )
    t.same(
      rows.map(({ value }) => value),
      ['007'],
    )
    const [plan] = plans
    t.ok(plan !== undefined && rowsRead(plan) < 60, `${plan === undefined ? '' : rowsRead(plan)} rows read`)
  })

t.test('the sweep reads the numbers that wait, and wakes the one that is linked', async (t) => {
  await pool.query(`update access.facility set patient_id_form = 'exact'`)
  const plans: Node[] = []
  t.equal(await wakeLinked(explaining(pool, plans)), undefined, 'all were asked')
  const read = plans.map(rowsRead).reduce((sum, rows) => sum + rows, 0)
  t.ok(read < HELD * 5, `${read} rows read for ${HELD} numbers`)
  const { rows } = await pool.query(`select key from graphile_worker.jobs`)
  t.same(rows, [{ key: 'release a 007' }])
})
