// Pairs that indexes have merged or missed elsewhere: twins, parents, namesakes, brides, slips, lost characters.

import t from 'tap'
import { blocksOf } from '../../../src/identity/matching/blocks.ts'
import { compared, decided, featuresFor, HANAKO, type Invented, outcome, personOf } from './invented.ts'

interface Case {
  readonly name: string
  readonly a: Partial<Invented>
  readonly b: Partial<Invented>
  readonly wanted: 'one' | 'review' | 'two'
  /** The rule or reason that says so. */
  readonly because?: string
}

const MOVED = { phones: ['090-3333-4444'], postalCode: '998-0009', address: '遠方県遠方市本町9-9' }
const SAITO = { kanji: '斉藤 次郎', kana: 'サイトウ ジロウ', sex: 'M' } as const
const NEWBORN = { birth: '20260901', kana: undefined } as const

const CASES: readonly Case[] = [
  { name: 'the same record', a: {}, b: {}, wanted: 'one' },
  {
    name: 'twins, other kanji',
    a: { kanji: '高橋 美咲', kana: 'タカハシ ミサキ' },
    b: { kanji: '高橋 美桜', kana: 'タカハシ ミオ' },
    wanted: 'two',
    because: 'twins',
  },
  {
    name: 'twins, look-alike kanji',
    a: { kanji: '高橋 翔太', kana: 'タカハシ ショウタ', sex: 'M' },
    b: { kanji: '高橋 翔大', kana: 'タカハシ ショウダイ', sex: 'M' },
    wanted: 'two',
    because: 'twins',
  },
  {
    name: 'twins, one kana apart',
    a: { kanji: '高橋 結衣', kana: 'タカハシ ユイ' },
    b: { kanji: '高橋 由奈', kana: 'タカハシ ユナ' },
    wanted: 'two',
    because: 'twins',
  },
  {
    name: 'twins without kana',
    a: { kanji: '高橋 美咲', kana: undefined },
    b: { kanji: '高橋 美桜', kana: undefined },
    wanted: 'two',
    because: 'twins',
  },
  {
    name: 'twins without kana, look-alike kanji',
    a: { kanji: '高橋 翔太', kana: undefined },
    b: { kanji: '高橋 翔大', kana: undefined },
    wanted: 'review',
    because: 'alike-in-one-household',
  },
  {
    name: 'twins in Latin letters',
    a: { kanji: undefined, kana: undefined, latin: 'TAKAHASHI HARUTO' },
    b: { kanji: undefined, kana: undefined, latin: 'TAKAHASHI HARUKI' },
    wanted: 'two',
    because: 'twins',
  },
  {
    name: 'twins, the telephone alone shared',
    a: { kanji: '高橋 美咲', kana: 'タカハシ ミサキ', address: undefined, postalCode: undefined },
    b: { kanji: '高橋 美桜', kana: 'タカハシ ミオ' },
    wanted: 'two',
    because: 'twins',
  },
  {
    name: 'a twin and a record of the family name only',
    a: { kanji: '高橋 美咲', kana: 'タカハシ ミサキ' },
    b: { kanji: '高橋', kana: 'タカハシ' },
    wanted: 'review',
    because: 'given-name-unknown',
  },
  {
    name: 'of a multiple birth, the given name a little different',
    a: { multipleBirth: true, kana: 'タカハシ ハナコ', kanji: undefined },
    b: { kana: 'タカハシ ハアナコ', kanji: undefined },
    wanted: 'two',
    because: 'multiple-birth',
  },
  {
    name: 'of a multiple birth, another order',
    a: { multipleBirth: true, birthOrder: 1 },
    b: { multipleBirth: true, birthOrder: 2 },
    wanted: 'two',
    because: 'multiple-birth',
  },
  {
    name: 'of a multiple birth, all equal',
    a: { multipleBirth: true, birthOrder: 1 },
    b: { multipleBirth: true, birthOrder: 1 },
    wanted: 'one',
  },
  {
    name: 'twins before naming',
    a: { ...NEWBORN, kanji: '高橋 ベビーA' },
    b: { ...NEWBORN, kanji: '高橋 ベビーB' },
    wanted: 'two',
    because: 'multiple-birth',
  },
  {
    name: 'a newborn and the child with its name',
    a: { ...NEWBORN, kanji: '高橋 花子の子' },
    b: { birth: '20260901', kanji: '高橋 葵', kana: 'タカハシ アオイ' },
    wanted: 'review',
    because: 'child-without-name',
  },
  {
    name: 'father and son, one kanji shared',
    a: { kanji: '高橋 健一', kana: 'タカハシ ケンイチ', sex: 'M', birth: '19550307' },
    b: { kanji: '高橋 健太', kana: 'タカハシ ケンタ', sex: 'M' },
    wanted: 'two',
    because: 'generation',
  },
  {
    name: 'mother and daughter, one telephone, one month and day',
    a: { kanji: '高橋 陽子', kana: 'タカハシ ヨウコ', birth: '19650307' },
    b: {},
    wanted: 'two',
    because: 'generation',
  },
  {
    name: 'mother and daughter, one digit of the year apart',
    a: { kanji: '高橋 陽子', kana: 'タカハシ ヨウコ', birth: '19650307' },
    b: { birth: '19850307' },
    wanted: 'two',
    because: 'generation',
  },
  {
    name: 'grandparent and grandchild of one name',
    a: { birth: '19250810' },
    b: {},
    wanted: 'two',
    because: 'generation',
  },
  {
    name: 'brothers',
    a: { kanji: '高橋 健一', kana: 'タカハシ ケンイチ', sex: 'M', birth: '19830115' },
    b: { kanji: '高橋 健二', kana: 'タカハシ ケンジ', sex: 'M' },
    wanted: 'two',
  },
  {
    name: 'namesakes born the same day, another town',
    a: {},
    b: MOVED,
    wanted: 'review',
    because: 'name-and-birth-date-alone',
  },
  {
    name: 'the very rare namesake, nothing else known',
    a: { kanji: '勅使河原 花子', kana: 'テシガワラ ハナコ' },
    b: { kanji: '勅使河原 花子', kana: 'テシガワラ ハナコ', phones: [], address: undefined, postalCode: undefined },
    wanted: 'review',
    because: 'name-and-birth-date-alone',
  },
  { name: 'namesakes of other birth dates', a: {}, b: { ...MOVED, birth: '19810922' }, wanted: 'two' },
  {
    name: 'a bride',
    a: {},
    b: { kanji: '鈴木 花子', kana: 'スズキ ハナコ' },
    wanted: 'review',
    because: 'family-name-changed',
  },
  {
    name: 'a bride whose former name is noted',
    a: {},
    b: { kanji: '鈴木(旧姓高橋) 花子', kana: undefined },
    wanted: 'one',
  },
  { name: 'old and new kanji', a: { kanji: '髙𣘺 花子' }, b: {}, wanted: 'one' },
  { name: 'half-width kana', a: { kana: 'ﾀｶﾊｼ ﾊﾅｺ', kanji: undefined }, b: {}, wanted: 'one' },
  { name: 'hiragana', a: { kana: 'たかはし はなこ' }, b: { kanji: undefined }, wanted: 'one' },
  {
    name: 'no small kana',
    a: { kanji: undefined, kana: 'タカハシ ショウタ' },
    b: { kanji: undefined, kana: 'タカハシ シヨウタ' },
    wanted: 'one',
  },
  {
    name: 'long vowel another way, nothing else but the household',
    a: { kanji: undefined, kana: 'タカハシ ユウコ' },
    b: { kanji: undefined, kana: 'タカハシ ユーコ' },
    wanted: 'review',
    because: 'alike-in-one-household',
  },
  {
    name: 'long vowel left out, kanji equal',
    a: { kanji: '高橋 優子', kana: 'タカハシ ユウコ' },
    b: { kanji: '高橋 優子', kana: 'タカハシ ユコ' },
    wanted: 'one',
  },
  { name: 'look-alike family names at one address', a: SAITO, b: { ...SAITO, kanji: '斎藤 次郎' }, wanted: 'one' },
  {
    name: 'look-alike family names, no address',
    a: SAITO,
    b: { ...SAITO, kanji: '斎藤 次郎', phones: [], address: undefined, postalCode: undefined },
    wanted: 'review',
  },
  { name: 'era and Gregorian year', a: { birth: 'S60.3.7' }, b: { birth: '1985-03-07' }, wanted: 'one' },
  {
    name: 'an era slip, S60 for H60',
    a: { birth: 'S60.3.7' },
    b: { birth: 'H60.3.7' },
    wanted: 'review',
    because: 'birth-date-slip',
  },
  {
    name: 'an era slip, T10 for S10',
    a: { birth: 'T10.3.7' },
    b: { birth: 'S10.3.7' },
    wanted: 'review',
    because: 'birth-date-slip',
  },
  { name: 'day and month exchanged', a: {}, b: { birth: '19850703' }, wanted: 'review', because: 'birth-date-slip' },
  {
    name: 'day and month exchanged, one identifier',
    a: { identifiers: ['4711-01^^^&2.25.5&ISO'] },
    b: { birth: '19850703', identifiers: ['471101^^^&2.25.5&ISO'] },
    wanted: 'one',
  },
  { name: 'one digit of the birth date', a: {}, b: { birth: '19850308' }, wanted: 'one' },
  { name: 'two parts of the birth date', a: {}, b: { birth: '19860911' }, wanted: 'review', because: 'birth-date' },
  {
    name: 'born tomorrow',
    a: { birth: '20261122' },
    b: { birth: '20261122' },
    wanted: 'review',
    because: 'birth-date-impossible',
  },
  { name: 'the sex alone differs', a: {}, b: { sex: 'M' }, wanted: 'review', because: 'sex' },
  { name: 'a lost kanji', a: { kanji: '●橋 花子' }, b: {}, wanted: 'one' },
  { name: 'a gaiji of another site', a: { kanji: '\u{E001}橋 花子' }, b: { kanji: '髙橋 花子' }, wanted: 'one' },
  {
    name: 'family and given name exchanged',
    a: { kanji: '花子 高橋', kana: 'ハナコ タカハシ' },
    b: {},
    wanted: 'review',
    because: 'name-parts-exchanged',
  },
  { name: 'a name that came undivided', a: { kanji: '高橋花子', kana: 'タカハシハナコ' }, b: {}, wanted: 'one' },
  {
    name: 'Latin letters on one side',
    a: { kanji: undefined, kana: undefined, latin: 'TAKAHASHI HANAKO' },
    b: {},
    wanted: 'one',
  },
  {
    name: 'a passport spelling',
    a: { kanji: undefined, kana: undefined, latin: 'OHNO YUKO' },
    b: { kanji: '大野 優子', kana: 'オオノ ユウコ' },
    wanted: 'one',
  },
  {
    name: 'a placeholder for a name',
    a: { kanji: '不明', kana: undefined },
    b: { kanji: '不明', kana: undefined },
    wanted: 'review',
  },
  { name: 'a placeholder for a birth date', a: { birth: '19000101' }, b: {}, wanted: 'review' },
  {
    name: 'too little known',
    a: { sex: undefined, phones: [], birth: undefined, kanji: '高橋', kana: undefined },
    b: {},
    wanted: 'two',
  },
  {
    name: 'noted as one of two namesakes',
    a: { kanji: '高橋 花子※同姓同名' },
    b: {},
    wanted: 'review',
    because: 'noted-namesake',
  },
  {
    name: 'the identifier of another person',
    a: {
      kanji: '鈴木 一郎',
      kana: 'スズキ イチロウ',
      birth: '19500101',
      sex: 'M',
      identifiers: ['4711^^^&2.25.5&ISO'],
    },
    b: { identifiers: ['4711^^^&2.25.5&ISO'] },
    wanted: 'two',
    because: 'identifier-of-another',
  },
  {
    name: 'one identifier, married and moved',
    a: { identifiers: ['4711^^^&2.25.5&ISO'] },
    b: { ...MOVED, kanji: '鈴木 花子', kana: 'スズキ ハナコ', identifiers: ['4711^^^&2.25.5&ISO'] },
    wanted: 'one',
  },
  {
    name: 'born years apart, one family name',
    a: { kanji: '高橋 太郎', kana: 'タカハシ タロウ', sex: 'M', birth: '20070401' },
    b: { kanji: '高橋 美羽', kana: 'タカハシ ミウ', birth: '20170512' },
    wanted: 'two',
  },
]

