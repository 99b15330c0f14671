// Feeds meet the matcher in PostgreSQL: one person of many numbers, links made and broken, questions to staff (ITI TF-2 3.44.4.1.3, 3.44.4.2.3).

import t from 'tap'
import { updateDemographics } from '../../src/db/storeclient/demographics.ts'
import { feedAdd, feedMerge, feedRevise } from '../../src/identity/feed.ts'
import { linkRecord, unlinkRecord } from '../../src/identity/linking.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../src/identity/matching/model.ts'
import type { IdentityPorts, Matching } from '../../src/identity/ports.ts'
import { findPersons, registerDomain, registerPerson } from '../../src/identity/registration.ts'
import { answerReview } from '../../src/identity/review.ts'
import { mergeByStaff, undoMerge } from '../../src/identity/staff-merge.ts'
import type { Oid, PatientId } from '../../src/model/identifiers.ts'
import type { Demographics } from '../../src/model/person.ts'
import { AFFINITY, callerOf, feedOf, idIn, mergeOf, oid, refusalOf } from '../identity/in-memory.ts'
import { openDatabase } from './database.ts'
import { identityOn } from './identity-on-postgres.ts'
import { violations } from './soundness.ts'

const pool = await openDatabase(t, 24)
const FACILITIES = 20
const domainOf = (facility: number): Oid => oid(`2.25.700.${facility}`)

function portsOf(mode: Matching['policy']['mode'] = 'auto'): IdentityPorts {
  return identityOn(pool, { policy: { ...DEFAULT_POLICY, mode }, model: DEFAULT_MODEL, version: '0' })
}
const ports = portsOf()
await registerDomain({ oid: AFFINITY, name: 'NETWORK', kind: 'community' }, ports)
for (let facility = 1; facility <= FACILITIES; facility += 1)
  await registerDomain(
    { oid: domainOf(facility), name: `F${facility}`, kind: 'facility', facilityId: `f${facility}` },
    ports,
  )

const FAMILIES = [
  '水沢 ミズサワ',
  '遠藤 エンドウ',
  '黒木 クロキ',
  '藤村 フジムラ',
  '若林 ワカバヤシ',
  '長谷川 ハセガワ',
]
const GIVEN = [
  '健一 ケンイチ',
  '直人 ナオト',
  '雅彦 マサヒコ',
  '隆 タカシ',
  '勇気 ユウキ',
  '大輔 ダイスケ',
  '哲也 テツヤ',
]
const TOWNS = ['見本市本町', '例示町字北', '仮想村大字東', '試験市中央', '架空町港']
let people = 0

/** Someone whom nobody else resembles. */
function someone(): Demographics {
  people += 1
  const [family = '', familyKana = ''] = FAMILIES[people % FAMILIES.length]?.split(' ') ?? []
  const [given = '', givenKana = ''] = GIVEN[people % GIVEN.length]?.split(' ') ?? []
  const digits = (number: number, length: number) => String(number).padStart(length, '0')
  return {
    names: [
      { representation: 'IDE', family, given },
      { representation: 'SYL', family: familyKana, given: givenKana },
    ],
    sex: 'M',
    birthTime: `19${digits(30 + ((people * 17) % 60), 2)}${digits((people % 12) + 1, 2)}${digits(((people * 5) % 28) + 1, 2)}`,
    addresses: [
      {
        postalCode: `9${digits((people * 37) % 100, 2)}-${digits((people * 911) % 10_000, 4)}`,
        text: `架空県${TOWNS[people % TOWNS.length]}${people + 3}-${(people * 7) % 31}`,
      },
    ],
    telecoms: [`tel:090-${digits((people * 4111) % 10_000, 4)}-${digits((people * 1013) % 10_000, 4)}`],
  }
}

const staff = { by: 'registrar', peer: '127.0.0.1:5000', reason: '窓口で確認' }
let numbers = 0

