// What holds for any records whatever: symmetry, order, vetoes, bounds; and that a model is learned without labels.

import fc from 'fast-check'
import t from 'tap'
import { blocksOf } from '../../../src/identity/matching/blocks.ts'
import { compare } from '../../../src/identity/matching/compare.ts'
import { decide } from '../../../src/identity/matching/decide.ts'
import type { MatchFeatures } from '../../../src/identity/matching/features.ts'
import { featuresOf } from '../../../src/identity/matching/features-of.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../../src/identity/matching/model.ts'
import { train } from '../../../src/identity/matching/train.ts'
import type { CandidatePerson } from '../../../src/identity/matching/types.ts'
import { featuresFor, type Invented, TODAY } from './invented.ts'

const one = <T>(...values: readonly T[]) => fc.constantFrom(...values)

/** Few values each, so that any two records have much in common. */
const anyPerson: fc.Arbitrary<Invented> = fc.record({
  kanji: one(
    '高橋 花子',
    '髙橋 花子',
    '●橋 花子',
    '鈴木 花子',
    '高橋 桃子',
    '花子 高橋',
    '高橋花子',
    '高橋 ベビーA',
    '不明',
    undefined,
  ),
  kana: one('タカハシ ハナコ', 'タカハシ ハナゴ', 'スズキ ハナコ', 'ハナコ タカハシ', 'タカハシ モモコ', undefined),
  latin: one('TAKAHASHI HANAKO', 'Hanako Takahasi', 'SMITH JOHN', undefined, undefined),
  birth: one('19850307', '19850703', '19850308', '19250307', '1985', '198503', 'S60.3.7', 'H60.3.7', undefined),
  sex: one('M', 'F', undefined),
  phones: one(['090-1111-2222'], ['03-1111-2222', '090-1111-2222'], [], ['03-1111-2222']),
  postalCode: one('999-0001', '999-0002', undefined),
  address: one('架空市緑町1-2-3', '緑町一丁目2番3号 架空荘101', '架空市本町9', '6 Cross Street, Hill', undefined),
  identifiers: one(['4711^^^&2.25.5&ISO'], ['4712^^^&2.25.5&ISO'], []),
  multipleBirth: one(true, undefined, undefined),
  birthOrder: one(1, 2, undefined, undefined),
  mother: one('高橋 陽子', undefined),
})

const anyFeatures = anyPerson.map(featuresFor)

const anyCandidate = fc.record({
  features: anyFeatures,
  vetoed: one(true, false, false, false),
  domain: one('2.25.1', '2.25.2'),
})

const anyCandidates: fc.Arbitrary<readonly CandidatePerson[]> = fc
  .array(fc.array(anyCandidate, { minLength: 1, maxLength: 3 }), { maxLength: 4 })
  .map((persons) =>
    persons.map((records, at) => ({
      person: String(at),
      records: records.map((record, place) => ({ ...record, record: `${at}-${place}` })),
    })),
  )

const asked = (features: MatchFeatures, candidates: readonly CandidatePerson[]) =>
  decide({ domain: '2.25.9', features }, candidates, { model: DEFAULT_MODEL, policy: DEFAULT_POLICY })

t.test('a comparison is the same both ways, and its evidence adds up to its score', async () => {
  fc.assert(
    fc.property(anyFeatures, anyFeatures, (a, b) => {
      const there = compare(a, b, DEFAULT_MODEL)
      const back = compare(b, a, DEFAULT_MODEL)
      const sum = there.fields.reduce((bits, field) => bits + field.bits, 0)
      const same = JSON.stringify(there) === JSON.stringify(back)
      return same && Number.isFinite(there.score) && Math.abs(sum - there.score) < 1e-9
    }),
    { numRuns: 300 },
  )
})

t.test('features survive being kept as JSON, and blocks are bigints of at most 14 keys', async () => {
  fc.assert(
    fc.property(anyFeatures, (features) => {
      const kept = JSON.parse(JSON.stringify(features)) as MatchFeatures
      const keys = blocksOf(kept)
      const isBigint = keys.every((key) => BigInt.asIntN(64, BigInt(key)).toString() === key)
      return isBigint && keys.length <= 14 && keys.join() === blocksOf(features).join()
    }),
  )
})

t.test('no link to a person of whom any record is excluded by a rule or by staff', async () => {
  fc.assert(
    fc.property(anyFeatures, anyCandidates, (features, candidates) => {
      const decision = asked(features, candidates)
      const named = [
        ...(decision.kind === 'link' ? [decision.person] : []),
        ...decision.reviews.map(({ person }) => person),
      ]
      return candidates
        .filter(({ person }) => named.includes(person))
        .every(({ records }) =>
          records.every(
            (record) =>
              !record.vetoed &&
              !compare(features, record.features, DEFAULT_MODEL).rules.some(({ effect }) => effect === 'veto'),
          ),
        )
    }),
    { numRuns: 300 },
  )
})

