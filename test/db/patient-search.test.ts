// The patient search on a real PostgreSQL: keys kept with records, plans at size, results that wait for their next page (ITI TF-2 3.47.4).

import type pg from 'pg'
import t, { type Test } from 'tap'
import { openResults } from '../../src/db/identity/open-results.ts'
import { searchReads } from '../../src/db/identity/search.ts'
import { fillSearchKeys } from '../../src/db/identity/search-fill.ts'
import { updateDemographics } from '../../src/db/storeclient/demographics.ts'
import { feedAdd, feedMerge, feedRevise } from '../../src/identity/feed.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../src/identity/matching/model.ts'
import { pdqQuery } from '../../src/identity/pdq.ts'
import { planOf } from '../../src/identity/pdq-plan.ts'
import type { PdqPorts, RecordSearch } from '../../src/identity/pdq-ports.ts'
import { registerDomain, registerPerson } from '../../src/identity/registration.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import type { PdqQuery } from '../../src/model/pdq.ts'
import { AFFINITY, callerOf, DOMAIN_A, DOMAIN_B, feedOf, HANA, idIn, mergeOf, TESTER } from '../identity/in-memory.ts'
import { pdqQueryOf, soughtName } from '../identity/pdq-memory.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead, scannedTables } from './explaining.ts'
import { identityOn } from './identity-on-postgres.ts'

const pool = await openDatabase(t, 8)
const identity = identityOn(pool, { policy: { ...DEFAULT_POLICY, mode: 'off' }, model: DEFAULT_MODEL, version: '1' })
const results = openResults(pool)
const pdq: PdqPorts = {
  now: () => new Date(),
  reads: {
    ...searchReads(pool),
    domains: identity.store.domains,
    facilityDomains: identity.store.facilityDomains,
  },
  affinityDomain: AFFINITY,
  visibleDomains: async (_caller, persons) =>
    new Map(persons.map((person) => [person, new Set([AFFINITY, DOMAIN_A, DOMAIN_B])])),
  results,
}
const hospital = callerOf('hospital-a')
const clinic = callerOf('clinic-b')
const tester = callerOf('tester', TESTER)
await registerDomain({ oid: AFFINITY, name: 'NETWORK', kind: 'community' }, identity)
await registerDomain({ oid: DOMAIN_A, name: 'HOSPITAL-A', kind: 'facility', facilityId: 'hospital-a' }, identity)
await registerDomain({ oid: DOMAIN_B, name: 'CLINIC-B', kind: 'facility', facilityId: 'clinic-b' }, identity)

async function found(fields: Partial<PdqQuery>, caller = hospital): Promise<readonly string[] | undefined> {
  const { answer } = await pdqQuery(pdqQueryOf(fields), caller, pdq)
  return answer.kind === 'page' ? answer.patients.map(({ primary }) => primary[0]?.id.value ?? '') : undefined
}

const at = 'x'
/** Everything by which the record HANA is found. */
const WAYS: readonly Partial<PdqQuery>[] = [
  { names: [soughtName('水沢', '葉名')] },
  { names: [soughtName('ﾐｽﾞｻﾜ')] },
  { names: [soughtName('Midusawa', 'Hana')] },
  { names: [soughtName('水沢', '葉', 'inexact')] },
  { names: [soughtName('みず', undefined, 'inexact')], sex: 'F' },
  { names: [{ given: '葉名', matching: 'exact', at }] },
  { names: [{ given: 'ハナ', matching: 'inexact', at }, soughtName('誰', 'でもない')] },
  { birth: { kind: 'date', date: '19620417', at } },
  { birth: { kind: 'date', date: '19620417', at }, names: [soughtName('誰'), soughtName('ミズサワ')], sex: 'F' },
  { birth: { kind: 'range', low: '196204', high: '196205', at } },
  { names: [soughtName('水沢')], birth: { kind: 'range', high: '1970', at } },
  { telecom: { value: 'tel:099-000-0001', at } },
  { address: { postalCode: '999-0', parts: ['見本市'], at }, names: [soughtName('水', undefined, 'inexact')] },
  { ids: [{ authority: DOMAIN_A, value: 'S1', at }] },
]

