// Patient demographics query as an actor: who is found, by what, shown as what; pages (ITI TF-2 3.21.4, 3.47.4; design §4).

import t from 'tap'
import { feedAdd, feedMerge, feedRevise } from '../../src/identity/feed.ts'
import { MAX_FOUND, pdqCancel, pdqContinue, pdqQuery } from '../../src/identity/pdq.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { Outcome } from '../../src/model/evidence.ts'
import type { Oid, PatientId } from '../../src/model/identifiers.ts'
import type { PdqAnswer, PdqQuery } from '../../src/model/pdq.ts'
import type { Demographics } from '../../src/model/person.ts'
import {
  AFFINITY,
  callerOf,
  DOMAIN_A,
  DOMAIN_B,
  feedOf,
  HANA,
  idIn,
  type MemoryPorts,
  memoryPorts,
  mergeOf,
  SECOND_A,
  TESTER,
  UNKNOWN,
} from './in-memory.ts'
import { continuationOf, type MemoryPdq, pdqOf, pdqQueryOf, soughtName } from './pdq-memory.ts'

const hospital = callerOf('hospital-a')
const clinic = callerOf('clinic-b')
const tester = callerOf('tester', TESTER)
const EVERYTHING: readonly Oid[] = [DOMAIN_A, SECOND_A, DOMAIN_B, AFFINITY]

interface World {
  readonly memory: MemoryPorts
  readonly pdq: MemoryPdq
}

function world(visible: (person: string) => readonly Oid[] = () => EVERYTHING): World {
  const memory = memoryPorts()
  return { memory, pdq: pdqOf(memory, visible) }
}

/** Feeds a record as the facility of its domain does. */
async function register({ memory }: World, id: PatientId, demographics: Partial<Demographics> = {}): Promise<void> {
  const caller = id.authority === DOMAIN_B ? clinic : hospital
  const { answer } = await feedAdd(feedOf([id], { demographics: { ...HANA, ...demographics } }), caller, memory)
  if (answer.code !== 'CA') throw new Error('the feed was refused')
}

/** Makes the records of two numbers those of one person. */
async function join({ memory }: World, id: PatientId, to: PatientId): Promise<void> {
  const [stored] = await memory.store.findIdentifiers(to.value, to.authority)
  const [own] = await memory.store.findIdentifiers(id.value, id.authority)
  if (stored === undefined || own === undefined) throw new Error('unknown number')
  memory.state().identifiers.set(`${id.value}^^^&${id.authority}&ISO`, { ...own, person: stored.person })
}

async function ask({ pdq }: World, fields: Partial<PdqQuery>, caller: Caller = hospital) {
  return pageOf(await pdqQuery(pdqQueryOf(fields), caller, pdq))
}

function pageOf({ answer }: Outcome<PdqAnswer>): Extract<PdqAnswer, { kind: 'page' }> {
  if (answer.kind !== 'page') throw new Error('refused')
  return answer
}

const numbers = (page: Extract<PdqAnswer, { kind: 'page' }>): readonly string[] =>
  page.patients.map(({ primary }) => primary.map(({ id }) => id.value).join())

t.test('3.47.4.1.3: a name is found in kanji, kana or romaji, in any width and old form', async (t) => {
  const w = world()
  const names = [
    { representation: 'IDE', family: '髙橋', given: '花子' },
    { representation: 'SYL', family: 'タカハシ', given: 'ハナコ' },
  ] as const
  await register(w, idIn(DOMAIN_A, '1'), { names })
  for (const [family, given] of [
    ['高橋', '花子'],
    ['髙橋', undefined],
    ['ﾀｶﾊｼ', 'ﾊﾅｺ'],
    ['たかはし', 'はなこ'],
    ['TAKAHASHI', 'Hanako'],
    ['Ｔａｋａｈａｓｉ', undefined],
  ] as const)
    t.strictSame(numbers(await ask(w, { names: [soughtName(family, given)] })), ['1'], `${family} ${given}`)
  for (const [family, given] of [
    ['高', undefined],
    ['高橋', '花'],
    ['タカハ', 'ハナコ'],
    ['タカハシ', 'ハナエ'],
    ['タカダ', undefined],
  ] as const)
    t.strictSame(numbers(await ask(w, { names: [soughtName(family, given)] })), [], `${family} ${given}`)
})