async function feed(
  facility: number,
  demographics: Demographics,
  given: Partial<IdentityPorts> = {},
): Promise<PatientId> {
  numbers += 1
  const id = idIn(domainOf(facility), `N${numbers}`)
  const { answer } = await feedAdd(feedOf([id], { demographics }), callerOf(`f${facility}`), { ...ports, ...given })
  t.equal(answer.code, 'CA')
  return id
}

async function personOf({ authority, value }: PatientId): Promise<string> {
  const { rows } = await pool.query('select person_key from identity.identifier where domain = $1 and value = $2', [
    authority,
    value,
  ])
  return rows[0].person_key
}

async function xadOf(id: PatientId): Promise<string> {
  return (await findPersons({ value: id.value, domain: id.authority }, ports))[0]?.xad ?? ''
}

async function questions(id: PatientId): Promise<readonly { readonly review_id: string; readonly reason: string }[]> {
  const { rows } = await pool.query(
    `select r.review_id, r.reason from identity.review_item r join identity.identifier i on i.record_id in (r.record_a, r.record_b)
     where i.domain = $1 and i.value = $2 and r.state = 'open' order by r.review_id`,
    [id.authority, id.value],
  )
  return rows
}

t.test('two hospitals register one person: one person, and history says why (3.44.4.1.3)', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(2, person)]
  t.equal(await personOf(a), await personOf(b))
  const { rows } = await pool.query(
    `select i.link, h.event, h.link as told, h.score > 30 as surely, h.model, jsonb_array_length(h.evidence->'fields') > 5 as explained
     from identity.identifier i join identity.identifier_history h using (domain, value) where value = $1`,
    [b.value],
  )
  t.same(rows, [{ link: 'auto', event: 'add', told: 'auto', surely: true, model: '0', explained: true }])
})

t.test('twenty hospitals register one person at the same moment: one person of twenty numbers', async (t) => {
  const person = someone()
  const ids = await Promise.all(Array.from({ length: FACILITIES }, (_, index) => feed(index + 1, person)))
  const persons = new Set(await Promise.all(ids.map(personOf)))
  t.equal(persons.size, 1)
})

t.test('a revise that contradicts the others breaks an automatic link (3.44.4.2.3)', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(2, person)]
  await feedRevise(feedOf([b], { demographics: someone() }), callerOf('f2'), ports)
  t.not(await personOf(b), await personOf(a))
  t.match(await questions(b), [{ reason: 'link broken' }])
})

t.test('the first number of a person leaves too, when its source gives it to somebody else (3.44.4.2.3)', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(2, person)]
  const xad = await xadOf(b)
  await feedRevise(feedOf([a], { demographics: someone() }), callerOf('f1'), ports)
  t.not(await personOf(a), await personOf(b))
  t.equal(await xadOf(b), xad, 'who stays keeps the patient id of the network, and with it consents')
  t.match(await questions(a), [{ reason: 'link broken' }])
})

t.test('a revise never breaks what staff linked: they are asked (3.44.4.2.3)', async (t) => {
  const [a, b] = [await feed(1, someone()), await feed(2, someone())]
  await linkRecord({ domain: b.authority, value: b.value, person: await xadOf(a), ...staff }, ports)
  await feedRevise(feedOf([b], { demographics: someone() }), callerOf('f2'), ports)
  t.equal(await personOf(b), await personOf(a))
  t.match(await questions(b), [{ reason: 'contradiction' }])
})