t.test('3.47.4.1.3: a record is found by what its source says now, from the commit on', async (t) => {
  const id = idIn(DOMAIN_A, 'S1')
  for (const way of WAYS) t.strictSame(await found(way), [], JSON.stringify(way))
  await feedAdd(feedOf([id]), hospital, identity)
  for (const way of WAYS) {
    t.strictSame(await found(way), ['S1'], JSON.stringify(way))
    t.equal((await found(way, tester))?.length, 1, 'by a trusted system')
    t.strictSame(await found(way, clinic), [], 'not by a facility that does not know the person')
  }
  const names = [{ representation: 'IDE', family: '架空', given: '葉名' }] as const
  await feedRevise(feedOf([id], { kind: 'revise', demographics: { ...HANA, names } }), hospital, identity)
  t.strictSame(await found({ names: [soughtName('架空')] }), ['S1'])
  t.strictSame(await found({ names: [soughtName('水沢')] }), [])
  await feedRevise(feedOf([id], { kind: 'revise', demographics: { ...HANA, restricted: true } }), hospital, identity)
  const { rows } = await pool.query('select from identity.search_key')
  t.equal(rows.length, 0, 'of who asks for discretion no key is kept')
  await feedRevise(feedOf([id], { kind: 'revise' }), hospital, identity)
  t.strictSame(await found(WAYS[0] ?? {}), ['S1'])
})

t.test('3.47.4.1.3: a merged number is found no more, its successor is', async (t) => {
  const names = [{ representation: 'IDE', family: '統合', given: '前' }] as const
  await feedAdd(feedOf([idIn(DOMAIN_A, 'M1')], { demographics: { ...HANA, names } }), hospital, identity)
  await feedAdd(feedOf([idIn(DOMAIN_A, 'M2')], { demographics: { ...HANA, names } }), hospital, identity)
  await feedMerge(mergeOf(idIn(DOMAIN_A, 'M1'), idIn(DOMAIN_A, 'M2')), hospital, identity)
  t.strictSame(await found({ names: [soughtName('統合')] }), ['M2'])
})

t.test(
  '3.47.4.1.3: the beginning of a name ends where it likes, also within a syllable that is spelled by its whole',
  async (t) => {
    const known = [
      ['B1', 'マツモト', 'ソフィア'],
      ['B2', 'YOSHIDA', 'STEFANI'],
      ['B3', 'フジシマ', 'ステファニー'],
      ['B4', 'NOGUCHI', 'MATIAS'],
      ['B5', 'シンボ', 'ヴァレリー'],
      ['B6', 'ホンマ', 'シルヴィア'],
      ['B7', 'SHIMON', 'VERA'],
    ] as const
    for (const [value, family, given] of known) {
      const names = [{ representation: 'ABC', family, given }] as const
      await feedAdd(feedOf([idIn(DOMAIN_A, value)], { demographics: { ...HANA, names } }), hospital, identity)
    }
    const given = (text: string) => ({ given: text, matching: 'inexact', at }) as const
    for (const [asked, value] of [
      [soughtName('Mats', undefined, 'inexact'), 'B1'],
      [soughtName('Matsu', undefined, 'inexact'), 'B1'],
      [given('ソフ'), 'B1'],
      [soughtName('Yosh', undefined, 'inexact'), 'B2'],
      [soughtName('Fuj', undefined, 'inexact'), 'B3'],
      [given('ステフ'), 'B3'],
      [soughtName('Noguch', undefined, 'inexact'), 'B4'],
      [soughtName('Shimb', undefined, 'inexact'), 'B5'],
      [soughtName('Hom', undefined, 'inexact'), 'B6'],
      [given('シルヴ'), 'B6'],
      [given('ｼﾙｳﾞ'), 'B6'],
      [soughtName('ホン', 'しるゔ', 'inexact'), 'B6'],
    ] as const)
      t.strictSame(await found({ names: [asked] }), [value], JSON.stringify(asked))
    const shim = await found({ names: [soughtName('Shim', undefined, 'inexact')] })
    t.strictSame(shim?.slice().sort(), ['B5', 'B7'])
    const birth = { kind: 'date', date: '19620417', at } as const
    const alike = await found({ names: [given('ヴ')], birth })
    t.strictSame(
      alike?.filter((id) => id.startsWith('B')).sort(),
      ['B5', 'B7'],
      'with others of a birthday whose names sound alike',
    )
    t.strictSame(await found({ names: [soughtName('Mats')] }), [], 'a whole name is another')
    t.strictSame(await found({ names: [soughtName('Matsa', undefined, 'inexact')] }), [], 'nobody goes on like this')
  },
)

