// What feeds say about one person, compared and combined: birth, death and mother too (ITI TF-2 3.44.4.1.3, 3.44.4.2.3).

import t from 'tap'
import { completed, revised, sameDemographics } from '../../src/identity/demographics.ts'
import type { Demographics } from '../../src/model/person.ts'
import { HANA } from './in-memory.ts'

const mother = [{ representation: 'SYL', family: 'レイジ', given: 'ユキ' }] as const
const TWIN: Demographics = { ...HANA, multipleBirth: true, birthOrder: 2, deceased: false, mother }

t.test('a change of any one field is a change', async (t) => {
  t.equal(sameDemographics(TWIN, { mother, ...TWIN }), true, 'the order of the fields is none')
  const others: readonly Partial<Demographics>[] = [
    { multipleBirth: false },
    { birthOrder: 1 },
    { deceased: true },
    { mother: [] },
    { mother: [{ representation: 'SYL', family: 'レイジ', given: 'ユミ' }] },
  ]
  for (const other of others) t.equal(sameDemographics(TWIN, { ...TWIN, ...other }), false, JSON.stringify(other))
  t.equal(sameDemographics(HANA, TWIN), false)
})

t.test('3.44.4.1.3: an add completes, a missing field erases nothing', async (t) => {
  t.same(completed(TWIN, HANA), TWIN)
  t.same(completed(HANA, TWIN), TWIN)
})

t.test('3.44.4.2.3: a revise replaces all but what is masked', async (t) => {
  t.same(revised(TWIN, HANA, []), HANA)
  t.same(revised(TWIN, HANA, ['multipleBirth', 'birthOrder', 'deceased', 'mother']), TWIN)
})
