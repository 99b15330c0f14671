// The index administered in a running network: questions of the matcher answered and taken back, persons split, links that stay undone (ITI-44, ITI-45, ITI-18).

import t from 'tap'
import { isObject, rowsOf, textOf } from '../../src/cli/admin-client.ts'
import { feed } from '../../src/cli/feed.ts'
import { askPix, foundIds } from '../../src/cli/pix.ts'
import { formatCx, type PatientId } from '../../src/model/identifiers.ts'
import type { Demographics } from '../../src/model/person.ts'
import { isSuccess } from '../faults/messages.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { feedingOf, idIn } from './feeding.ts'

const network = await startNetwork(t)
const { admin, server } = network
const { submit, uniqueIds, link } = feedingOf(network)
const XAD = server.config.identity.affinityDomainAuthority
const [HOSPITAL, CLINIC, PHARMACY] = [DOMAINS['hospital-a'], DOMAINS['clinic-b'], DOMAINS['pharmacy-c']]
const SYSTEMS: Readonly<Record<string, string>> = { [HOSPITAL]: 'hospital-a', [CLINIC]: 'clinic-b' }

/** Someone of whom nothing is known but name, birth date and sex, unless `fields` say more. */
function person(family: string, kana: string, fields: Partial<Demographics> = {}): Demographics {
  const [kanjiGiven, kanaGiven] = ['麻衣子', 'マイコ']
  return {
    names: [
      { representation: 'IDE', family, given: kanjiGiven },
      { representation: 'SYL', family: kana, given: kanaGiven },
    ],
    sex: 'F',
    birthTime: '19631109',
    addresses: [],
    telecoms: [],
    ...fields,
  }
}

const AT_HOME: Partial<Demographics> = {
  addresses: [{ postalCode: '998-0123', text: '架空県仮想市大字西野四丁目5番6号' }],
  telecoms: ['tel:090-5550-0198'],
}

async function told(id: PatientId, demographics: Demographics, kind: 'add' | 'revise' = 'add'): Promise<PatientId> {
  const system = SYSTEMS[id.authority] ?? ''
  const { code, details } = await feed(await network.as(system), { kind, id, demographics, providerName: system })
  if (code !== 'CA') throw new Error(`${code} ${JSON.stringify(details)}`)
  return network.xadForStaff(id)
}

const consent = (xad: PatientId) => admin.post(`/patients/${xad.value}/consents`, { kind: 'comprehensive' })

/** ITI-45 by the system whose number it is. */
async function numbersOf(id: PatientId): Promise<readonly string[]> {
  const { answer } = await askPix(await network.as(SYSTEMS[id.authority] ?? ''), id, [])
  return foundIds(answer)
    .map((found) => formatCx(found.id))
    .sort()
}

async function questionAbout(id: PatientId): Promise<string> {
  const rows = rowsOf((await admin.get('/reviews?limit=1000')).body)
  const found = rows.filter(({ records }) => rowsOf(records).some(({ value }) => value === id.value))
  if (found.length !== 1) throw new Error(`${found.length} questions about ${id.value}`)
  return textOf(found[0]?.reviewId)
}

const violations = async () =>
  rowsOf((await admin.get('/matching/check')).body).filter((result) => result.violations !== 0)

t.test(
  'two hospitals feed; staff answer that it is one person; ITI-45 shows it; undone, it is as before',
  async (t) => {
    const [a, b] = [idIn(HOSPITAL, 'ADM-1'), idIn(CLINIC, 'ADM-2')]
    const someone = person('樋熊', 'ヒグマ')
    const xadA = await told(a, someone)
    const xadB = await told(b, someone)
    t.not(xadA.value, xadB.value, 'name, birth date and sex are not enough')
    for (const xad of [xadA, xadB]) await consent(xad)
    const before = await numbersOf(a)
    t.same(before, [formatCx(xadA)])
    const id = await questionAbout(b)
    const review = (await admin.get(`/reviews/${id}`)).body
    t.match(review, {
      reason: 'name-and-birth-date-alone',
      records: [
        { patient: xadA.value, number: { value: a.value } },
        { patient: xadB.value, number: { value: b.value } },
      ],
      comparison: {
        score: Number,
        rules: [{ rule: 'name-and-birth-date-alone', effect: 'cap', says: /namesakes/ }],
      },
    })
    const fields = isObject(review) && isObject(review.comparison) ? rowsOf(review.comparison.fields) : []
    const sum = fields.reduce((bits, field) => bits + Number(field.bits), 0)
    t.ok(Math.abs(sum - Number(isObject(review) ? review.score : 0)) < 0.01, 'the score is the sum of what is shown')
    await admin.post(`/reviews/${id}/answer`, { answer: 'link', reason: '保険証で確認' })
    t.same(await numbersOf(a), [formatCx(b), formatCx(xadA)].sort())
    const [merge] = rowsOf((await admin.get(`/patients/${xadA.value}/merges`)).body)
    await admin.post(`/merges/${textOf(merge?.mergeId)}/undo`, { reason: '取り違え' })
    t.same(await numbersOf(a), before)
    t.same(await numbersOf(b), [formatCx(xadB)])
    t.same(await violations(), [])
  },
)