t.test(
  'what staff linked is not taken apart after the matcher joined it to a third (3.44.4.2.3: staff are asked)',
  async (t) => {
    const person = someone()
    const [a, third] = [await feed(1, someone()), await feed(3, person)]
    const byHand = idIn(domainOf(2), 'BY-HAND')
    await linkRecord({ domain: byHand.authority, value: byHand.value, person: await xadOf(a), ...staff }, ports)
    await feedRevise(feedOf([a], { demographics: person }), callerOf('f1'), ports)
    t.equal(await personOf(a), await personOf(third), 'the matcher joined the person whose number staff had linked')
    await feedAdd(feedOf([byHand], { demographics: person }), callerOf('f2'), ports)
    await feedRevise(feedOf([byHand], { demographics: someone() }), callerOf('f2'), ports)
    t.equal(await personOf(byHand), await personOf(a), 'its own source contradicts')
    t.match(await questions(byHand), [{ reason: 'contradiction' }])
    await feedRevise(feedOf([a], { demographics: someone() }), callerOf('f1'), ports)
    t.equal(await personOf(byHand), await personOf(a), 'the source of the number it was linked to contradicts')
  },
)

t.test(
  'the first number of a person does not leave one that staff linked to it (3.44.4.2.3: staff are asked)',
  async (t) => {
    const person = someone()
    const first = await feed(1, person)
    const byHand = idIn(domainOf(2), 'BY-HAND-2')
    await linkRecord({ domain: byHand.authority, value: byHand.value, person: await xadOf(first), ...staff }, ports)
    const joined = await feed(3, person)
    t.equal(await personOf(joined), await personOf(first))
    await feedRevise(feedOf([first], { demographics: someone() }), callerOf('f1'), ports)
    t.equal(await personOf(byHand), await personOf(first), 'nothing but the number itself is known of it')
    t.match(await questions(first), [{ reason: 'contradiction' }])
  },
)

t.test('a revise that makes a record someone known joins the two persons (3.44.4.2.3)', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(2, someone())]
  t.not(await personOf(a), await personOf(b))
  await feedRevise(feedOf([b], { demographics: person }), callerOf('f2'), ports)
  t.equal(await personOf(a), await personOf(b))
  const { rows } = await pool.query('select link from identity.identifier where value = $1', [b.value])
  t.same(rows, [{ link: 'auto' }])
})

t.test('an unlinked number stays apart, whatever its source repeats', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(2, person)]
  await unlinkRecord({ domain: b.authority, value: b.value, ...staff }, ports)
  t.not(await personOf(a), await personOf(b))
  const again = { ...person, telecoms: [...person.telecoms, 'tel:090-5555-9999'] }
  await feedRevise(feedOf([b], { demographics: again }), callerOf('f2'), ports)
  await feedAdd(feedOf([b], { demographics: person }), callerOf('f2'), ports)
  t.not(await personOf(a), await personOf(b))
})

/** Fulfils when so many wait for a person that another transaction has locked. */
async function personAwaited(waiting = 1): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%lock persons%'`,
    )
    if (rows.length === waiting) return
  }
}

t.test('whoever joins a person is compared with what the person is by then', async (t) => {
  const person = someone()
  const a = await feed(1, person)
  const names = person.names.map((name) => ({ ...name, given: name.representation === 'IDE' ? '花子' : 'ハナコ' }))
  const sister = await feed(2, { ...person, names, sex: 'F' })
  const client = await pool.connect()
  await client.query('begin')
  await client.query('select from identity.person where person_key = $1 for update', [await personOf(a)])
  const target = await xadOf(a)
  const linking = linkRecord({ domain: sister.authority, value: sister.value, person: target, ...staff }, ports)
  await personAwaited()
  const feeding = feed(3, person)
  await personAwaited(2)
  await client.query('commit')
  client.release()
  await linking
  t.not(await personOf(await feeding), await personOf(a), 'the sister is of that person now: nobody is joined to both')
})

t.test('who joins a person by what a record said before a revise is compared with what it says now', async (t) => {
  const person = someone()
  const a = await feed(1, person)
  const client = await pool.connect()
  await client.query('begin')
  await client.query('select from identity.person where person_key = $1 for update', [await personOf(a)])
  const revising = feedRevise(feedOf([a], { demographics: someone() }), callerOf('f1'), ports)
  await personAwaited()
  const feeding = feed(2, person)
  await client.query('commit')
  client.release()
  await revising
  t.not(await personOf(await feeding), await personOf(a))
})