t.test('the order of candidates and of their records does not change the decision', async () => {
  fc.assert(
    fc.property(anyFeatures, anyCandidates, (features, candidates) => {
      const turned = candidates.toReversed().map((one) => ({ ...one, records: one.records.toReversed() }))
      return JSON.stringify(asked(features, candidates)) === JSON.stringify(asked(features, turned))
    }),
    { numRuns: 300 },
  )
})

t.test('absurd records are folded, not refused: any text, hundreds of names and identifiers', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (text, birthTime) => {
      const names = [{ representation: 'IDE', family: text, given: text } as const]
      const demographics = {
        names,
        birthTime,
        addresses: [{ text, postalCode: text }],
        telecoms: [text],
        mother: names,
      }
      const features = featuresOf({ demographics, identifiers: [`${text}^^^&2.25.1&ISO`] }, TODAY)
      return Number.isFinite(compare(features, features, DEFAULT_MODEL).score)
    }),
  )
  const identifiers = Array.from({ length: 300 }, (_, at) => `9${at}^^^&2.25.1&ISO`)
  t.ok(featuresFor({ kanji: '高橋 花子', identifiers }).identifiers.length <= 12)
  const endless = featuresFor({ latin: `${'LONG'.repeat(50_000)} NAME`, address: 'Street'.repeat(50_000) })
  t.ok(JSON.stringify(endless).length < 2000, 'what is kept of it is bounded')
})

/** Invented population: every person twice, the second time moved (a fifth) or with a mistyped sex (a ninth). */
function population(): readonly MatchFeatures[] {
  const towns = ['緑', '本', '東', '西', '南', '北', '旭', '栄', '泉', '桜']
  const kana = fc.constantFrom(
    'イトウ',
    'カトウ',
    'サイトウ',
    'シミズ',
    'スズキ',
    'タナカ',
    'ナカムラ',
    'ヤマダ',
    'ワタナベ',
    'モリ',
  )
  const given = fc.constantFrom(
    'アオイ',
    'ケンタ',
    'サクラ',
    'ショウタ',
    'ハルト',
    'マイ',
    'ミサキ',
    'ユイ',
    'リク',
    'レン',
    'アキラ',
  )
  const number = (most: number) => fc.integer({ min: 1, max: most })
  const drawn = fc.record({
    kana,
    given,
    town: fc.constantFrom(...towns),
    day: number(28),
    month: number(12),
    year: number(80),
    block: number(60),
    house: number(30),
  })
  return fc.sample(drawn, { numRuns: 400, seed: 4 }).flatMap((person, at) => {
    const first: Invented = {
      kana: `${person.kana} ${person.given}`,
      birth: `${1930 + person.year}-${person.month}-${person.day}`,
      address: `架空市${person.town}町${person.block}-${person.house}`,
      sex: at % 2 === 0 ? 'M' : 'F',
      phones: [`090-${1000 + at}-${5000 - at}`],
    }
    const moved = at % 5 === 0 ? { address: `遠方市南町${person.house}` } : {}
    const mistyped = at % 9 === 0 ? { sex: at % 2 === 0 ? ('F' as const) : ('M' as const) } : {}
    return [featuresFor(first), featuresFor({ ...first, ...moved, ...mistyped })]
  })
}

t.test('a model learns from unlabelled records how they differ: the same each time', async (t) => {
  const records = population()
  const model = train(records, { version: 'learned' })
  t.same(train(records, { version: 'learned' }), model)
  const bits = (field: keyof typeof model.fields, level: string) => {
    const weight = model.fields[field][level]
    return Math.log2((weight?.m ?? 1) / (weight?.u ?? 1))
  }
  t.ok(bits('birth date', 'equal') > 5)
  t.ok(bits('birth date', 'differs') < -3)
  t.ok(Math.abs((model.fields.address.differs?.m ?? 0) - 0.2) < 0.08, 'a fifth moved')
  t.ok(Math.abs((model.fields.sex.differs?.m ?? 0) - 1 / 9) < 0.05, 'a ninth was mistyped')
  t.ok(Math.abs((model.family.frequencies.kana.スズキ ?? 0) - 0.1) < 0.04)
  t.ok(Math.abs(model.population - records.length / 2) < 20, 'it tells how many persons there are')
  t.ok(JSON.stringify(JSON.parse(JSON.stringify(model))) === JSON.stringify(model), 'kept as JSON')
})

t.test('a model of no records at all is the default weights', async (t) => {
  const model = train([], { version: 'empty', population: 1_000_000 })
  t.ok(model.fields.sex.equal)
  const features = featuresFor({ kanji: '高橋 花子', birth: '19850307' })
  t.ok(Number.isFinite(compare(features, features, model).score))
})
