// Gauges that are read when the metrics are: what cannot be read, or not in time, has no value and holds nothing up (docs/operations/metrics.md).

import { Registry } from 'prom-client'
import t from 'tap'
import { atMostEvery, createWatch } from '../../../src/http/metrics/gauges.ts'

const WITHIN_MS = 30

const plain = { one: { name: 'one', help: 'one' } }

t.test('one reading fills all gauges of its group, at the same scrape', async (t) => {
  const registry = new Registry()
  let readings = 0
  createWatch(registry)({
    group: 'both',
    gauges: { ...plain, many: { name: 'many', help: 'many', labels: ['of'] } },
    read: async () => {
      readings += 1
      return { one: readings, many: [{ labels: { of: `reading ${readings}` }, value: readings }] }
    },
  })
  for (const reading of [1, 2]) {
    const text = await registry.metrics()
    t.match(text, `\none ${reading}\n`)
    t.match(text, `\nmany{of="reading ${reading}"} ${reading}\n`)
    t.match(text, '\ntsunagi_metrics_readable{group="both"} 1\n')
    t.equal(text.match(/^many\{/gm)?.length, 1, 'what is no more is not told')
  }
  t.equal(readings, 2)
})

t.test('what cannot be read has no value, not even 0, and the others have theirs', async (t) => {
  const registry = new Registry()
  const watch = createWatch(registry)
  const answers = [{ one: 7 }, undefined]
  watch({
    group: 'broken',
    gauges: plain,
    read: async () => answers.shift() ?? Promise.reject(new Error('the database is away')),
  })
  watch({ group: 'whole', gauges: { two: { name: 'two', help: 'two' } }, read: async () => ({ two: 2 }) })
  t.match(await registry.metrics(), '\none 7\n')
  const text = await registry.metrics()
  t.notMatch(text, /^one /m)
  t.match(text, '\ntwo 2\n')
  t.match(text, '\ntsunagi_metrics_readable{group="broken"} 0\n')
  t.match(text, '\ntsunagi_metrics_readable{group="whole"} 1\n')
})

t.test('a late one is not waited for, and not begun again while it lasts', async (t) => {
  const registry = new Registry()
  let readings = 0
  let end = (_: { readonly one: number }): void => {}
  createWatch(
    registry,
    WITHIN_MS,
  )({
    group: 'slow',
    gauges: plain,
    read: () => {
      readings += 1
      return new Promise<{ readonly one: number }>((resolve) => {
        end = resolve
      })
    },
  })
  for (let scrape = 0; scrape < 2; scrape += 1) {
    const text = await registry.metrics()
    t.notMatch(text, /^one /m)
    t.match(text, '\ntsunagi_metrics_readable{group="slow"} 0\n')
  }
  t.equal(readings, 1)
  const scrape = registry.metrics()
  end({ one: 3 })
  t.match(await scrape, '\none 3\n', 'what came at last is told')
})

t.test('what is expensive is read again only after a while', async (t) => {
  let readings = 0
  const read = async () => ++readings
  const seldom = atMostEvery(60_000, read)
  t.same([await seldom(), await seldom()], [1, 1])
  const often = atMostEvery(0, read)
  t.same([await often(), await often()], [2, 3])
})
