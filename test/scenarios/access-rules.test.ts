// Rights, audiences, stops, emergency access and withdrawal over the real doors, and that nothing tells of what is hidden (security b.2-b.5; idlink U-7, C-5, C-7).

import t, { type Test } from 'tap'
import { iti18, iti43, iti45, type Transaction } from '../../profiles/transactions/index.ts'
import { askPix } from '../../src/cli/pix.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { writeQuery } from '../../src/codec/hl7v3/write-query.ts'
import type { Markup } from '../../src/codec/xml/write.ts'
import { formatCx, newOid, type PatientId } from '../../src/model/identifiers.ts'
import { run } from '../cli/fake-door.ts'
import { errorCodesOf, isSuccess, type Submitted, submissionOf } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'
import { takeAsLong } from './alike-times.ts'
import { startConsumer } from './pix-consumer.ts'

t.setTimeout(240_000)

const network = await startNetwork(t)
const { server, admin, pool } = network

/** The door hears of a change at once; the rest is for a busy machine. */
const FELT_WITHIN_MS = 5000

const byHospital = (value: string): PatientId => ({ value, authority: DOMAINS['hospital-a'] })
const TARO = '0000012345'
const HANAKO = '0000012346'
const taro = await network.xadForStaff(byHospital(TARO))
const hanako = await network.xadForStaff(byHospital(HANAKO))
const jiro = await network.xadForStaff(byHospital('0000012349'))

async function provide(systemId: string, patientId: PatientId, given: Partial<Submitted> = {}) {
  const { provide, entry } = submissionOf({ patientId, bytes: Buffer.from(`文書 ${newOid()}`), ...given })
  const { text } = await network.soap(systemId, provide)
  return {
    uniqueId: entry.uniqueId,
    entryUUID: entry.entryUUID,
    codes: isSuccess(text) ? [] : errorCodesOf(text),
    text,
  }
}

async function provided(systemId: string, patientId: PatientId, given: Partial<Submitted> = {}): Promise<string> {
  const { uniqueId, codes } = await provide(systemId, patientId, given)
  if (codes.length > 0) throw new Error(`${systemId} may not provide: ${codes.join()}`)
  return uniqueId
}

/** Of a document: found by ITI-18, fetched by ITI-43, shown in the calendar of a doctor. */
async function seenBy(facility: string, patient: PatientId, uniqueId: string): Promise<string> {
  const found = (await network.find(facility, patient)).some((entry) => entry.uniqueId === uniqueId)
  const { documents } = await network.fetch(facility, [uniqueId])
  const session = await network.clinicians.sessionOf(facility)
  const period = 'from=2026-01-26&to=2026-02-08'
  const cx = encodeURIComponent(formatCx(patient))
  const calendar = await network.clinicians.call('GET', `/calendar/${cx}?${period}`, { session })
  const shown = JSON.stringify(calendar.body).includes(uniqueId)
  return [found ? 'found' : '', documents.length === 1 ? 'fetched' : '', shown ? 'shown' : ''].filter(Boolean).join(' ')
}

const ALL = 'found fetched shown'

/** Ids of the person that PIX and PDQ tell. */
async function told(system: 'clinic-b', number: string): Promise<string> {
  const id = { value: number, authority: DOMAINS[system] }
  const { answer } = await askPix(await network.as(system), id, [])
  const pix = answer.kind === 'found' ? answer.ids.map((one) => one.id.value) : []
  const where = ['--url', network.baseUrl, '--data-dir', server.config.dataDir, '--domain', DOMAINS[system]]
  const pdq = await run(['pdq', '--as', system, '--id', number, '--json', ...where])
  return `${pix.join(' ')} | ${pdq.text}`
}

async function change(method: 'put' | 'delete', path: string, body: Record<string, unknown> = {}): Promise<void> {
  if (method === 'put') await admin.put(path, body)
  else await admin.delete(path)
}

/** Felt at the doors within moments: the memory of an identity is woken by the change. */
async function becomes(t: Test, expected: string, look: () => Promise<string>): Promise<void> {
  t.ok(await eventually(async () => (await look()) === expected, FELT_WITHIN_MS), `${expected}: ${await look()}`)
}

t.test(
  'U-7: a kind that is switched off disappears for others, not for its own facility; and comes back',
  async (t) => {
    const report = await provided('hospital-a', hanako, { codes: { classCode: 'REPORT' } })
    const other = await provided('hospital-a', hanako)
    t.equal(await seenBy('clinic-b', hanako, report), ALL)
    await change('put', '/facilities/hospital-a/audience', { kind: 'REPORT', jobs: [] })
    await becomes(t, '', () => seenBy('clinic-b', hanako, report))
    t.equal(await seenBy('hospital-a', hanako, report), ALL, 'own staff')
    t.equal(await seenBy('clinic-b', hanako, other), ALL, 'another kind')
    await change('put', '/facilities/hospital-a/audience', { kind: 'REPORT', jobs: ['doctor'] })
    await becomes(t, 'shown', () => seenBy('clinic-b', hanako, report))
    await change('delete', '/facilities/hospital-a/audience?kind=REPORT')
    await becomes(t, ALL, () => seenBy('clinic-b', hanako, report))
  },
)

