// What was tolerated of systems, counted in batches: nothing lost when the database is away, two processes add to the same rows.

import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createToleranceStore } from '../../../src/db/storeclient/tolerances.ts'
import { openDatabase } from '../database.ts'

const pool = await openDatabase(t, 4)
const quiet = { warn: () => {} }
const at = (minute: number) => new Date(Date.UTC(2026, 3, 1, 0, minute))

t.test('messages are counted by system and code, with the first and the last one', async (t) => {
  const [here, there] = [createToleranceStore(pool, quiet), createToleranceStore(pool, quiet)]
  const ids = [randomUUID(), randomUUID(), randomUUID()] as const
  here.note({ systemId: 's', exchangeId: ids[0], at: at(1), codes: ['A', 'A', 'B'] })
  here.note({ systemId: 's', exchangeId: ids[2], at: at(9), codes: ['A'] })
  here.note({ systemId: 'other', exchangeId: ids[1], at: at(2), codes: ['A'] })
  there.note({ systemId: 's', exchangeId: ids[1], at: at(5), codes: ['A'] })
  await Promise.all([here.flush(), there.flush()])
  t.same(await here.of('s'), [
    { code: 'A', firstSeen: at(1), lastSeen: at(9), count: 3, lastJournal: ids[2] },
    { code: 'B', firstSeen: at(1), lastSeen: at(1), count: 1, lastJournal: ids[0] },
  ])
  t.same(await there.of('nobody'), [])
  await Promise.all([here.close(), there.close()])
})

t.test('what the database does not take is told and added later', async (t) => {
  const told: string[] = []
  const store = createToleranceStore(pool, { warn: (_, message) => told.push(message) })
  await pool.query('alter table journal.tolerance rename to tolerance_away')
  store.note({ systemId: 'late', exchangeId: randomUUID(), at: at(1), codes: ['A'] })
  await store.flush()
  store.note({ systemId: 'late', exchangeId: randomUUID(), at: at(2), codes: ['A'] })
  await pool.query('alter table journal.tolerance_away rename to tolerance')
  t.same(told, ['tolerances could not be counted yet'])
  t.match(await store.of('late'), [{ code: 'A', count: 2, firstSeen: at(1), lastSeen: at(2) }])
  await store.close()
})