t.test('3.44.4.1.3: absurd demographics are stored, and searched as far as an index can', async (t) => {
  const long = '長'.repeat(5000)
  const names = [
    { representation: 'IDE', family: long, given: long },
    ...Array.from({ length: 300 }, (_, index) => ({
      representation: 'ABC' as const,
      family: 'Mizusawa',
      given: `Hana${String.fromCodePoint(65 + (index % 26), 65 + (index % 25))}`,
    })),
  ] as const
  const telecoms = [`mailto:${'x'.repeat(9000)}@example.jp`]
  const demographics = { ...HANA, names, telecoms, birthTime: '18990101' }
  const { answer } = await feedAdd(feedOf([idIn(DOMAIN_A, 'LONG')], { demographics }), hospital, identity)
  t.equal(answer.code, 'CA')
  t.strictSame(await found({ names: [soughtName(long, long)] }), ['LONG'])
  const { rows } = await pool.query(`select from identity.search_key where birth = '18990101'`)
  t.ok(rows.length > 3 && rows.length < 40, `${rows.length} keys`)
})

t.test('a record is found by what a push of its facility says now', async (t) => {
  const own = { domain: DOMAIN_A, local_id: 'S1', demographics: HANA }
  const names = [{ representation: 'IDE', family: '押出', given: '葉名' }] as const
  const pushed = { change: { names }, systemId: 'hospital-a' }
  await updateDemographics(pool, own, pushed)
  t.strictSame(await found({ names: [soughtName('押出')] }), ['S1'])
  t.strictSame(await found({ names: [soughtName('水沢')] }), [])
  const discreet = { ...own, demographics: { ...HANA, restricted: true, birthOrder: 2 } }
  await updateDemographics(pool, discreet, pushed)
  t.strictSame(await found({ names: [soughtName('押出')] }), [], 'a push takes no request for discretion back')
  const [stored] = await identity.store.findIdentifiers('S1', DOMAIN_A)
  t.match(stored?.demographics, { birthOrder: 2, restricted: true, sex: 'F' })
})

t.test('a person whom staff described is found until a source describes them', async (t) => {
  const described = {
    names: [{ representation: 'IDE', family: '窓口', given: '一' }],
    addresses: [],
    telecoms: [],
  } as const
  const { key } = await registerPerson({ demographics: described, by: 'staff', peer: '' }, identity)
  const here = { names: [soughtName('窓口')] }
  t.equal((await found(here, tester))?.length, 1)
  t.strictSame(await found(here), [], 'by a facility that knows them only')
  await pool.query(
    `insert into identity.identifier (domain, value, person_key, demographics) values ($1, 'W1', $2, $3)`,
    [DOMAIN_A, key, HANA],
  )
  t.strictSame(await found(here), [])
})

t.test('records of before the search are brought into it once, beside the server', async (t) => {
  const names = [{ representation: 'IDE', family: '以前', given: '太郎' }] as const
  const id = idIn(DOMAIN_A, 'OLD')
  await feedAdd(feedOf([id], { demographics: { ...HANA, names } }), hospital, identity)
  await pool.query('truncate identity.search_key')
  t.strictSame(await found({ names: [soughtName('以前')] }), [])
  const { signal } = new AbortController()
  const filled = await Promise.all([fillSearchKeys(pool, signal), fillSearchKeys(pool, signal)])
  t.ok(Math.max(...filled) >= 3)
  t.strictSame(await found({ names: [soughtName('以前')] }), ['OLD'])
  const { rows } = await pool.query<{ record_id: string; key: string }>(
    'select record_id, kind, key from identity.search_key group by 1, 2, 3 having count(*) > 1',
  )
  t.strictSame(rows, [], 'by one server only')
  t.equal(await fillSearchKeys(pool, signal), 0, 'nothing is left to do')
  const { rows: copies } = await pool.query(
    `select from identity.search_key k join identity.identifier i using (record_id) where i.domain = $1`,
    [AFFINITY],
  )
  t.equal(copies.length, 0, 'what the network’s own id copied is no record to be found')
})