t.test('who was kept apart from a number is kept apart from the one that replaces it (3.44.4.3.3)', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(2, person)]
  await unlinkRecord({ domain: b.authority, value: b.value, ...staff }, ports)
  const successor = await feed(2, { ...person, telecoms: [], addresses: [] })
  await feedMerge(mergeOf(b, successor), callerOf('f2'), ports)
  const again = { ...person, telecoms: [...person.telecoms, 'tel:090-5555-9998'] }
  await feedRevise(feedOf([successor], { demographics: again }), callerOf('f2'), ports)
  t.not(await personOf(successor), await personOf(a))
})

t.test('what the matcher joined to a merge that is undone is nobody’s until staff say whose', async (t) => {
  const person = someone()
  const { names } = person
  const namesake = { ...someone(), names, sex: 'M', birthTime: person.birthTime ?? '' } as const
  const [a, b] = [await feed(1, person), await feed(2, namesake)]
  await mergeByStaff({ former: await xadOf(a), survivor: await xadOf(b), ...staff }, ports)
  const { rows } = await pool.query('select max(merge_id) as id from identity.merge')
  const c = await feed(3, person)
  t.equal(await personOf(c), await personOf(b))
  await undoMerge({ mergeId: rows[0].id, ...staff }, ports)
  t.equal(new Set(await Promise.all([a, b, c].map(personOf))).size, 3)
  const asked = await questions(c)
  t.match(asked, [{ reason: 'joined before an undo' }, { reason: 'joined before an undo' }])
  const { rows: about } = await pool.query(
    `select review_id from identity.review_item r join identity.identifier i on i.record_id in (r.record_a, r.record_b)
     where review_id = any($1) and i.value = $2`,
    [asked.map(({ review_id }) => review_id), a.value],
  )
  await answerReview({ reviewId: about[0].review_id, answer: 'link', ...staff }, ports)
  t.equal(await personOf(c), await personOf(a))
  t.not(await personOf(c), await personOf(b))
})

t.test('numbers of one message leave a person together, and stay one person (3.44.4.2.3)', async (t) => {
  const ward = oid('2.25.701.1')
  await registerDomain({ oid: ward, name: 'F1-WARD', kind: 'facility', facilityId: 'f1' }, ports)
  const person = someone()
  const other = await feed(3, person)
  const ids = [idIn(domainOf(1), 'TOGETHER'), idIn(ward, 'TOGETHER')] as const
  await feedAdd(feedOf(ids, { demographics: person }), callerOf('f1'), ports)
  t.same(await Promise.all(ids.map(personOf)), [await personOf(other), await personOf(other)])
  const revision = someone()
  await feedRevise(feedOf(ids, { demographics: revision }), callerOf('f1'), ports)
  const [one, two] = await Promise.all(ids.map(personOf))
  t.equal(one, two)
  t.not(one, await personOf(other))
  const again = feedOf(ids, { demographics: { ...revision, telecoms: [] } })
  t.equal((await feedRevise(again, callerOf('f1'), ports)).answer.code, 'CA')
})

t.test('a system set apart is compared with nobody, whatever it revises or staff take (decision 15)', async (t) => {
  const person = someone()
  const a = await feed(1, person)
  const own = oid('2.25.702.1')
  const apart = callerOf('tester', own)
  const id = idIn(own, 'APART')
  await feedAdd(feedOf([id], { demographics: someone() }), apart, ports)
  await feedRevise(feedOf([id], { demographics: person }), apart, ports)
  t.not(await personOf(id), await personOf(a))
  await feedAdd(feedOf([id], { demographics: someone() }), apart, ports)
  const [question] = await questions(id)
  await answerReview({ reviewId: question?.review_id ?? '', answer: 'link', ...staff }, ports)
  const { rows } = await pool.query(
    `select i.received is not null as fed, m.record_id from identity.identifier i left join identity.match_record m using (record_id)
     where i.value = $1`,
    [id.value],
  )
  t.same(rows, [{ fed: true, record_id: null }])
})