for (const { name, a, b, wanted, because } of CASES) {
  t.test(`${name}: ${wanted}`, async (t) => {
    const left = { ...HANAKO, ...a }
    const right = { ...HANAKO, ...b }
    t.equal(outcome(left, right), wanted)
    t.equal(outcome(right, left), wanted, 'the other way round')
    const comparison = compared(left, right)
    if (because !== undefined) {
      t.ok(
        comparison.rules.some(({ rule }) => rule === because),
        `${because}: ${comparison.rules.map(({ rule }) => rule)}`,
      )
    }
    if (wanted === 'one') {
      const keys = new Set(blocksOf(featuresFor(left)))
      t.ok(
        blocksOf(featuresFor(right)).some((key) => keys.has(key)),
        'they meet in the index',
      )
    }
  })
}

t.test('two numbers of one hospital, all equal: its own staff decide', async (t) => {
  const decision = decided({ ...HANAKO, domain: '2.25.7' }, [personOf('1', [{ ...HANAKO, domain: '2.25.7' }])])
  t.match(decision, { kind: 'apart', reviews: [{ person: '1', reason: 'same-domain' }] })
  const other = decided({ ...HANAKO, domain: '2.25.7' }, [
    personOf('1', [
      { ...HANAKO, domain: '2.25.8' },
      { ...HANAKO, domain: '2.25.7' },
    ]),
  ])
  t.match(other, { kind: 'apart', reviews: [{ reason: 'same-domain' }] }, 'nor by way of a record of another hospital')
})

