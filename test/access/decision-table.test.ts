// The decision table: every row by the short form that the read path takes, and by the explanation (design §4; security b.1-b.5; idlink R-1).

import t from 'tap'
import { admits, scopeOf } from '../../src/access/decide.ts'
import { explain, verdictOf } from '../../src/access/explain.ts'
import { FACTORS } from '../../src/model/access.ts'
import { rows } from './table.ts'

t.test('every row of the table is decided as it says', async (t) => {
  t.ok(rows.length >= 200, `${rows.length} rows`)
  t.equal(new Set(rows.map(({ name }) => name.split('->')[0])).size, rows.length, 'no situation stands twice')
  for (const { name, viewer, facts, document, expected } of rows)
    t.strictSame(admits(scopeOf(viewer, facts), document), expected, name)
})

t.test('the explanation of every row leads to its verdict', async (t) => {
  for (const { name, viewer, facts, document, expected } of rows) {
    const factors = explain(viewer, facts, document)
    t.strictSame(verdictOf(factors), expected, name)
    t.strictSame(
      factors.map((factor) => factor.name),
      FACTORS,
    )
  }
})

t.test('every reason that a document is seen or hidden for stands in the table', async (t) => {
  const reasons = new Set(rows.map(({ expected }) => expected.reason))
  t.equal(reasons.size, 19)
})