t.test('what a source revised since it was asked about is no question any more', async (t) => {
  const a = await feed(1, someone())
  await feedAdd(feedOf([a], { demographics: someone() }), callerOf('f1'), ports)
  t.match(await questions(a), [{ reason: 'other demographics' }])
  await feedRevise(feedOf([a], { demographics: someone() }), callerOf('f1'), ports)
  t.same(await questions(a), [])
})

t.test('a number of another authority speaks for one person only where the network says so', async (t) => {
  const insurer = oid('2.25.9999.5')
  const girl = { ...someone(), sex: 'F' } as const
  const names = girl.names.map((name) => ({ ...name, family: name.representation === 'IDE' ? '大塚' : 'オオツカ' }))
  const other = { ...someone(), names, sex: 'F', birthTime: girl.birthTime ?? '' } as const
  const insured = async (facility: number, demographics: Demographics, personalIdentifiers: readonly Oid[]) => {
    numbers += 1
    const id = idIn(domainOf(facility), `N${numbers}`)
    const otherIds = [{ id: idIn(insurer, '83920174'), at: '/PRPA_IN201301UV02' }] as const
    const matching = ports.matching()
    const policy = { ...matching.policy, personalIdentifiers }
    const given = { ...ports, matching: () => ({ ...matching, policy }) }
    await feedAdd(feedOf([id], { demographics, otherIds }), callerOf(`f${facility}`), given)
    return id
  }
  const a = await insured(1, girl, [])
  const b = await insured(2, other, [])
  t.not(await personOf(a), await personOf(b), 'insured alike, born the same day, of one given name')
  const c = await insured(3, girl, [insurer])
  const d = await insured(4, { ...girl, telecoms: [], addresses: other.addresses }, [insurer])
  t.equal(await personOf(d), await personOf(c))
})

t.test(
  'a personal number that came with a record is compared until a revise comes without it (docs/patient-index.md)',
  async (t) => {
    const personal = oid('2.25.9999.6')
    const matching = ports.matching()
    const policy = { ...matching.policy, personalIdentifiers: [personal] }
    const given = { ...ports, matching: () => ({ ...matching, policy }) }
    const say = async (
      facility: number,
      value: string,
      demographics: Demographics,
      insured: boolean,
      revises = false,
    ) => {
      const id = idIn(domainOf(facility), value)
      const otherIds = insured ? [{ id: idIn(personal, '5550001'), at: '/PRPA_IN201301UV02' }] : []
      const request = feedOf([id], { demographics, otherIds })
      await (revises ? feedRevise : feedAdd)(request, callerOf(`f${facility}`), given)
      return id
    }
    const known = async ({ value }: PatientId) =>
      (
        await pool.query(
          'select m.features from identity.match_record m join identity.identifier i using (record_id) where i.value = $1',
          [value],
        )
      ).rows[0].features.identifiers.length
    const person = someone()
    const id = await say(1, 'PERSONAL', person, true)
    t.equal(await known(id), 1)
    const more = { ...person, telecoms: [...person.telecoms, 'tel:03-1234-5678'] }
    await say(1, 'PERSONAL', more, false)
    t.equal(await known(id), 1, '3.44.4.1.3: an add of a known id says more')
    await updateDemographics(
      pool,
      { domain: id.authority, local_id: id.value, demographics: more },
      { change: { telecoms: ['tel:03-1234-9999'] }, systemId: 'f1' },
    )
    t.equal(await known(id), 1, 'ADT-00 does not speak of it')
    await say(1, 'PERSONAL', someone(), false, true)
    t.equal(await known(id), 0, '3.44.4.2.3: a revise says all anew')
  },
)