t.test('3.47.4.1.3: inexact matching finds what begins alike or sounds alike, with a lower degree', async (t) => {
  const w = world()
  const names = [{ representation: 'SYL', family: 'ショウジ', given: 'ユウコ' }] as const
  await register(w, idIn(DOMAIN_A, '1'), { names })
  const degreeOf = async (family: string, given?: string, minimumScore = 0) =>
    (await ask(w, { names: [soughtName(family, given, 'inexact')], minimumScore })).patients[0]?.score
  t.equal(await degreeOf('ショウジ', 'ユウコ'), 100)
  t.equal(await degreeOf('シヨウジ', 'ユーコ'), 90)
  t.equal(await degreeOf('ショウ', 'ユウコ'), 80)
  t.equal(await degreeOf('シヨ', 'ユ'), 70)
  t.equal(await degreeOf('ショウジ', 'ユミ'), undefined)
  t.equal(await degreeOf('シヨ', 'ユ', 71), undefined, 'minimumDegreeMatch')
})

t.test('3.47.4.1.3: every parameter must agree, in one record; repeated names are alternatives', async (t) => {
  const w = world()
  const id = idIn(DOMAIN_A, '1')
  const mother = [{ representation: 'IDE', family: '架空', given: '' }] as const
  await register(w, id, { mother })
  const at = 'x'
  const found: readonly Partial<PdqQuery>[] = [
    { names: [soughtName('架空'), soughtName('水沢')] },
    { names: [soughtName('水沢')], sex: 'F', birth: { kind: 'date', date: '1962', at } },
    { birth: { kind: 'date', date: '19620417', at } },
    { birth: { kind: 'range', low: '19620401', high: '196204', at } },
    { names: [soughtName('水沢')], birth: { kind: 'range', low: '1962', at } },
    { address: { postalCode: '999-0001', parts: ['見本市', '１丁目２番３号'], at } },
    { telecom: { value: 'tel:099-000-0001', at } },
    { names: [soughtName('水沢')], mother: soughtName('架空') },
    {
      ids: [
        { authority: DOMAIN_A, value: '1', at },
        { authority: AFFINITY, at },
      ],
    },
  ]
  for (const fields of found) t.strictSame(numbers(await ask(w, fields)), ['1'], JSON.stringify(fields))
  const missed: readonly Partial<PdqQuery>[] = [
    { names: [soughtName('水沢')], sex: 'M' },
    { birth: { kind: 'date', date: '19620418', at } },
    { birth: { kind: 'range', low: '19620418', high: '196205', at } },
    { address: { postalCode: '999-0001', parts: ['例示町'], at } },
    { telecom: { value: 'tel:099-000-0002', at } },
    { names: [soughtName('水沢')], mother: soughtName('見本') },
    {
      ids: [
        { authority: DOMAIN_A, value: '1', at },
        { authority: DOMAIN_B, at },
      ],
    },
    { ids: [{ authority: UNKNOWN, value: '1', at }] },
  ]
  for (const fields of missed) t.strictSame(numbers(await ask(w, fields)), [], JSON.stringify(fields))

  await register(w, idIn(SECOND_A, '2'), { names: [], birthTime: '19990101' })
  await join(w, idIn(SECOND_A, '2'), id)
  const mixed = { names: [soughtName('水沢')], birth: { kind: 'date', date: '19990101', at } } as const
  t.strictSame(numbers(await ask(w, mixed)), [], 'a name here and a birth date there are nobody')
})

t.test('design §4: whom the caller may not see is neither found, nor shown, nor counted', async (t) => {
  const w = world(() => [])
  await register(w, idIn(DOMAIN_A, '1'))
  await register(w, idIn(DOMAIN_B, 'B-1'))
  const query = { names: [soughtName('水沢')] }
  const seen = await ask(w, query, clinic)
  t.strictSame([numbers(seen), seen.total, seen.remaining], [['B-1'], 1, 0])
  t.match(w.pdq.searched()[0], { knownTo: [DOMAIN_B] }, 'the store is asked about persons of the facility only')
  for (const value of ['1', 'never'])
    t.strictSame(
      await ask(w, { ids: [{ authority: DOMAIN_A, value, at: 'x' }] }, clinic),
      { kind: 'page', patients: [], total: 0, remaining: 0, query: '<queryByParameter/>' },
      'a hidden id and one that never was',
    )
})

