// A search walks the months of Japan back without gap or overlap (docs/adr/0039).

import t from 'tap'
import { monthsBack } from '../../../src/db/journal/months.ts'
import { placeBefore } from '../../../src/journal/search.ts'

const now = new Date('2026-11-21T03:00:00Z')

t.test('months begin at midnight in Japan, and follow one another down to where the search ends', async (t) => {
  const windows = [...monthsBack({ before: undefined, from: new Date('2026-09-10T00:00:00Z'), now })]
  t.same(
    windows.map(({ from, before, isLast }) => [from?.toISOString(), before?.at, isLast]),
    [
      ['2026-10-31T15:00:00.000Z', undefined, 'no'],
      ['2026-09-30T15:00:00.000Z', '2026-10-31T15:00:00.000Z', 'no'],
      ['2026-09-10T00:00:00.000Z', '2026-09-30T15:00:00.000Z', 'yes'],
    ],
  )
})

t.test('a page that ended at the beginning of a month goes on with the month before', async (t) => {
  const begin = new Date('2026-10-31T15:00:00Z')
  const [first] = monthsBack({ before: placeBefore(begin), from: new Date('2026-01-01T00:00:00Z'), now })
  t.equal(first?.from?.toISOString(), '2026-09-30T15:00:00.000Z')
  // An entry of that very moment, after which others of it may come.
  const entry = { at: begin.toISOString(), id: '019a0000-0000-7000-8000-000000000000' }
  const [same] = monthsBack({ before: entry, from: new Date('2026-01-01T00:00:00Z'), now })
  t.equal(same?.from?.toISOString(), begin.toISOString())
})