t.test('the telephone of a nursing home says nothing', async (t) => {
  const phones = ['03-5555-6666']
  const residents = Array.from({ length: 40 }, (_, at) =>
    personOf(String(at), [
      {
        kanji: '鈴木 清',
        kana: 'スズキ キヨシ',
        birth: `19${20 + (at % 20)}0${1 + (at % 9)}1${at % 10}`,
        sex: 'M',
        phones,
      },
    ]),
  )
  const decision = decided({ kanji: '鈴木 茂', kana: 'スズキ シゲル', birth: '19300115', sex: 'M', phones }, residents)
  t.same(decision, { kind: 'apart', reviews: [] })
  const known = decided({ ...HANAKO, phones }, [...residents, personOf('99', [{ ...HANAKO, phones }])])
  t.match(known, { kind: 'link', person: '99', comparison: { fields: [] } })
  t.ok(
    known.kind === 'link' &&
      known.comparison.fields.some(({ field, level }) => field === 'phone' && level === 'missing'),
  )
})

t.test('a record that would bridge two persons: staff decide, both stay', async (t) => {
  const decision = decided(HANAKO, [personOf('1', [HANAKO]), personOf('2', [HANAKO])])
  t.match(decision, {
    kind: 'apart',
    reviews: [
      { person: '1', reason: 'bridge' },
      { person: '2', reason: 'bridge' },
    ],
  })
})