t.test(
  'R-2: rights by job and kind, narrowed by the viewing facility; restricted documents are for doctors',
  async (t) => {
    const restricted = await provided('hospital-a', hanako, { codes: { confidentialityCode: 'R' } })
    const report = await provided('hospital-a', hanako, { codes: { classCode: 'REPORT' } })
    t.equal(await seenBy('clinic-b', hanako, restricted), 'shown', 'the system has ceiling N, the doctor sees R')
    await change('put', '/rights', { job: 'system', kind: 'REPORT', ceiling: 'none' })
    await becomes(t, 'shown', () => seenBy('clinic-b', hanako, report))
    await change('put', '/facilities/clinic-b/rights', { job: 'doctor', ceiling: 'N' })
    await becomes(t, '', () => seenBy('clinic-b', hanako, restricted))
    await change('delete', '/facilities/clinic-b/rights?job=doctor')
    await change('delete', '/rights?job=system&kind=REPORT')
    await becomes(t, ALL, () => seenBy('clinic-b', hanako, report))
  },
)

t.test('E-5: running emergency access shows what a link would, and ends', async (t) => {
  const document = await provided('hospital-a', taro)
  t.equal(await seenBy('pharmacy-c', taro, document), '', 'no number of the pharmacy is linked')
  await pool.query(
    `insert into access.emergency_grant (facility_id, user_name, person_key, number, number_authority, origin, reason_code, reason, consent_kind,
                                         chart_noted, ends_at)
     select 'pharmacy-c', 'staff', person_key, $1, $2, 'staff', 'life-threat', '意識がない', 'none', true, now() + interval '1 hour'
     from identity.identifier where value = $1 and domain = $2`,
    [TARO, DOMAINS['hospital-a']],
  )
  t.match(await seenBy('pharmacy-c', taro, document), 'found fetched')
  await pool.query(`update access.emergency_grant set ended_at = now()`)
  t.equal(await seenBy('pharmacy-c', taro, document), '')
})

t.test('C-7: after support was stopped nobody sees or publishes anything, until it is resumed', async (t) => {
  const document = await provided('hospital-a', taro)
  const everybody = async () =>
    Promise.all(['hospital-a', 'clinic-b'].map((facility) => seenBy(facility, taro, document)))
  t.same(await everybody(), [ALL, ALL])
  t.match(await told('clinic-b', 'B-77'), TARO)
  await admin.post(`/patients/${taro.value}/stop-support`, { reason: '本人の希望' })
  t.same(await everybody(), ['', ''])
  t.same((await network.find('tester', taro)).length, 0, 'nor does a system that is set apart')
  t.notMatch(await told('clinic-b', 'B-77'), TARO)
  for (const system of ['hospital-a', 'tester'])
    t.same((await provide(system, taro)).codes, ['XDSUnknownPatientId'], system)
  await admin.post(`/patients/${taro.value}/resume-support`, { reason: '再開' })
  t.same(await everybody(), [ALL, ALL])
})

t.test(
  'C-5: a withdrawn consent is felt by the next question at every door, and no subscriber hears more',
  async (t) => {
    const document = await provided('hospital-a', taro)
    const consumers = { tester: await startConsumer(server), 'clinic-b': await startConsumer(server) }
    for (const [systemId, consumer] of Object.entries(consumers)) {
      t.teardown(() => consumer.stop())
      await admin.post('/subscriptions', {
        subscriptionId: `withdrawal-${systemId}`,
        systemId,
        transaction: 'ITI-46',
        endpoint: consumer.endpoint,
        deviceOid: '2.25.400.9',
      })
    }
    t.equal(await seenBy('clinic-b', taro, document), ALL)
    t.match(await told('clinic-b', 'B-77'), TARO)
    const { rows } = await pool.query(
      `select c.consent_id from access.consent c join identity.identifier i using (person_key) where i.value = $1 and c.withdrawn_at is null`,
      [TARO],
    )
    await admin.post(`/consents/${rows[0].consent_id}/withdraw`, {})
    const withdrawn = Date.now()
    t.equal(await seenBy('clinic-b', taro, document), '')
    t.notMatch(await told('clinic-b', 'B-77'), TARO)
    t.same((await provide('hospital-a', taro)).codes, ['XDSUnknownPatientId'])
    t.comment(`all asked within ${Date.now() - withdrawn} ms`)
    await admin.post(`/patients/${taro.value}/links`, { facilityId: 'pharmacy-c', id: 'P-77', reason: '紹介状' })
    t.ok(await eventually(async () => consumers.tester.heard.length > 0, 30_000), 'the subscriber set apart hears')
    t.notOk(consumers['clinic-b'].heard.some(({ ids }) => ids.includes(TARO) || ids.includes('P-77')))
  },
)