t.test('design §4: a record that the caller may not see neither matches nor shows', async (t) => {
  const hidden = world(() => [])
  const shown = world(() => EVERYTHING)
  for (const w of [hidden, shown]) {
    await register(w, idIn(DOMAIN_B, 'B-1'), { telecoms: [] })
    await register(w, idIn(DOMAIN_A, '1'), { names: [{ representation: 'IDE', family: '架空', given: '葉名' }] })
    await join(w, idIn(DOMAIN_A, '1'), idIn(DOMAIN_B, 'B-1'))
  }
  const formerName = { names: [soughtName('架空')] }
  t.strictSame(numbers(await ask(hidden, formerName, clinic)), [])
  t.strictSame(numbers(await ask(shown, formerName, clinic)), ['B-1'])
  const [own] = (await ask(hidden, { names: [soughtName('水沢')] }, clinic)).patients
  t.strictSame(own?.demographics.telecoms, [], 'nothing of the other source')
  t.strictSame(
    own?.ids.map(({ id }) => id),
    [idIn(DOMAIN_B, 'B-1')],
    'not even the network’s own id',
  )
  const [whole] = (await ask(shown, { names: [soughtName('水沢')] }, clinic)).patients
  t.strictSame(whole?.demographics.telecoms, HANA.telecoms)
  t.strictSame(whole?.demographics.names[0]?.family, '水沢', 'own record first')
  t.strictSame(
    whole?.ids.map(({ id }) => id.authority).sort(),
    [AFFINITY, AFFINITY, DOMAIN_A, DOMAIN_B].slice(1).sort(),
  )
})

t.test('mode affinity-domain: a trusted system finds everybody', async (t) => {
  const w = world()
  await register(w, idIn(DOMAIN_A, '1'))
  const page = await ask(w, { names: [soughtName('水沢')] }, tester)
  t.equal(page.total, 1)
  t.equal(page.patients[0]?.primary[0]?.id.authority, AFFINITY, 'without a number of its own the network’s id speaks')
})

t.test('design §4: what an affinity domain id copied from a source is nobody’s word', async (t) => {
  const w = world(() => [AFFINITY])
  await register(w, idIn(DOMAIN_A, '1'), { telecoms: ['tel:099-000-0009'] })
  await register(w, idIn(DOMAIN_B, 'B-1'), { telecoms: [] })
  await join(w, idIn(DOMAIN_B, 'B-1'), idIn(DOMAIN_A, '1'))
  const [patient] = (await ask(w, { names: [soughtName('水沢')] }, clinic)).patients
  t.strictSame(patient?.demographics.telecoms, [], 'the network’s id is shown, the hospital’s word under it is not')
  t.ok(patient?.ids.some(({ id }) => id.authority === AFFINITY))
})

t.test('a source’s request for discretion: found by an id, never by a search', async (t) => {
  const w = world()
  await register(w, idIn(DOMAIN_A, '1'), { restricted: true })
  t.equal((await ask(w, { names: [soughtName('水沢')] })).total, 0)
  t.equal((await ask(w, { ids: [{ authority: DOMAIN_A, value: '1', at: 'x' }] })).total, 1)
  await feedRevise(feedOf([idIn(DOMAIN_A, '1')], { kind: 'revise' }), hospital, w.memory)
  t.equal((await ask(w, { names: [soughtName('水沢')] })).total, 1, 'until the source takes it back')
})

t.test('3.47.4.2.2: an obsolete id neither finds nor shows', async (t) => {
  const w = world()
  await register(w, idIn(DOMAIN_A, '1'))
  await register(w, idIn(DOMAIN_A, '2'))
  await feedMerge(mergeOf(idIn(DOMAIN_A, '1'), idIn(DOMAIN_A, '2')), hospital, w.memory)
  t.equal((await ask(w, { ids: [{ authority: DOMAIN_A, value: '1', at: 'x' }] })).total, 0)
  t.strictSame(numbers(await ask(w, { names: [soughtName('水沢')] })), ['2'])
})

