// What staff are asked about: likenesses that may be one person, not those that any stranger of a million has.

import t from 'tap'
import { decide } from '../../../src/identity/matching/decide.ts'
import { featuresOf } from '../../../src/identity/matching/features-of.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../../src/identity/matching/model.ts'
import type { Demographics } from '../../../src/model/person.ts'

const HERE = { postalCode: '3800001', text: '架空県架空市緑町1丁目2番3号' }
const ELSEWHERE = { postalCode: '4210099', text: '架空県空想市桜木9番地8' }

interface Sketch {
  /** Family and given name in kanji, then in kana. */
  readonly name: readonly [string, string, string, string]
  readonly birth?: string
  readonly address?: Demographics['addresses'][number]
  readonly phone?: string
  readonly domain?: string
  readonly identifier?: string
}

const HANAKO: Sketch = { name: ['架空', '花乃', 'カクウ', 'ハナノ'] }

function described({ name, birth = '19850307', address = HERE, phone, identifier }: Sketch) {
  const [family, given, familyKana, givenKana] = name
  const demographics: Demographics = {
    names: [
      { representation: 'IDE', family, given },
      { representation: 'SYL', family: familyKana, given: givenKana },
    ],
    sex: 'F',
    birthTime: birth,
    addresses: [address],
    telecoms: phone === undefined ? [] : [phone],
  }
  return featuresOf({ demographics, identifiers: identifier === undefined ? [] : [identifier] })
}

/** What is decided about the second when the first is known: `link`, the reason of a review, or nothing. */
function answer(known: Sketch, asked: Sketch): string {
  const candidate = { record: '1', domain: known.domain ?? 'one', features: described(known), vetoed: false }
  const decision = decide(
    { domain: asked.domain ?? 'other', features: described(asked) },
    [{ person: '1', records: [candidate] }],
    { model: DEFAULT_MODEL, policy: DEFAULT_POLICY },
  )
  return decision.kind === 'link' ? 'link' : (decision.reviews[0]?.reason ?? 'nothing')
}

t.test('a bride is asked about when telephone or address say the same, and else nobody is', async (t) => {
  const married: Sketch = { ...HANAKO, name: ['空想', '花乃', 'クウソウ', 'ハナノ'] }
  t.equal(answer(HANAKO, married), 'family-name-changed')
  const phone = '090-1111-2222'
  t.equal(answer({ ...HANAKO, phone }, { ...married, phone, address: ELSEWHERE }), 'family-name-changed')
  t.equal(answer(HANAKO, { ...married, address: ELSEWHERE }), 'nothing')
})

t.test('a namesake born the same day in another town is asked about, one born another day is not', async (t) => {
  t.equal(answer(HANAKO, { ...HANAKO, address: ELSEWHERE }), 'name-and-birth-date-alone')
  t.equal(answer(HANAKO, { ...HANAKO, address: ELSEWHERE, birth: '19850317' }), 'nothing')
})

t.test('another given name is another person, unless an identifier says the same', async (t) => {
  const other: Sketch = { ...HANAKO, name: ['架空', '律子', 'カクウ', 'リツコ'] }
  t.equal(answer(HANAKO, { ...other, address: ELSEWHERE }), 'nothing')
  t.equal(answer(HANAKO, { ...other, birth: '19850317' }), 'nothing')
  const identifier = '4711^^^&2.25.5&ISO'
  const identified = answer({ ...HANAKO, identifier }, { ...other, address: ELSEWHERE, identifier })
  t.equal(identified, 'given-name-differs')
})

t.test('a given name of one other character says nothing when nothing else does', async (t) => {
  const alike: Sketch = { ...HANAKO, name: ['架空', '花代', 'カクウ', 'ハナヨ'], address: ELSEWHERE }
  t.equal(answer(HANAKO, alike), 'nothing')
})

t.test('two numbers of one facility are asked about when they would be one person elsewhere', async (t) => {
  t.equal(answer({ ...HANAKO, domain: 'one' }, { ...HANAKO, domain: 'one' }), 'same-domain')
  const sister: Sketch = { ...HANAKO, domain: 'one', name: ['架空', '花代', 'カクウ', 'ハナヨ'], birth: '19870307' }
  t.equal(answer({ ...HANAKO, domain: 'one' }, sister), 'nothing')
})
