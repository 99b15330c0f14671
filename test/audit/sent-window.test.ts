// What is sent again after a connection broke: nothing that may be lost is passed over (RFC 5425, 4.4; docs/adr/0037).

import t from 'tap'
import { createSentWindow } from '../../src/audit/sent-window.ts'

/** One record a seal, a seal every so many milliseconds. */
function writing(
  window: ReturnType<typeof createSentWindow>,
  given: { from: number; count: number; everyMs: number; startMs?: number },
) {
  for (let n = 1; n <= given.count; n += 1) window.wrote(given.from + n, 1, (given.startMs ?? 0) + n * given.everyMs)
}

t.test('a record counts as sent when another followed, or its connection lived on for five seconds', async (t) => {
  const window = createSentWindow(10)
  window.opened()
  window.wrote(11, 1, 0)
  t.equal(window.progress(0).sentTo, 10)
  t.equal(window.progress(4999).sentTo, 10)
  t.equal(window.progress(5000).sentTo, 11)
  window.wrote(12, 1, 6000)
  window.wrote(13, 1, 6001)
  t.equal(window.progress(6001).sentTo, 12)
})

t.test('all that a connection brought is sent again when it breaks before it was ended in good order', async (t) => {
  const window = createSentWindow(0)
  window.opened()
  writing(window, { from: 0, count: 5000, everyMs: 10 })
  t.same(window.progress(50_000), { sentTo: 4999, resendFrom: 0 })
  window.broke(50_000)
  t.equal(window.position(), 0)
  t.equal(window.progress(60_000).sentTo, 4999, 'what was counted stays so')
})

t.test('after a good end nothing is sent again by whoever comes next', async (t) => {
  const window = createSentWindow(0)
  window.opened()
  writing(window, { from: 0, count: 10, everyMs: 1 })
  window.closed()
  t.same(window.progress(11), { sentTo: 10, resendFrom: 10 })
  window.broke(60_000)
  t.equal(window.position(), 10, 'a receiver that is away a minute later lost nothing')
})

t.test('the last 30 seconds, or the last 100 records, when the next connection fails or breaks', async (t) => {
  const slow = createSentWindow(0)
  slow.opened()
  writing(slow, { from: 0, count: 150, everyMs: 1000 })
  slow.closed()
  slow.opened()
  slow.wrote(151, 1, 151_000)
  t.equal(slow.progress(151_000).resendFrom, 51, 'a hundred records back')
  slow.broke(151_000)
  t.equal(slow.position(), 51)

  const fast = createSentWindow(0)
  fast.opened()
  writing(fast, { from: 0, count: 6000, everyMs: 10 })
  fast.closed()
  fast.broke(60_500)
  t.equal(fast.position(), 3050, 'thirty seconds back, though the connection ended well')
})

t.test('however often it breaks, no further back than that', async (t) => {
  const window = createSentWindow(0)
  window.opened()
  writing(window, { from: 0, count: 500, everyMs: 100 })
  window.closed()
  for (let n = 0; n < 5; n += 1) {
    window.opened()
    window.broke(51_000 + n)
  }
  t.equal(window.position(), 200)
})

t.test('seals without a record for this target count too', async (t) => {
  const window = createSentWindow(0)
  window.wrote(200, 0, 0)
  t.same(window.progress(0), { sentTo: 200, resendFrom: 200 })
})