t.test('3.47.4.2.2: ids in the domains wanted, nulls for the others, the caller’s own id in any case', async (t) => {
  const w = world()
  await register(w, idIn(DOMAIN_A, '1'))
  const wanted = { names: [soughtName('水沢')], domains: [{ domain: DOMAIN_B, at: 'x' }] }
  t.match((await ask(w, wanted)).patients, [{ ids: [], missing: [DOMAIN_B], primary: [{ id: { value: '1' } }] }])
  t.equal(
    (await ask(w, { ...wanted, withoutWantedIds: 'left out' })).total,
    0,
    '3.21.4.2.2: v2 leaves such a patient out',
  )
  const unknown = await pdqQuery(
    pdqQueryOf({ ...wanted, domains: [...wanted.domains, { domain: UNKNOWN, at: 'scope[2]' }] }),
    hospital,
    w.pdq,
  )
  t.match(unknown, { answer: { kind: 'refused' }, errors: [{ row: { code: 'V3_UNKNOWN_KEY' }, at: 'scope[2]' }] })
})

t.test('a query that asks for nothing, or for half of everybody, is refused', async (t) => {
  const w = world()
  const codeOf = async (fields: Partial<PdqQuery>) =>
    (await pdqQuery(pdqQueryOf(fields), hospital, w.pdq)).errors[0]?.row.code
  const at = 'x'
  t.equal(await codeOf({}), 'PDQ_NO_PARAMETER')
  t.equal(await codeOf({ names: [soughtName('不明')] }), 'PDQ_NO_PARAMETER', 'a word for unknown is no name')
  t.equal(await codeOf({ sex: 'F' }), 'PDQ_TOO_WIDE')
  t.equal(await codeOf({ names: [soughtName('山', undefined, 'inexact')] }), 'PDQ_TOO_WIDE')
  t.equal(await codeOf({ names: [soughtName('山田'), soughtName('山', undefined, 'inexact')] }), 'PDQ_TOO_WIDE')
  t.equal(await codeOf({ birth: { kind: 'range', low: '1950', high: '1960', at } }), 'PDQ_TOO_WIDE')
  t.equal(await codeOf({ address: { postalCode: '99', parts: [], at } }), 'PDQ_TOO_WIDE')
  t.equal(await codeOf({ address: { parts: ['架空県'], at } }), 'PDQ_TOO_WIDE')
  t.equal(await codeOf({ ids: [{ authority: DOMAIN_A, at }] }), 'PDQ_TOO_WIDE')
  t.equal(w.pdq.searched().length, 0, 'nobody is looked at')
  const crowded: MemoryPdq = {
    ...w.pdq,
    reads: { ...w.pdq.reads, search: async ({ limit }) => Array.from({ length: limit }, (_, key) => String(key)) },
  }
  const crowd = await pdqQuery(pdqQueryOf({ names: [soughtName('佐藤')] }), hospital, crowded)
  t.match(crowd, {
    answer: { kind: 'refused' },
    errors: [{ row: { code: 'PDQ_TOO_WIDE' }, rule: new RegExp(`${MAX_FOUND}`) }],
  })
})

t.test('a query cannot be made to ask for any number of things', async (t) => {
  const w = world()
  const names = Array.from({ length: 51 }, (_, index) => ({ ...soughtName('水沢'), at: `name[${index + 1}]` }))
  const most = await pdqQuery(pdqQueryOf({ names: names.slice(1) }), hospital, w.pdq)
  t.equal(most.result, 'success')
  const over = await pdqQuery(pdqQueryOf({ names }), hospital, w.pdq)
  t.match(over.errors, [{ row: { code: 'V3_TOO_MANY' }, at: 'name[51]' }])
})

async function fiveOf(w: World): Promise<void> {
  for (const number of ['1', '2', '3', '4', '5']) await register(w, idIn(DOMAIN_A, number))
}

t.test('3.47.4.3: pages follow one another, begin where the sender says and change in size', async (t) => {
  const w = world()
  await fiveOf(w)
  const query = pdqQueryOf({ names: [soughtName('水沢')], initialQuantity: 2 })
  const first = pageOf(await pdqQuery(query, hospital, w.pdq))
  t.match([numbers(first), first.total, first.remaining, first.next], [['1', '2'], 5, 3, 3])
  const turn = async (fields = {}) => {
    const page = pageOf(await pdqContinue(continuationOf(query, fields), hospital, w.pdq))
    return [numbers(page), page.total, page.remaining, page.next]
  }
  t.strictSame(await turn(), [['3', '4'], 5, 1, 5])
  t.strictSame(await turn(), [['5'], 5, 0, undefined])
  t.strictSame(await turn({ start: 1, quantity: 3 }), [['1', '2', '3'], 5, 2, 4])
  t.strictSame(await turn(), [['4', '5'], 5, 0, undefined], 'the new size stays')
  t.strictSame(await turn({ start: 9 }), [[], 5, 0, undefined])
})

