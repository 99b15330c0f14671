// What makes sending again harmless is kept for so long and no longer: StoreClient and storages 400 days, others 30 (reliability rules, 3).

import t from 'tap'
import { forgetClaims } from '../../src/db/idempotency.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead, scannedTables } from './explaining.ts'

const pool = await openDatabase(t, 2)

const KEPT_EACH = 6000

await pool.query(
  `insert into journal.idempotency (scope, key, digest, created_at)
   select scope || ':hospital-a', days::text, 'd', now() - days * interval '1 day'
   from unnest('{storeclient,storage}'::text[]) scope, unnest('{1,31,399,401,500}'::int[]) days
   union all
   select scope, days::text, 'd', now() - days * interval '1 day' from unnest('{ITI-41 clinic-b,ITI-8 hospital-a}'::text[]) scope, unnest('{1,29,31,401}'::int[]) days
   union all
   select 'storeclient:hospital-b', n::text, 'd', now() - interval '100 days' from generate_series(1, ${KEPT_EACH}) n`,
)

async function kept(): Promise<readonly string[]> {
  const { rows } = await pool.query<{ claim: string }>(
    `select split_part(split_part(scope, ' ', 1), ':', 1) || ' ' || key as claim from journal.idempotency
     where scope <> 'storeclient:hospital-b' order by scope, key::int`,
  )
  return rows.map(({ claim }) => claim)
}

t.test('each is forgotten when its time is over, and looked for by its age', async (t) => {
  await pool.query('analyze journal.idempotency')
  const plans: Node[] = []
  t.equal(await forgetClaims(explaining(pool, plans)), 0, 'explained, they were gone when they were counted')
  t.same(await kept(), [
    'ITI-41 1',
    'ITI-41 29',
    'ITI-8 1',
    'ITI-8 29',
    'storage 1',
    'storage 31',
    'storage 399',
    'storeclient 1',
    'storeclient 31',
    'storeclient 399',
  ])
  for (const plan of plans) {
    t.same(scannedTables(plan), [])
    t.ok(rowsRead(plan) < 50, `${rowsRead(plan)} rows read`)
  }
  t.equal(await forgetClaims(pool), 0)
})

t.test('what piled up goes piece by piece', async (t) => {
  await pool.query(
    `insert into journal.idempotency (scope, key, digest, created_at)
     select 'ITI-42 clinic-b', n::text, 'd', now() - interval '2 years' from generate_series(1, 5000) n`,
  )
  const counts: number[] = []
  for (let count = await forgetClaims(pool); count > 0; count = await forgetClaims(pool)) counts.push(count)
  t.ok(counts.length > 1, `${counts}`)
  t.equal(
    counts.reduce((sum, count) => sum + count, 0),
    5000,
  )
})