t.test('staff say that two records of one person are different people: the one that joined leaves', async (t) => {
  const [a, b] = [await feed(1, someone()), await feed(2, someone())]
  await linkRecord({ domain: b.authority, value: b.value, person: await xadOf(a), ...staff }, ports)
  await feedRevise(feedOf([a], { demographics: someone() }), callerOf('f1'), ports)
  const [question] = await questions(a)
  t.equal(question?.reason, 'contradiction')
  const before = await personOf(a)
  await answerReview({ reviewId: question?.review_id ?? '', answer: 'apart', ...staff }, ports)
  t.equal(await personOf(a), before)
  t.not(await personOf(b), before)
  t.same(await questions(a), [])
})

t.test('what staff take of a number is a question if it contradicts the other numbers', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(2, person)]
  await feedAdd(feedOf([b], { demographics: someone() }), callerOf('f2'), ports)
  const [question] = await questions(b)
  await answerReview({ reviewId: question?.review_id ?? '', answer: 'link', ...staff }, ports)
  t.equal(await personOf(a), await personOf(b))
  t.match(await questions(b), [{ reason: 'contradiction' }])
})

t.test('what staff take of a number that says who somebody else is becomes a question (3.44.4.2.3)', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(2, someone())]
  await feedAdd(feedOf([b], { demographics: person }), callerOf('f2'), ports)
  const [question, ...more] = await questions(b)
  t.same(more, [])
  await answerReview({ reviewId: question?.review_id ?? '', answer: 'link', ...staff }, ports)
  t.match(await questions(b), [{ reason: 'possible' }], 'nobody else would ever compare the two')
  t.same(await questions(a), await questions(b))
})

t.test('two numbers of one hospital are a question, never a link', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(1, person)]
  t.not(await personOf(a), await personOf(b))
  t.match(await questions(b), [{ reason: 'same-domain' }])
})

t.test('mode review links nothing and asks about all; mode off asks nothing', async (t) => {
  const person = someone()
  const a = await feed(1, person)
  const b = await feed(2, person, portsOf('review'))
  t.not(await personOf(a), await personOf(b))
  t.equal((await questions(b)).length, 1)
  const c = await feed(3, person, portsOf('off'))
  t.same(await questions(c), [])
})

t.test('staff answer: one person, or two for ever', async (t) => {
  const person = someone()
  const a = await feed(1, person)
  const b = await feed(2, person, portsOf('review'))
  const [question] = await questions(b)
  const answer = { reviewId: question?.review_id ?? '', ...staff }
  await answerReview({ ...answer, answer: 'defer' }, ports)
  await answerReview({ ...answer, answer: 'link' }, ports)
  t.equal(await personOf(a), await personOf(b))
  t.match(await refusalOf(answerReview({ ...answer, answer: 'apart' }, ports)), { row: { code: 'REVIEW_UNKNOWN' } })

  const other = someone()
  const c = await feed(1, other)
  const d = await feed(2, other, portsOf('review'))
  const [second] = await questions(d)
  await answerReview({ reviewId: second?.review_id ?? '', answer: 'apart', ...staff }, ports)
  await feedAdd(feedOf([d], { demographics: { ...other, telecoms: [] } }), callerOf('f2'), ports)
  t.not(await personOf(c), await personOf(d))
  t.same(await questions(d), [])
})

t.test(
  'a question about a number holds what its source said last: docs/patient-index.md, `link` takes what it says now',
  async (t) => {
    const a = await feed(1, someone())
    const [first, last] = [someone(), someone()]
    const said = (demographics: Demographics) => feedAdd(feedOf([a], { demographics }), callerOf('f1'), ports)
    await said(first)
    await said(first)
    const [seen, ...others] = await questions(a)
    t.same(others, [], 'the same said twice is one question')
    await said(last)
    const refusal = await refusalOf(answerReview({ reviewId: seen?.review_id ?? '', answer: 'link', ...staff }, ports))
    t.match(refusal, { row: { code: 'REVIEW_UNKNOWN' } }, 'nobody takes what they have not seen')
    const [question, ...more] = await questions(a)
    t.same(more, [])
    await answerReview({ reviewId: question?.review_id ?? '', answer: 'link', ...staff }, ports)
    const { rows } = await pool.query('select demographics from identity.identifier where value = $1', [a.value])
    t.same(rows, [{ demographics: last }])
  },
)

