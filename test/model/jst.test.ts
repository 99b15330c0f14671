// Times of metadata as people in Japan read them (ITI TF-3 Table 4.2.3.1.7-2 DTM).

import t from 'tap'
import { isoOf, jstDay, jstIso, readable, xdsMoments } from '../../src/model/jst.ts'

t.test('a service without end, which sources write as the end of the year 9999, ends on its last day', async (t) => {
  for (const text of ['99991231235959', '99991231', '9999']) {
    const moments = xdsMoments(text)
    t.ok(moments)
    if (moments === undefined) continue
    t.equal(jstDay(moments.stopMs), '9999-12-31', text)
    t.equal(jstIso(moments.stopMs), '9999-12-31T23:59:59+09:00', text)
    t.match(isoOf(moments), /^9999/, text)
    t.match(readable(moments), /^9999/, text)
  }
})

t.test('days, months and years of metadata keep their precision', async (t) => {
  const shown = (text: string) => isoOf(xdsMoments(text) ?? { startMs: 0, stopMs: 0 })
  t.equal(shown('20240401'), '2024-04-01')
  t.equal(shown('202402'), '2024-02')
  t.equal(shown('2024'), '2024')
  t.equal(shown('20240401000000'), '2024-04-01T09:00:00+09:00')
})