const now = new Date('2027-04-01T00:00:00Z')
const later = (minutes: number): Date => new Date(now.getTime() + minutes * 60_000)
const persons = Array.from({ length: 7 }, (_, index) => ({ person: String(index + 1), score: 100 - index }))
const open = (key: string, at = now, systemId = 'hospital-a') =>
  results.open({ systemId, key, persons, next: 3, pageSize: 2, query: '<q/>', domains: [DOMAIN_B] }, at)
const page = (key: string, at = now, fields: { start?: number; quantity?: number; systemId?: string } = {}) =>
  results.page({ systemId: 'hospital-a', key, ...fields }, at)

t.test('3.47.4.3: pages are taken from what is kept, each once, by the system that opened it', async (t) => {
  await open('k')
  t.strictSame(await page('k'), {
    persons: persons.slice(2, 4),
    start: 3,
    total: 7,
    query: '<q/>',
    domains: [DOMAIN_B] as Oid[],
  })
  t.equal(await page('k', now, { systemId: 'clinic-b' }), undefined)
  t.equal(await results.close('clinic-b', 'k', now), false)
  const both = await Promise.all([page('k', now, { quantity: 1 }), page('k', now, { quantity: 1 })])
  t.strictSame(both.flatMap((one) => one?.persons.map(({ person }) => person) ?? []).sort(), ['5', '6'])
  t.match(await page('k', now, { start: 1, quantity: 5 }), { start: 1, persons: persons.slice(0, 5) })
  t.match(await page('k'), { start: 6, persons: persons.slice(5) })
  t.match(await page('k', now, { start: 999_999_999, quantity: 999_999_999 }), { persons: [] })
  await open('k')
  t.match(await page('k'), { start: 3 }, 'the same key again is a new query')
  t.equal(await results.close('hospital-a', 'k', now), true)
  t.equal(await page('k'), undefined)
})

t.test('3.47.4.3: results end ten minutes after their last page; a system keeps only so many open', async (t) => {
  await open('e')
  t.ok(await page('e', later(9)))
  t.ok(await page('e', later(18)))
  t.equal(await page('e', later(28)), undefined)
  t.equal(await results.close('hospital-a', 'e', later(28)), false)
  await open('f', later(28))
  const { rows } = await pool.query(`select from identity.open_result where key = 'e'`)
  t.equal(rows.length, 0, 'what has expired goes when another is opened')
  await open('other', later(29), 'clinic-b')
  for (let number = 1; number <= 60; number += 1) await open(`n${number}`, later(29 + number / 100))
  const { rows: kept } = await pool.query<{ key: string }>('select key from identity.open_result')
  t.equal(kept.length, 51)
  t.equal(await page('n10', later(30)), undefined)
  t.ok(await page('n11', later(30)))
  t.ok(await page('other', later(30), { systemId: 'clinic-b' }), 'of another system nothing is lost')
})

const PERSONS = 30_000

/** Names of 300 families, 60 given names, birth dates of 80 years; every tenth person is known to the clinic too. */
async function crowd(): Promise<void> {
  await pool.query(`
    insert into identity.person (person_key) overriding system value select 1000000 + p from generate_series(1, ${PERSONS}) p;
    insert into identity.identifier (domain, value, person_key, demographics, received)
    select '${DOMAIN_A}', 'x' || p, 1000000 + p, '{"names":[],"addresses":[],"telecoms":[]}'::jsonb, '' from generate_series(1, ${PERSONS}) p
    union all
    select '${DOMAIN_B}', 'x' || p, 1000000 + p, '{"names":[],"addresses":[],"telecoms":[]}'::jsonb, '' from generate_series(10, ${PERSONS}, 10) p;
    with described as (
      select record_id, chr(20000 + p % 300) || chr(21000 + p % 300) as family, chr(22000 + p % 60) as given,
             'SEI' || p % 300 as family_reading, 'MEI' || p % 60 as given_reading,
             to_char(date '1940-01-01' + p % 29000, 'YYYYMMDD') as birth, case p % 2 when 0 then 'M' else 'F' end as sex, p
      from (select record_id, substr(value, 2)::int as p from identity.identifier where value like 'x%') i)
    insert into identity.search_key (record_id, kind, key, given, birth, sex)
    select record_id, 'kanji', family || ' ' || given, given, birth, sex from described
    union all select record_id, 'reading', family_reading || ' ' || given_reading, given_reading, birth, sex from described
    union all select record_id, 'birth', birth, '', birth, sex from described
    union all select record_id, 'postal', lpad((p % 5000)::text, 7, '0'), '', birth, sex from described
    union all select record_id, 'phone', '090' || lpad(p::text, 8, '0'), '', birth, sex from described`)
}