t.test(
  'what staff separated comes together by no third number, of whom nothing but that it is a number is known',
  async (t) => {
    const person = someone()
    const b = await feed(2, person)
    const bare = idIn(domainOf(1), 'BARE')
    await linkRecord({ domain: bare.authority, value: bare.value, person: await xadOf(b), ...staff }, ports)
    await unlinkRecord({ domain: bare.authority, value: bare.value, ...staff }, ports)
    const third = idIn(domainOf(3), 'THIRD')
    await linkRecord({ domain: third.authority, value: third.value, person: await xadOf(bare), ...staff }, ports)
    const { answer } = await feedAdd(feedOf([third], { demographics: person }), callerOf('f3'), ports)
    t.equal(answer.code, 'CA')
    t.not(await personOf(bare), await personOf(b))
    t.equal(await personOf(third), await personOf(bare))
    t.match(await questions(third), [{ reason: 'bridge' }], 'staff are asked')
  },
)

const affinitySource = {
  ...callerOf('xad'),
  roles: new Set(['patient-identity-source', 'affinity-domain-source'] as const),
}

async function mergedBySource(from: PatientId, into: PatientId) {
  const [former, survivor] = [idIn(AFFINITY, await xadOf(from)), idIn(AFFINITY, await xadOf(into))]
  const { answer } = await feedMerge(mergeOf(former, survivor), affinitySource, ports)
  const { rows } = await pool.query('select max(merge_id) as id from identity.merge')
  return { answer, mergeId: rows[0].id }
}

t.test(
  'what staff take back of a source’s merge the matcher does not repeat; the source may, and staff are asked',
  async (t) => {
    const person = someone()
    const [a, b] = [await feed(1, person), await feed(2, someone())]
    const { answer, mergeId } = await mergedBySource(b, a)
    t.same(answer, { code: 'CA', details: [] })
    await undoMerge({ mergeId, ...staff }, ports)
    await feedRevise(feedOf([b], { demographics: person }), callerOf('f2'), ports)
    t.not(await personOf(a), await personOf(b), 'docs/patient-index.md: the undo of a merge')
    t.equal((await mergedBySource(b, a)).answer.code, 'CA', '3.44.4.3.3: the source decides about its ids')
    t.equal(await personOf(a), await personOf(b))
    t.match(await questions(b), [{ reason: 'merged number' }])
    t.same(await violations(pool), [])
  },
)

t.test(
  'what the matcher joined to two who were one by the word of a source is nobody’s when they are two again',
  async (t) => {
    const person = someone()
    const [a, b] = [await feed(1, person), await feed(2, person, portsOf('review'))]
    const { mergeId } = await mergedBySource(b, a)
    const joined = await feed(3, person)
    t.equal(await personOf(joined), await personOf(b))
    await undoMerge({ mergeId, ...staff }, ports)
    t.equal(new Set(await Promise.all([a, b, joined].map(personOf))).size, 3)
  },
)

t.test('different people stay so when one of the numbers was merged before staff answered', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(2, person, portsOf('review'))]
  const [question] = await questions(a)
  const later = await feed(1, someone())
  await feedMerge(mergeOf(a, later), callerOf('f1'), ports)
  await answerReview({ reviewId: question?.review_id ?? '', answer: 'apart', ...staff }, ports)
  await feedRevise(feedOf([later], { demographics: person }), callerOf('f1'), ports)
  t.not(await personOf(later), await personOf(b), 'docs/patient-index.md: never linked by similarity again')
})

