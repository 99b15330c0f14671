// Bulk import on a real PostgreSQL: the decisions of feeds, repetition, feeds at the same time (ITI TF-2 3.44.4.1.3; design §3).

import t from 'tap'
import { hospitals } from '../../src/cli/bench/people/people.ts'
import { record } from '../../src/cli/bench/replay.ts'
import { exportPatients } from '../../src/identity/transfer/export.ts'
import type { PersonRecord } from '../../src/model/person-record.ts'
import { AFFINITY, HANA, idIn, UNKNOWN } from '../identity/in-memory.ts'
import { type Imported, openDatabases, openIndex, questionsIn, recordsOf } from './importing.ts'

const [HOSPITAL_A, HOSPITAL_B] = hospitals
const SENDERS = 20
if (HOSPITAL_A === undefined || HOSPITAL_B === undefined) throw new Error('the hospitals are three')

t.setTimeout(120_000)
const openDatabase = await openDatabases(t)

t.test(
  '3.44.4.1.3: an import in batches makes the persons, links and questions that feeds one by one make',
  async (t) => {
    const records = recordsOf(11, 300)
    const [fedPool, takenPool] = [await openDatabase(), await openDatabase()]
    const [fed, taken] = [await openIndex(fedPool), await openIndex(takenPool)]
    for (const record of records) await fed.feed(record)
    const { counts } = await taken.take(records, 70)
    t.equal(counts.added, records.length)
    t.same(await taken.persons(), await fed.persons())
    t.same(await questionsIn(takenPool), await questionsIn(fedPool))
    t.equal(counts.linked, (await fed.persons()).join().split(' auto').length - 1)
    t.same(await taken.rows(), await fed.rows(), 'as many rows of every kind')
    const { rows } = await takenPool.query(
      `select reason, link, evidence is not null as explained from identity.identifier_history
     where event = 'add' and link = 'auto' limit 1`,
    )
    t.match(rows, [{ reason: /^import test, line \d+$/, link: 'auto', explained: true }], 'history names the import')
  },
)

t.test('design §3: an import repeated changes nothing, and one that was cut off goes on', async (t) => {
  const index = await openIndex(await openDatabase())
  const records = recordsOf(12, 120)
  await index.take(records.slice(0, 50), 20)
  const whole = await index.take(records, 30)
  t.same([whole.counts.added, whole.counts.unchanged], [records.length - 50, 50])
  const before = await index.rows()
  const again = await index.take(records, 30)
  t.match(again.counts, { added: 0, unchanged: records.length, linked: 0, reviews: 0, refused: 0 })
  t.same(await index.rows(), before)
})

t.test('3.44.4.1.3: twenty senders feed people while they are imported, and each becomes one person', async (t) => {
  const index = await openIndex(await openDatabase())
  const ofA = recordsOf(13, 400).filter(
    ({ id, demographics }) => id.authority === HOSPITAL_A && demographics.telecoms.length > 0,
  )
  const inB = (record: Imported): Imported => ({ ...record, id: { ...record.id, authority: HOSPITAL_B } })
  const alone = await openIndex(await openDatabase())
  await alone.take([...ofA, ...ofA.map(inB)], 100)
  for (let at = 0; at < ofA.length; at += SENDERS) {
    const same = ofA.slice(at, at + SENDERS)
    const [, ...fed] = await Promise.all([index.take(same, SENDERS), ...same.map(inB).map(index.feed)])
    t.ok(fed.every(({ answer }) => answer.code === 'CA'))
  }
  const numbersOf = (persons: readonly string[]) => persons.map((person) => person.replace(/ (sole|auto)/g, ''))
  t.same(numbersOf(await index.persons()), numbersOf(await alone.persons()))
})

t.test('design §3: what cannot be taken is refused by its line, and the others are taken', async (t) => {
  const index = await openIndex(await openDatabase())
  const named = (value: string, given: string) => ({
    id: idIn(HOSPITAL_A, value),
    demographics: { ...HANA, names: [{ representation: 'IDE', family: '水沢', given }] as const },
  })
  await index.take([named('1', '葉名')], 10)
  const lines: readonly PersonRecord[] = [
    named('1', '葉名'),
    named('1', '波奈'),
    { id: idIn(UNKNOWN, '1'), demographics: HANA },
    { id: idIn(HOSPITAL_A, '2') },
    named('3', '一郎'),
    named('3', '一郎'),
    named('3', '二郎'),
    { ...named('4', '三郎'), person: 'XAD1' },
    { id: idIn(HOSPITAL_B, '4'), person: 'XAD1' },
    { ...named('5', '四郎'), person: 'XAD1' },
  ]
  const { counts, refused } = await index.take(lines, 4)
  t.match(counts, { added: 3, unchanged: 2, linked: 1, refused: 5 })
  const before = await index.rows()
  const dry = await index.take([...lines, named('9', '九郎')], 100, true)
  t.match(dry.counts, { added: 1, unchanged: 5, refused: 5 }, 'a dry run says the same')
  t.same(await index.rows(), before, 'and changes nothing')
  t.same(
    dry.refused.map(({ line, fault }) => [line, fault]),
    [
      [2, 'differs'],
      [3, 'unknown-domain'],
      [4, 'no-demographics'],
      [7, 'differs'],
      [10, 'second-number'],
    ],
  )
  t.ok(refused.every(({ line }) => line > 8))
})

t.test('design §3: an export imported into an empty network makes the same persons, with the same ids', async (t) => {
  const [from, to] = [await openIndex(await openDatabase()), await openIndex(await openDatabase())]
  await from.take(recordsOf(14, 150), 50)
  const lines: PersonRecord[] = []
  const request = { by: 'staff', peer: '127.0.0.1:1' }
  for await (const page of exportPatients(request, from.ports)) lines.push(...page)
  await to.take(lines, 40)
  const again: PersonRecord[] = []
  for await (const page of exportPatients(request, to.ports)) again.push(...page)
  const bare = (records: readonly PersonRecord[]) =>
    records.map(({ id, person, demographics }) => ({ id, person, demographics }))
  t.same(bare(again), bare(lines))
  t.ok(lines.every(({ person, id }) => person !== undefined && id.authority !== AFFINITY))
  const ofB: PersonRecord[] = []
  for await (const page of exportPatients({ ...request, domain: HOSPITAL_B }, from.ports)) ofB.push(...page)
  t.same(
    bare(ofB),
    bare(lines).filter(({ id }) => id.authority === HOSPITAL_B),
  )
})

t.test('design §2.9: what a batch and a page read and write goes by index, whatever the size', async (t) => {
  const pool = await openDatabase()
  const index = await openIndex(pool)
  await index.take(recordsOf(15, 100), 50)
  const recording = record(pool)
  await index.take(recordsOf(15, 140), 50)
  for await (const page of exportPatients({ by: 'staff', peer: '127.0.0.1:1' }, index.ports)) t.ok(page.length > 0)
  const statements = new Map(recording.stop().map((statement) => [statement.name, statement]))
  for (const marker of [
    'numbers of a batch',
    'records that a batch is compared with',
    'records of a batch',
    'a page of',
  ]) {
    const statement = [...statements.values()].find(({ text }) => text.includes(`/* ${marker}`))
    if (statement === undefined) throw new Error(`no statement for ${marker}`)
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${statement.text}`, [...statement.values])
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    t.notMatch(plan, /Seq Scan on (identifier|identifier_history|match_key|match_record|person|search_key)/, marker)
  }
})
