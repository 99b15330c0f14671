// The journal is searched by index, newest first, page by page (docs/adr/0039; idlink L-3).

import t from 'tap'
import { fillJournal, invented } from '../../../src/cli/bench/journal-rows.ts'
import { createJournalReader } from '../../../src/db/journal/search.ts'
import type { JournalCriteria, JournalRecord } from '../../../src/journal/search.ts'
import { openDatabase } from '../database.ts'
import { explaining, type Node, rowsRead, scannedTables } from '../explaining.ts'

const ROWS = 24_000
const PAGE = 20
const NOW = new Date('2026-11-21T03:00:00Z')

const pool = await openDatabase(t, 2)
await fillJournal(pool, { rows: ROWS, months: 4, now: NOW })

/** What every page together says, without an index of ours. */
async function truth(where: string, values: readonly unknown[]): Promise<readonly string[]> {
  const { rows } = await pool.query<{ exchange_id: string }>(
    `select exchange_id from journal.exchange where ${where} order by at desc, exchange_id desc`,
    [...values],
  )
  return rows.map(({ exchange_id }) => exchange_id)
}

async function allPages(criteria: JournalCriteria, most = Number.POSITIVE_INFINITY): Promise<readonly JournalRecord[]> {
  const reader = createJournalReader(pool)
  const found: JournalRecord[] = []
  let after: string | undefined
  do {
    const page = await reader.search({ criteria, limit: PAGE, ...(after === undefined ? {} : { after }) })
    found.push(...page.entries)
    after = page.next
  } while (after !== undefined && found.length < most)
  return found
}

/** An example of what the invented entries have. */
async function one(column: string, where: string): Promise<string> {
  const { rows } = await pool.query<{ value: string }>(
    `select ${column} as value from journal.exchange where ${where} limit 1`,
  )
  return rows[0]?.value ?? 'none'
}

const second = await one('documents[2]', 'cardinality(documents) > 1')
const refusedSystem = await one('system_id', `'ROLE_MISSING' = any(error_codes)`)
const system = invented.system(5)

const CASES: readonly {
  readonly name: string
  readonly criteria: JournalCriteria
  readonly where: string
  readonly values: readonly unknown[]
}[] = [
  {
    name: 'patient',
    criteria: { patient: invented.patient(4711) },
    where: '$1 = any(patients)',
    values: [invented.patient(4711)],
  },
  { name: 'second document', criteria: { documentUniqueId: second }, where: '$1 = any(documents)', values: [second] },
  {
    name: 'message',
    criteria: { messageId: invented.messageId(77) },
    where: 'message_id = $1',
    values: [invented.messageId(77)],
  },
  { name: 'code', criteria: { code: 'ROLE_MISSING' }, where: `'ROLE_MISSING' = any(error_codes)`, values: [] },
  {
    name: 'code of a system',
    criteria: { code: 'ROLE_MISSING', systemId: refusedSystem },
    where: `'ROLE_MISSING' = any(error_codes) and system_id = $1`,
    values: [refusedSystem],
  },
  { name: 'system', criteria: { systemId: system }, where: 'system_id = $1', values: [system] },
  {
    name: 'facility',
    criteria: { facilityId: invented.facility(6) },
    where: 'facility_id = $1',
    values: [invented.facility(6)],
  },
  { name: 'rare transaction', criteria: { transaction: 'ITI-62' }, where: `transaction = 'ITI-62'`, values: [] },
  { name: 'partial', criteria: { result: 'partial' }, where: `result = 'partial'`, values: [] },
  {
    name: 'refused of a system',
    criteria: { systemId: system, result: 'failure' },
    where: `system_id = $1 and result = 'failure'`,
    values: [system],
  },
  {
    name: 'time',
    criteria: { from: new Date('2026-10-31T14:50:00Z'), to: new Date('2026-10-31T15:40:00Z') },
    where: 'at >= $1 and at < $2',
    values: ['2026-10-31T14:50:00Z', '2026-10-31T15:40:00Z'],
  },
]

for (const { name, criteria, where, values } of CASES)
  t.test(`${name}: every entry once, the newest first, by index, over all pages`, async (t) => {
    const found = await allPages(criteria)
    const expected = await truth(where, values)
    t.ok(expected.length > 0, `${expected.length} entries are there`)
    t.same(
      found.map(({ exchangeId }) => exchangeId),
      expected,
    )
    const plans: Node[] = []
    await createJournalReader(explaining(pool, plans)).search({ criteria, limit: PAGE })
    t.same(
      plans.flatMap(scannedTables).filter((table) => table.startsWith('exchange_')),
      [],
      'no month is read through',
    )
    t.ok(
      plans.reduce((sum, plan) => sum + rowsRead(plan), 0) < 6000,
      `${plans.reduce((sum, plan) => sum + rowsRead(plan), 0)} rows are looked at, of ${ROWS}`,
    )
  })