t.test('what staff divided stays divided, also by way of another record of the person', async (t) => {
  t.same(decided(HANAKO, [personOf('1', [{ ...HANAKO, vetoed: true }])]), { kind: 'apart', reviews: [] })
  t.same(decided(HANAKO, [personOf('1', [HANAKO, { ...HANAKO, vetoed: true }])]), { kind: 'apart', reviews: [] })
})

t.test('a person with one record of a twin is not linked by way of another record', async (t) => {
  const twin = { ...HANAKO, kanji: '高橋 桃子', kana: 'タカハシ モモコ' }
  t.same(decided(HANAKO, [personOf('1', [HANAKO, twin])]), { kind: 'apart', reviews: [] })
})

t.test('a person with a record that is nothing like this one: staff decide', async (t) => {
  const stranger = { ...MOVED, kanji: '鈴木 花江', kana: 'スズキ ハナエ', birth: '19850911', sex: 'F' } as const
  const decision = decided(HANAKO, [personOf('1', [HANAKO, stranger])])
  t.match(decision, { kind: 'apart', reviews: [{ reason: 'unlike-another-record' }] })
})

t.test('the policy may leave everything to staff, or ask nobody', async (t) => {
  const candidates = [personOf('1', [HANAKO])]
  const policy = { autoBits: 30, reviewBits: 18, marginBits: 8 }
  t.match(decided(HANAKO, candidates, { ...policy, mode: 'review' }), {
    kind: 'apart',
    reviews: [{ reason: 'possible' }],
  })
  t.same(decided(HANAKO, candidates, { ...policy, mode: 'off' }), { kind: 'apart', reviews: [] })
})