t.test('whoever became one person by the merge of a number leaves when staff say that they are two', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(2, person, portsOf('review'))]
  const [question] = await questions(a)
  const later = await feed(1, someone())
  await linkRecord({ domain: later.authority, value: later.value, person: await xadOf(b), ...staff }, ports)
  await feedMerge(mergeOf(a, later), callerOf('f1'), ports)
  t.equal(await personOf(later), await personOf(b))
  await answerReview({ reviewId: question?.review_id ?? '', answer: 'apart', ...staff }, ports)
  t.not(await personOf(later), await personOf(b))
  t.same(await violations(pool), [])
})

t.test(
  'a number that its source merges into one of a person from whom staff had kept it apart is asked about (3.44.4.3.3)',
  async (t) => {
    const [b, first, second] = [await feed(2, someone()), await feed(1, someone()), await feed(1, someone())]
    const person = await xadOf(b)
    await linkRecord({ domain: first.authority, value: first.value, person, ...staff }, ports)
    await unlinkRecord({ domain: first.authority, value: first.value, ...staff }, ports)
    await linkRecord({ domain: second.authority, value: second.value, person, ...staff }, ports)
    await feedMerge(mergeOf(first, second), callerOf('f1'), ports)
    t.equal(await personOf(second), await personOf(b))
    t.match(await questions(second), [{ reason: 'merged number' }])
  },
)

t.test('an add that describes another person is not taken until staff say so (3.44.4.1.3)', async (t) => {
  const a = await feed(1, someone())
  const other = someone()
  const { answer } = await feedAdd(feedOf([a], { demographics: other }), callerOf('f1'), ports)
  t.match(answer, { code: 'CA', details: [{ type: 'W' }] })
  const [question] = await questions(a)
  t.equal(question?.reason, 'other demographics')
  await answerReview({ reviewId: question?.review_id ?? '', answer: 'link', ...staff }, ports)
  const b = await feed(2, other)
  t.equal(await personOf(a), await personOf(b), 'what was taken is compared from now on')
})

t.test('staff register whom a hospital feeds later: the number joins that person', async (t) => {
  const person = someone()
  const registered = await registerPerson({ demographics: person, by: staff.by, peer: staff.peer }, ports)
  t.equal(registered.similar, 0)
  const a = await feed(1, person)
  t.equal(await xadOf(a), registered.xad.value)
  const twice = await registerPerson({ demographics: person, by: staff.by, peer: staff.peer }, ports)
  t.equal(twice.similar, 1, 'and who registers them again is told')
})

t.test('a subsumed record is compared no more, and the survivor goes on (3.44.4.3.3)', async (t) => {
  const person = someone()
  const [a, b] = [await feed(1, person), await feed(1, someone())]
  await feedMerge(mergeOf(a, b), callerOf('f1'), ports)
  const c = await feed(2, person)
  t.not(await personOf(c), await personOf(b), 'the survivor says something else')
})

t.test('what is stored agrees with itself: links, keys, history', async (t) => {
  const { rows } = await pool.query(`
    select (select count(*) from identity.identifier i join identity.person p using (person_key)
            where i.status = 'active' and p.merged_into is not null) as linked_to_nobody,
           (select count(*) from identity.match_key k where not exists
             (select from identity.match_record m where m.record_id = k.record_id and k.key = any(m.keys))) as stray_keys,
           (select count(*) from identity.match_record m, unnest(m.keys) as key where not exists
             (select from identity.match_key k where k.record_id = m.record_id and k.key = key)) as missing_keys,
           (select count(*) from identity.non_link n join identity.identifier a on a.record_id = n.record_a
             join identity.identifier b on b.record_id = n.record_b
             where a.person_key = b.person_key and a.status = 'active' and b.status = 'active') as joined_in_spite`)
  t.same(rows, [{ linked_to_nobody: '0', stray_keys: '0', missing_keys: '0', joined_in_spite: '0' }])
})

t.test('the index agrees with itself after all of this', async (t) => {
  t.same(await violations(pool), [])
})