const family = `${String.fromCodePoint(20_070)}${String.fromCodePoint(21_070)}`
const given = String.fromCodePoint(22_010)
const birth = { kind: 'date', date: '19400311', at } as const
/** With how many rows may be read: some for each person found, of whom there are a hundred of one name. */
const searches: readonly (readonly [string, Partial<PdqQuery>, number])[] = [
  ['a whole name', { names: [soughtName(family, given)] }, 1300],
  ['a whole name and sex', { names: [soughtName(family, given)], sex: 'M' }, 1300],
  ['a family name and a birth year', { names: [soughtName(family)], birth: { ...birth, date: '1940' } }, 450],
  ['a name and a birth date', { names: [soughtName(family, given)], birth }, 100],
  ['two names and a birth date', { names: [soughtName(family), soughtName('SEI1', 'MEI1')], birth }, 100],
  [
    'a beginning and a birth month',
    { names: [soughtName(family, undefined, 'inexact')], birth: { ...birth, date: '194003' } },
    450,
  ],
  ['a birth date', { birth }, 100],
  ['a telephone number', { telecom: { value: 'tel:090-0000-0070', at } }, 20],
  [
    'a postal code and a name',
    { address: { postalCode: '000-0070', parts: [], at }, names: [soughtName('S', undefined, 'inexact')] },
    200,
  ],
  [
    'a whole postal code and a family name',
    { address: { postalCode: '000-0070', parts: [], at }, names: [soughtName(family, undefined, 'inexact')] },
    250,
  ],
  ['an id', { ids: [{ authority: DOMAIN_A, value: 'x70', at }] }, 10],
]

interface Asked {
  readonly from: pg.Pool
  readonly search: RecordSearch
  readonly most: number
}

async function within(t: Test, { from, search, most }: Asked): Promise<void> {
  const plans: Node[] = []
  const persons = await searchReads(explaining(from, plans)).search(search)
  t.ok(persons.length > 0, `finds somebody: ${persons.length}`)
  for (const plan of plans) {
    t.same(scannedTables(plan), [])
    const read = rowsRead(plan)
    t.ok(read <= most, `${read} rows read, at most ${most}`)
  }
}

async function everySearch(t: Test, from = pool): Promise<void> {
  for (const knownTo of [undefined, [DOMAIN_A], [DOMAIN_B]])
    for (const [name, fields, most] of searches) {
      const plan = planOf(pdqQueryOf(fields), { limit: 501, ...(knownTo === undefined ? {} : { knownTo }) })
      if (plan.kind !== 'search') throw new Error(`${name} is no search`)
      const { search } = plan
      await t.test(`${name}, of ${knownTo ?? 'everybody'}`, (t) => within(t, { from, search, most }))
    }
}

/** Plans as a session makes them that has asked often: for any value. */
const seasoned = {
  connect: async () => {
    const client = await pool.connect()
    await client.query('set plan_cache_mode = force_generic_plan')
    return client
  },
} as unknown as pg.Pool

t.test('3.47.4.1.3: each search reads an index, and little more than it finds', async (t) => {
  await crowd()
  await t.test('before the tables are analysed', (t) => everySearch(t))
  await pool.query('vacuum analyze')
  await t.test('after they are analysed', (t) => everySearch(t))
  await t.test('in a session that has asked often', (t) => everySearch(t, seasoned))
})
