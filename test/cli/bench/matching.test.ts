// The matcher on invented people and, where they are at hand, on the FEBRL data: no false link, twins apart, few missed.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { febrlSample } from '../../../src/cli/bench/matching/febrl.ts'
import { feed } from '../../../src/cli/bench/matching/feeding.ts'
import { figuresOf } from '../../../src/cli/bench/matching/figures.ts'
import { defaultMatcher, trainedMatcher } from '../../../src/cli/bench/matching/matcher.ts'
import { measureFebrl, measureJapanese } from '../../../src/cli/bench/matching/matching.ts'
import { japaneseSample } from '../../../src/cli/bench/matching/sample.ts'

// Training on a loaded machine.
t.setTimeout(120_000)

const PERSONS = 3000
/** Data for measuring only; it lies beside the project where there is any. */
const FEBRL = fileURLToPath(new URL('../../../../shared/data/febrl', import.meta.url))

t.test('of invented people nobody is linked to another, and hardly anyone is missed', async (t) => {
  const sample = japaneseSample({ seed: 11, persons: PERSONS })
  const fed = feed(sample, { matcher: defaultMatcher(), seed: 11 })
  const figures = figuresOf(sample, fed)
  t.same(fed.falseLinks, [])
  t.equal(figures.precision.share, 1)
  t.same([...figures.wrongPairs.keys()], [], 'neither twins nor parents and children')
  t.ok(figures.recall.share >= 0.96, `recall is ${figures.recall.share}`)
  t.ok(figures.intactRecall.share >= 0.97, `recall of intact records is ${figures.intactRecall.share}`)
  t.ok(figures.reviews.share <= 0.02, `reviews a record are ${figures.reviews.share}`)
  t.ok(figures.blockingRecall.share >= 0.995, `blocking recall is ${figures.blockingRecall.share}`)
})

t.test('the order in which hospitals tell does not matter to precision', async (t) => {
  const sample = japaneseSample({ seed: 12, persons: 1000 })
  for (const seed of [1, 2, 3]) t.same(feed(sample, { matcher: defaultMatcher(), seed }).falseLinks, [])
})

t.test('the bench prints a line a figure, with the targets it is held to', async (t) => {
  const lines: { readonly bench: string; readonly target?: string }[] = []
  measureJapanese({ print: (figure) => lines.push(figure as (typeof lines)[number]) }, 200)
  const target = (name: string) => lines.find(({ bench }) => bench.endsWith(name))?.target
  t.equal(target(': precision'), '>= 0.9999')
  t.equal(target(': recall'), '>= 0.97')
  t.equal(target(': twins linked'), '0 pairs')
  t.equal(target(': review items a record'), '<= 0.015')
  t.ok(lines.some(({ bench }) => bench.endsWith(': recall, addressStyle')))
})

t.test('a directory without FEBRL files is told, and is no error', async (t) => {
  const lines: object[] = []
  await measureFebrl({ print: (figure) => lines.push(figure) }, 'no/such/directory')
  t.match(lines, [{ bench: 'matching, FEBRL 1', skipped: /dataset1\.csv/ }, {}, {}])
})

if (existsSync(FEBRL))
  for (const { withNumber, recall } of [
    { withNumber: false, recall: 0.98 },
    { withNumber: true, recall: 0.995 },
  ])
    t.test(`FEBRL 1 ${withNumber ? 'with' : 'without'} the number: no false link`, async (t) => {
      const sample = await febrlSample(FEBRL, { set: 1, withNumber })
      if (sample === undefined) throw new Error('the directory has no dataset1.csv')
      const fed = feed(sample, { matcher: trainedMatcher(sample.records.map(({ described }) => described)), seed: 1 })
      const figures = figuresOf(sample, fed)
      t.same(fed.falseLinks, [])
      t.equal(figures.precision.share, 1)
      t.ok(figures.recall.share >= recall, `recall is ${figures.recall.share}`)
    })
