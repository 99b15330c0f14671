// The time of an exchange by station: what is spent adds up to how long it took (design §2).

import t from 'tap'
import { enter, startAt, timingsOf } from '../../src/model/stations.ts'

t.test('every millisecond belongs to one station, also to one that is entered again and to the last', async (t) => {
  const startedMs = performance.now()
  const stations = startAt('receive', startedMs)
  for (const station of ['decode', 'wait', 'decode', 'act'] as const) enter(stations, station)
  const nowMs = performance.now() + 20
  const timings = timingsOf(stations, nowMs)
  t.same(Object.keys(timings).sort(), ['act', 'decode', 'receive', 'wait'])
  t.ok((timings.act ?? 0) >= 20)
  const sum = Object.values(timings).reduce((total, ms) => total + ms, 0)
  t.ok(Math.abs(sum - (nowMs - startedMs)) < 0.01, `${sum} of ${nowMs - startedMs}`)
})

t.test('an exchange whose stations nobody asks for walks all the same', async (t) => {
  t.doesNotThrow(() => enter(undefined, 'act'))
})