t.test('b.4: author institution and sourceId have to be those of the system', async (t) => {
  const { rows } = await pool.query(`select facility_id, oid, code from access.facility`)
  const of = (facilityId: string) => rows.find((row) => row.facility_id === facilityId)
  const attempt = async (authorInstitution: string) =>
    [...new Set((await provide('hospital-a', hanako, { authorInstitution })).codes)].join()
  const { oid, code } = of('hospital-a')
  for (const fitting of [
    '病院',
    `病院^^^^^^^^^${oid}`,
    `病院^^^^^&1.2.3&ISO^^^^${code}`,
    `内科^^^^^&${oid}&ISO^^^^01`,
    '病院^^^^^^^^^2.25.4711',
  ])
    t.equal(await attempt(fitting), '', fitting)
  const clinic = of('clinic-b')
  const named = `診療所^^^^^^^^^${clinic.oid}`
  for (const foreign of [named, `診療所^^^^^&1.2.3&ISO^^^^${clinic.code}`, `内科^^^^^&${clinic.oid}&ISO^^^^01`])
    t.equal(await attempt(foreign), 'XDSRegistryMetadataError', foreign)
  t.same((await provide('tester', hanako, { authorInstitution: named })).codes, [], 'set apart')
  const acting = (columns: string) => pool.query(`update access.system set ${columns} where system_id = 'hospital-a'`)
  await acting(`delegated_facilities = '{clinic-b}'`)
  await becomes(t, '', () => attempt(named))
  await acting(`delegated_facilities = '{}', source_ids = '{2.25.99}'`)
  await becomes(t, 'XDSRegistryMetadataError', () => attempt('病院'))
  t.match((await provide('hospital-a', hanako)).text, 'XDS-SS-SOURCEID-OWN')
  await acting(`source_ids = '{}'`)
  await becomes(t, '', () => attempt('病院'))
})

interface Question {
  readonly transaction: Transaction
  readonly body: Markup
}

const find = (patientId: PatientId): Question => ({
  transaction: iti18,
  body: writeFindDocuments({ patientId, returnType: 'LeafClass' }),
})
const fetch = (documentUniqueId: string): Question => ({
  transaction: iti43,
  body: writeRetrieveRequest([{ repositoryUniqueId: server.config.repository.uniqueId, documentUniqueId }]),
})
const correspondence = (patientId: PatientId): Question => ({
  transaction: iti45,
  body: writeQuery({
    sender: { id: DOMAINS['clinic-b'] },
    receiver: { id: server.config.identity.affinityDomainAuthority },
    queryId: { root: newOid() },
    patientId,
    dataSources: [],
  }),
})

/** The same length, and nobody's. */
const nobodys = ({ value, authority }: PatientId): PatientId => ({ value: value.replace(/.$/, 'X'), authority })

const refusedOne = async (): Promise<string> => provided('hospital-a', hanako, { codes: { confidentialityCode: 'V' } })

/** What is refused, and what does not exist. */
const PAIRS = [
  ['ITI-18 of a patient without consent', find(jiro), find(nobodys(jiro))],
  ['ITI-43 of a very restricted document', fetch(await refusedOne()), fetch(newOid())],
  [
    'ITI-45 of a number of another facility',
    correspondence(byHospital(TARO)),
    correspondence(byHospital('9999999999')),
  ],
] as const

/** Without what the caller sent itself, and without what is new in every answer. */
function bare(text: string, question: Question): string {
  const sent = [taro, jiro, nobodys(jiro), byHospital(TARO), byHospital('9999999999')].map(({ value }) => value)
  const asked = /<(?:xdsb:)?DocumentUniqueId>([^<]*)/.exec(question.body.toString())?.[1]
  return [...sent, ...(asked === undefined ? [] : [asked])]
    .reduce((left, value) => left.replaceAll(value, 'ID'), text)
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/2\.25\.\d{30,}/g, 'OID')
    .replaceAll(/\d{14}/g, 'TIME')
}

t.test('b.4: what is refused and what does not exist are answered alike: status, headers and text', async (t) => {
  for (const [name, refused, unknown] of PAIRS) {
    const [one, other] = [await network.soap('clinic-b', refused), await network.soap('clinic-b', unknown)]
    t.equal(one.status, other.status, name)
    t.equal(bare(one.text, refused), bare(other.text, unknown), name)
    t.same(Object.keys(one.headers), Object.keys(other.headers), name)
  }
})

t.test('b.4: and in the same time: medians differ by less than 5 % or 2 ms', async (t) => {
  const asking = (question: Question) => () => network.soap('clinic-b', question)
  for (const [name, refused, unknown] of PAIRS) await takeAsLong(t, name, [asking(refused), asking(unknown)], 250)
})