t.test('a link of the matcher is explained in the history: model, score, evidence by field', async (t) => {
  const [a, b] = [idIn(HOSPITAL, 'ADM-11'), idIn(CLINIC, 'ADM-12')]
  const someone = person('猿渡', 'サルワタリ', AT_HOME)
  const xad = await told(a, someone)
  t.same(await told(b, someone), xad)
  const rows = rowsOf((await admin.get(`/patients/${xad.value}/history`)).body)
  t.match(
    rows.find(({ value }) => value === b.value),
    {
      event: 'add',
      link: 'auto',
      model: '0',
      score: Number,
      evidence: { fields: [{ field: /\w/, level: /\w/, bits: Number }] },
    },
  )
  const { body } = await admin.get(`/patients/${xad.value}`)
  t.match(isObject(body) ? rowsOf(body.identifiers).find(({ value }) => value === b.value) : undefined, {
    link: 'auto',
    by: 'clinic-b',
    domainName: /\w/,
  })
})

t.test('the dry run says what the next feed would do, and why, and nothing is there afterwards', async (t) => {
  const someone = person('鹿又', 'カノマタ', AT_HOME)
  const xad = await told(idIn(HOSPITAL, 'ADM-21'), someone)
  const attempt = (demographics: Demographics, facilityId: string) =>
    admin.post('/matches', { demographics, facilityId })
  const counts = async () => (await admin.get('/matching')).body
  const before = await counts()
  t.match((await attempt(someone, 'clinic-b')).body, {
    outcome: 'link',
    patient: xad.value,
    candidates: [{ patient: xad.value, records: [{ value: 'ADM-21', comparison: { score: Number } }] }],
  })
  t.match((await attempt(someone, 'hospital-a')).body, {
    outcome: 'review',
    reviews: [{ patient: xad.value, reason: 'same-domain' }],
  })
  t.match((await attempt(person('鹿又', 'カノマタ'), 'clinic-b')).body, {
    outcome: 'review',
    reviews: [{ patient: xad.value }],
  })
  t.match((await attempt(person('存在', 'ソンザイ', { birthTime: '20010203' }), 'clinic-b')).body, {
    outcome: 'new person',
    candidates: [],
  })
  t.same(await counts(), before)
})

t.test('what staff unlinked stays unlinked, whatever the same feed says again', async (t) => {
  const [a, b] = [idIn(HOSPITAL, 'ADM-31'), idIn(CLINIC, 'ADM-32')]
  const someone = person('狐塚', 'キツネヅカ', AT_HOME)
  const xad = await told(a, someone)
  t.same(await told(b, someone), xad)
  await admin.delete(`/patients/${xad.value}/links/clinic-b/${b.value}?reason=${encodeURIComponent('別人')}`)
  const own = await network.xadForStaff(b)
  t.not(own.value, xad.value)
  t.same(await told(b, someone), own)
  const moved = { ...someone, telecoms: [...someone.telecoms, 'tel:03-0000-0198'] }
  t.same(await told(b, moved, 'revise'), own)
  t.same(await told(a, moved, 'revise'), xad)
  await consent(own)
  t.same(await numbersOf(b), [formatCx(own)])
  t.same(await violations(), [])
})

t.test('a merge of the matcher that staff took back is not made again', async (t) => {
  const [a, b] = [idIn(HOSPITAL, 'ADM-51'), idIn(CLINIC, 'ADM-52')]
  const someone = person('鶴牧', 'ツルマキ', AT_HOME)
  const xad = await told(a, someone)
  const own = await told(b, person('', '', { birthTime: '19500505' }))
  t.not(own.value, xad.value)
  t.same(await told(b, someone, 'revise'), xad, 'now the clinic describes the same person')
  const [merge] = rowsOf((await admin.get(`/patients/${xad.value}/merges`)).body)
  t.match(merge, { origin: 'matcher', formerPatient: own.value, survivorPatient: xad.value })
  await admin.post(`/merges/${textOf(merge?.mergeId)}/undo`, { reason: '別人' })
  t.same(await network.xadForStaff(b), own)
  t.same(await told(b, { ...someone, telecoms: ['tel:090-5550-0198', 'tel:03-0000-0100'] }, 'revise'), own)
  t.same(await violations(), [])
})

t.test('split off, documents are found by ITI-18 under the new person, and only when that one consents', async (t) => {
  const [a, b] = [idIn(HOSPITAL, 'ADM-41'), idIn(CLINIC, 'ADM-42')]
  const someone = person('熊谷', 'クマガイ', AT_HOME)
  const xad = await told(a, someone)
  t.same(await told(b, someone), xad, 'the matcher took them for one')
  await link(xad, 'pharmacy-c', 'ADM-43')
  await consent(xad)
  const { text, entry } = await submit('clinic-b', { patientId: xad })
  t.ok(isSuccess(text), text)
  t.same(await uniqueIds('hospital-a', xad), [entry.uniqueId])
  const numbers = [
    { facilityId: 'clinic-b', id: b.value },
    { facilityId: 'pharmacy-c', id: 'ADM-43' },
  ]
  const { body } = await admin.post(`/patients/${xad.value}/split`, { numbers, reason: '別人と判明' })
  const other = { value: isObject(body) ? textOf(body.xad) : '', authority: XAD }
  t.same(await uniqueIds('hospital-a', xad), [])
  t.same(await uniqueIds('pharmacy-c', other), [], 'nobody has asked this person yet')
  await consent(other)
  t.same(await numbersOf(b), [formatCx(idIn(PHARMACY, 'ADM-43')), formatCx(other)].sort())
  t.same(await uniqueIds('pharmacy-c', other), [entry.uniqueId])
  t.same(await uniqueIds('hospital-a', xad), [])
  t.same(await violations(), [])
})
