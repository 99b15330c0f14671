// The invented people of the bench: the same for a seed, as frequent in everything as asked for, as careless as real clerks.

import t, { type Test } from 'tap'
import { dayOf } from '../../../src/cli/bench/people/calendar.ts'
import { errorRates, recordErrors } from '../../../src/cli/bench/people/errors.ts'
import type { InventedPerson } from '../../../src/cli/bench/people/households.ts'
import { hospitals, type PersonRecord, people } from '../../../src/cli/bench/people/people.ts'
import { romaji } from '../../../src/cli/bench/people/spelling.ts'

const PERSONS = 20_000
const records: readonly PersonRecord[] = [...people(7, PERSONS)]
const persons: readonly InventedPerson[] = [...new Map(records.map(({ truth }) => [truth.number, truth])).values()]
const byNumber = new Map(persons.map((person) => [person.number, person]))

/** Share of those for whom it holds. */
function share<T>(all: readonly T[], holds: (one: T) => boolean): number {
  return all.filter(holds).length / all.length
}

function isNear(t: Test, actual: number, { wanted, within }: { readonly wanted: number; readonly within: number }) {
  t.ok(Math.abs(actual - wanted) <= within, `${actual.toFixed(4)} is within ${within} of ${wanted}`)
}

t.test('a seed makes the same records every time, another seed others', async (t) => {
  const again = [...people(7, 300)]
  t.same(again, [...people(7, 300)])
  t.notSame(again[0]?.demographics, [...people(8, 1)][0]?.demographics)
})

t.test('persons are numbered without a gap and no domain gives a number twice', async (t) => {
  t.equal(persons.length, PERSONS)
  t.same([persons[0]?.number, persons.at(-1)?.number], [1, PERSONS])
  t.equal(new Set(records.map(({ domain, value }) => `${domain} ${value}`)).size, records.length)
  t.same([...new Set(records.map(({ domain }) => domain))].toSorted(), [...hospitals].toSorted())
})

t.test('nobody has two numbers in one domain', async (t) => {
  t.equal(new Set(records.map(({ domain, truth }) => `${domain} ${truth.number}`)).size, records.length)
})

t.test(
  'families are of the sizes of a population: overlap of hospitals, twins, marriages, moves, telephones',
  async (t) => {
    const registered = new Map<number, number>()
    for (const { truth } of records) registered.set(truth.number, (registered.get(truth.number) ?? 0) + 1)
    isNear(
      t,
      share([...registered.values()], (count) => count > 1),
      { wanted: 0.4, within: 0.02 },
    )
    isNear(
      t,
      share(persons, ({ twin }) => twin !== undefined),
      { wanted: 0.012, within: 0.004 },
    )
    isNear(
      t,
      share(persons, ({ married }) => married !== undefined),
      { wanted: 0.03, within: 0.005 },
    )
    isNear(
      t,
      share(persons, ({ moved }) => moved !== undefined),
      { wanted: 0.05, within: 0.01 },
    )
    const users = new Map<string, number>()
    for (const phone of persons.flatMap(({ phones }) => phones)) users.set(phone, (users.get(phone) ?? 0) + 1)
    const shared = share(persons, ({ phones }) => phones.some((phone) => (users.get(phone) ?? 0) > 1))
    isNear(t, shared, { wanted: 0.25, within: 0.03 })
  },
)

t.test('the most frequent family names are as frequent as in Japan', async (t) => {
  for (const name of ['佐藤', '鈴木', '高橋', '田中'])
    isNear(
      t,
      share(persons, ({ family }) => family.kanji === name),
      { wanted: 0.0125, within: 0.006 },
    )
})

t.test('each error is as frequent as its rate', async (t) => {
  for (const error of recordErrors.filter((one) => one !== 'smallKana')) {
    const { of } = errorRates[error]
    const found = share(records, ({ errors }) => errors.includes(error))
    isNear(t, found, { wanted: of, within: 4 * Math.sqrt(of / records.length) + 0.04 * of })
  }
})

t.test('small kana are lost in one of twenty names that have any', async (t) => {
  const having = records.filter(({ truth }) => /[ャュョッ]/u.test(truth.given.kana))
  const lost = share(having, ({ errors }) => errors.includes('smallKana') || errors.includes('missingKana'))
  isNear(t, lost, { wanted: 0.08, within: 0.03 })
})

t.test('a record without errors says what is true', async (t) => {
  for (const { demographics, truth } of records.filter(({ errors }) => errors.length === 0).slice(0, 500)) {
    const { family, given, birth } = truth
    t.hasStrict(demographics.names[0], { representation: 'IDE', family: family.kanji, given: given.kanji })
    t.hasStrict(demographics.names[1], { representation: 'SYL', family: family.kana, given: given.kana })
    t.equal(Number(demographics.birthTime), birth.year * 10_000 + birth.month * 100 + birth.day)
    t.equal(demographics.addresses[0]?.postalCode, truth.home.town.postalCode)
  }
})

t.test('twins are born on one day and never have one name', async (t) => {
  for (const person of persons) {
    const other = person.twin === undefined ? undefined : byNumber.get(person.twin.of)
    if (other === undefined) continue
    t.same([other.twin?.of, other.birth], [person.number, person.birth])
    t.not(other.given.kanji, person.given.kanji)
    t.not(other.given.kana, person.given.kana)
  }
})

t.test('parents are old enough, and their children bear their name', async (t) => {
  for (const { parents, birth, family } of persons)
    for (const parent of parents.map((number) => byNumber.get(number))) {
      if (parent === undefined) throw new Error('a parent is of the same household and comes first')
      t.ok(dayOf(birth) - dayOf(parent.birth) > 20 * 365)
      t.equal(family.kanji, parent.family.kanji)
    }
})

t.test('romaji are those of passports', async (t) => {
  t.equal(romaji('オオノ'), 'ONO')
  t.equal(romaji('シュンイチロウ'), 'SHUNICHIRO')
  t.equal(romaji('ハットリ'), 'HATTORI')
  t.equal(romaji('ジュンジ'), 'JUNJI')
})
