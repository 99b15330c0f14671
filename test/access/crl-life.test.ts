// When a revocation list begins to worry: half of its life, a quarter of it, and its end (RFC 5280 5.1.2.5).

import t from 'tap'
import { lifeOf } from '../../src/access/anchors.ts'

const list = {
  source: 'https://ca.example.jp/list.crl',
  thisUpdate: '2026-11-01T00:00:00Z',
  nextUpdate: '2026-11-05T00:00:00Z',
  revoked: 0,
}

t.test('the concern rises as the life of a list passes', async (t) => {
  const concerns = [
    ['2026-11-01T00:00:00Z', 'none'],
    ['2026-11-02T23:59:00Z', 'none'],
    ['2026-11-03T00:00:00Z', 'warning'],
    ['2026-11-03T23:59:00Z', 'warning'],
    ['2026-11-04T00:00:00Z', 'alarm'],
    ['2026-11-04T23:59:59Z', 'alarm'],
    ['2026-11-05T00:00:00Z', 'out of date'],
    ['2026-12-01T00:00:00Z', 'out of date'],
  ] as const
  for (const [now, concern] of concerns) t.equal(lifeOf(list, new Date(now)).concern, concern, now)
})

t.test('no list at all is one that is out of date', async (t) => {
  t.match(lifeOf({ source: list.source, revoked: 0 }, new Date()), { ratio: 0, seconds: 0, concern: 'out of date' })
})
