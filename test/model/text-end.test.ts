// What is cut off the end of a text: the same as ever, in time that grows with the text (a message of one sender is everybody's time).

import t from 'tap'
import { canonicalNumber } from '../../src/model/patient-number.ts'
import { withoutEnd } from '../../src/model/text-end.ts'
import { growthOf, LINEAR_AT_MOST } from '../processor-time.ts'

t.test('characters at the end go, those inside stay', async (t) => {
  for (const [text, kept] of [
    ['', ''],
    ['^^^', ''],
    ['a^b^^', 'a^b'],
    ['^^a', '^^a'],
  ] as const)
    t.equal(withoutEnd(text, /\^/), kept)
  t.equal(withoutEnd('水沢*＊ ', /[*＊\s]/u), '水沢')
})

t.test('a run inside a text costs no more than its length', async (t) => {
  const SIZE = 12_500
  t.ok(
    (await growthOf(
      (size) => `${'^'.repeat(size)}x`,
      (text) => withoutEnd(text, /\^/),
      SIZE,
    )) < LINEAR_AT_MOST,
  )
  const number = (size: number): string => `1${'\u3000'.repeat(size)}2`
  t.ok((await growthOf(number, (text) => canonicalNumber(text, 'exact'), SIZE)) < LINEAR_AT_MOST)
})

t.test('numbers of patients: blanks around them are none of the number', async (t) => {
  t.equal(canonicalNumber(' \u3000\uff10\uff11 2\u3000\t', 'exact'), '01 2')
})
