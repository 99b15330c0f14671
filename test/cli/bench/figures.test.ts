// The figures of the matching bench: pairs of records over the persons that came out, against the persons that are.

import t from 'tap'
import { feed } from '../../../src/cli/bench/matching/feeding.ts'
import { figuresOf } from '../../../src/cli/bench/matching/figures.ts'
import type { Matcher } from '../../../src/cli/bench/matching/matcher.ts'
import type { Sample } from '../../../src/cli/bench/matching/sample.ts'
import { featuresOf } from '../../../src/identity/matching/features-of.ts'

/** Links whoever shares a telephone number, and asks about everyone of one birth date. */
const byPhone: Matcher = {
  prepare: (described) => ({
    features: featuresOf(described),
    blocks: [...described.demographics.telecoms, described.demographics.birthTime ?? ''],
  }),
  decide: ({ features }, candidates) => {
    const comparison = { score: 0, fields: [], rules: [] }
    for (const { person, records } of candidates)
      for (const { record, features: other } of records)
        if (other.phones.some((phone) => features.phones.includes(phone)))
          return { kind: 'link', person, record, comparison, reviews: [] }
    const reviews = candidates.map(({ person, records }) => ({
      person,
      record: records[0]?.record ?? '',
      reason: 'possible',
      comparison,
    }))
    return { kind: 'apart', reviews }
  },
}

function record(truth: number, given: { readonly phone?: string; readonly birth: string; readonly error?: string }) {
  const { phone, birth, error } = given
  const demographics = {
    names: [],
    birthTime: birth,
    addresses: [],
    telecoms: phone === undefined ? [] : [phone],
  }
  return {
    domain: `domain ${truth}`,
    truth,
    described: { demographics, identifiers: [] },
    errors: error === undefined ? [] : [error],
  }
}

const sample: Sample = {
  name: 'five records of three persons',
  isInvented: true,
  records: [
    record(1, { phone: '090-1111-2222', birth: '19800101' }),
    record(1, { phone: '090-1111-2222', birth: '19800101', error: 'oldKanji' }),
    record(1, { birth: '19800101', error: 'missingPhone' }),
    record(2, { phone: '090-1111-2222', birth: '19850505' }),
    record(3, { phone: '080-3333-4444', birth: '19900909' }),
  ],
  relation: () => 'twins',
}

t.test('precision, recall and errors are counted in pairs of the persons that came out', async (t) => {
  const fed = feed(sample, { matcher: byPhone, seed: 1 })
  const figures = figuresOf(sample, fed)
  t.same(figures.precision, { count: 1, of: 3, share: 1 / 3 })
  t.same(figures.recall, { count: 1, of: 3, share: 1 / 3 })
  t.same(figures.blockingRecall, { count: 3, of: 3, share: 1 })
  t.same(figures.recallByError.get('oldKanji'), { count: 1, of: 2, share: 0.5 })
  t.same(figures.recallByError.get('missingPhone'), { count: 0, of: 2, share: 0 })
  t.equal(figures.wrongPairs.get('twins')?.length, 2)
  t.equal(figures.missedPairs.length, 2)
  t.ok(fed.falseLinks.length > 0)
})

t.test('reviews are counted against the records fed', async (t) => {
  const alike: Sample = { ...sample, records: [record(1, { birth: '19800101' }), record(2, { birth: '19800101' })] }
  const figures = figuresOf(alike, feed(alike, { matcher: byPhone, seed: 1 }))
  t.same(figures.reviews, { count: 1, of: 2, share: 0.5 })
  t.same([...figures.reviewReasons], [['possible', 1]])
  t.same(figures.precision, { count: 0, of: 0, share: 1 })
})

t.test('an event of a life parts two records only when one is from before and one from after', async (t) => {
  const before = record(1, { birth: '19800101', error: 'formerName' })
  const after = record(1, { birth: '19800101' })
  const errorsOf = (records: Sample['records']) => {
    const one: Sample = { ...sample, records }
    return [...figuresOf(one, feed(one, { matcher: byPhone, seed: 1 })).recallByError.keys()]
  }
  t.same(errorsOf([before, after]), ['formerName'])
  t.same(errorsOf([before, before]), ['none'])
})
