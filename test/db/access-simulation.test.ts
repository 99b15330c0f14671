// A day of looks is read by index, page by page, however long journal and audit are (style 2.9: an explain test).

import t from 'tap'
import { createExplainingReads } from '../../src/db/access/explaining.ts'
import { rowsAfter } from '../../src/db/access/simulation.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead } from './explaining.ts'

const EXCHANGES = 30_000
const PAGE = 200

const pool = await openDatabase(t, 4)
await pool.query(
  `insert into journal.exchange (exchange_id, at, door, endpoint, transaction, peer, patients, result, error_codes, errors, duration_ms, request_bytes)
   select gen_random_uuid(), '2026-11-20T00:00:00+09:00'::timestamptz + make_interval(mins => g - ${EXCHANGES / 2}), 'https', 'x', 'ITI-18', 'x', '{}',
          'success', '{}', '[]', 1, 1 from generate_series(1, $1) g`,
  [EXCHANGES],
)
await pool.query(
  `insert into audit.event (exchange_id, event_code, action, type_code, outcome, system_id, facility_id, peer, endpoint, patients, objects)
   select exchange_id, '110112', 'E', case when random() < 0.5 then 'ITI-18' else 'ITI-41' end, 0, 's', 'f', 'x', 'x', '{}', '{}' from journal.exchange`,
)
await pool.query(
  `insert into access.facility (facility_id, oid, name, kind) select f, f, f, 'viewing' from (select 'f' || g from generate_series(1, 200) g) x (f);
   insert into access.facility_union (union_id, name, kind) values ('u', 'u', 'open');
   insert into access.union_member (union_id, facility_id) select 'u', facility_id from access.facility;
   insert into access.consent (person_key, kind, recorded_by) select g % 10000, 'comprehensive', 'test' from generate_series(1, 30000) g`,
)
await pool.query('analyze')

const asked = { networkMode: 'consent', queries: ['ITI-18'], reads: ['ITI-43'], day: '2026-11-20' } as const

t.test('a page brings up a page, from the first to the last of the day', async (t) => {
  let after = { at: '2026-11-20T00:00:00+09:00', eventId: '0' }
  const seen = new Set<string>()
  for (;;) {
    const plans: Node[] = []
    const rows = await rowsAfter(explaining(pool, plans), asked, after)
    const read = plans.map(rowsRead).reduce((sum, one) => sum + one, 0)
    t.ok(read < 12 * PAGE, `${read} rows read for ${rows.length}`)
    for (const { event_id } of rows) seen.add(event_id)
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) break
    after = { at: last.at, eventId: last.event_id }
  }
  const { rows } = await pool.query(
    `select count(*)::int as n from journal.exchange join audit.event using (exchange_id)
     where type_code = 'ITI-18' and journal.exchange.at >= '2026-11-19T15:00:00Z' and journal.exchange.at < '2026-11-20T15:00:00Z'`,
  )
  t.equal(seen.size, rows[0].n, 'each event of the day in Japan, once')
})

t.test('what stands behind one person is read by index', async (t) => {
  const plans: Node[] = []
  const reads = createExplainingReads(explaining(pool, plans))
  await reads.behind({ personKey: '17', facilityId: 'f7', publisher: 'f8' })
  await reads.doors({ facilityId: 'f7', systemId: 'none', staffId: 'nobody' })
  await reads.documents('17', '2.25.1')
  const read = plans.map(rowsRead).reduce((sum, one) => sum + one, 0)
  t.ok(read < 100, `${read} rows read`)
})