t.test('3.21.4.2.2: whoever lost the id that is wanted before their page came is left out of it too', async (t) => {
  const w = world()
  for (const number of ['1', '2']) {
    await register(w, idIn(DOMAIN_A, number))
    await register(w, idIn(DOMAIN_B, `B${number}`))
    await join(w, idIn(DOMAIN_B, `B${number}`), idIn(DOMAIN_A, number))
  }
  const domains = [{ domain: DOMAIN_B, at: 'QPD-8' }]
  const withoutWantedIds = 'left out'
  const query = pdqQueryOf({ names: [soughtName('水沢')], domains, withoutWantedIds, initialQuantity: 1 })
  t.equal(pageOf(await pdqQuery(query, hospital, w.pdq)).total, 2)
  const identifiers = w.memory.state().identifiers
  for (const value of ['B1', 'B2']) identifiers.delete(`${value}^^^&${DOMAIN_B}&ISO`)
  const second = pageOf(await pdqContinue(continuationOf(query, { withoutWantedIds }), hospital, w.pdq))
  t.strictSame([second.patients, second.total, second.remaining], [[], 2, 0])
  const kept = pageOf(await pdqContinue(continuationOf(query, { start: 2 }), hospital, w.pdq))
  t.match(kept.patients, [{ ids: [], missing: [DOMAIN_B] }], '3.47.4.2.2: v3 says that the id is missing')
})

t.test('3.47.4.3: a page shows what the caller may see now, and counts as before', async (t) => {
  let visible = EVERYTHING
  const w = world(() => visible)
  await register(w, idIn(DOMAIN_A, '1'))
  await register(w, idIn(DOMAIN_A, '2'))
  const query = pdqQueryOf({ names: [soughtName('水沢')], initialQuantity: 1 })
  const first = pageOf(await pdqQuery(query, tester, w.pdq))
  t.equal(first.total, 2)
  visible = []
  const second = pageOf(await pdqContinue(continuationOf(query), tester, w.pdq))
  t.strictSame([second.patients, second.total, second.remaining], [[], 2, 0])
})

t.test(
  '3.47.4.3, 3.47.4.4: a query ends ten minutes after its last page, when cancelled, and is nobody else’s',
  async (t) => {
    const w = world()
    await fiveOf(w)
    const query = pdqQueryOf({ names: [soughtName('水沢')], initialQuantity: 1 })
    const codeOf = async (caller = hospital) =>
      (await pdqContinue(continuationOf(query), caller, w.pdq)).errors[0]?.row.code
    await pdqQuery(query, hospital, w.pdq)
    t.equal(await codeOf(clinic), 'PDQ_UNKNOWN_QUERY')
    t.match(await pdqCancel(continuationOf(query), clinic, w.pdq), { answer: { kind: 'refused' } })
    w.pdq.later(9 * 60 * 1000)
    t.equal(await codeOf(), undefined)
    w.pdq.later(9 * 60 * 1000)
    t.equal(await codeOf(), undefined, 'each page keeps it open')
    w.pdq.later(10 * 60 * 1000)
    t.equal(await codeOf(), 'PDQ_UNKNOWN_QUERY')
    await pdqQuery(query, hospital, w.pdq)
    t.match(await pdqCancel(continuationOf(query), hospital, w.pdq), {
      answer: { kind: 'cancelled' },
      result: 'success',
    })
    t.equal(await codeOf(), 'PDQ_UNKNOWN_QUERY')
  },
)

t.test('audit: the query as it came, and whom it told of', async (t) => {
  const w = world()
  await register(w, idIn(DOMAIN_A, '1'))
  const query = pdqQueryOf({ names: [soughtName('水沢')] })
  const { evidence } = await pdqQuery(query, hospital, w.pdq)
  t.strictSame(evidence, {
    patients: [`1^^^&${DOMAIN_A}&ISO`],
    documents: [],
    query: { id: query.message, text: query.text },
  })
})
