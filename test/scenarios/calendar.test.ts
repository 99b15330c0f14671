// The calendar of a patient and the content of documents over a whole server, as facilities see them (design §4; ITI TF-2 3.18, 3.43).

import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import { loginFile } from '../../src/cli/demo/people.ts'
import { main } from '../../src/cli/main.ts'
import { isAccepted } from '../../src/cli/push.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { PAGE_POLICY } from '../../src/console/page.ts'
import { faultsOf, renderedEvents } from '../audit/rendered.ts'
import { isSuccess, submissionOf } from '../faults/messages.ts'
import { DOMAINS, startNetwork, temporaryDirectory } from '../faults/support.ts'
import { codeOf, enterPerson } from '../http/persons.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { server, pool, admin } = network
const { managementUrl } = localAddresses(server)
const TARO = `0000012345^^^&${DOMAINS['hospital-a']}&ISO`
const hospital = await network.mllp('hospital-a')
t.teardown(() => hospital.close())

interface Item {
  readonly documentUniqueId: string
  readonly kind: string
  readonly title: string
  readonly from: string
  readonly to: string
  readonly start: string
  readonly status: string
  readonly versions: number
  readonly written: readonly string[]
  readonly files: readonly {
    readonly documentUniqueId: string
    readonly mimeType: string
    readonly sizeBytes: number
  }[]
  readonly facility: { readonly facilityId: string; readonly name: string }
}

interface Row {
  readonly key: string
  readonly days: readonly { readonly day: string; readonly items: readonly Item[] }[]
  readonly spans: readonly Item[]
}

/** As a doctor of this facility, which is the only one whose view there is in that session. */
async function get(facility: string, path: string, query: Readonly<Record<string, string>> = {}) {
  return getWith(await network.clinicians.sessionOf(facility), path, query)
}

async function getWith(token: string, path: string, query: Readonly<Record<string, string>> = {}) {
  const response = await request(`${managementUrl}/admin/v1${path}?${new URLSearchParams(query)}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const body = Buffer.from(await response.body.arrayBuffer())
  return { status: response.statusCode, headers: response.headers, body, text: body.toString('utf8') }
}

const APRIL = { from: '2026-04-01', to: '2026-04-14' }

async function rowsOf(facility: string, more: Readonly<Record<string, string>> = {}, patient = TARO) {
  const answer = await get(facility, `/calendar/${encodeURIComponent(patient)}`, { ...APRIL, ...more })
  t.equal(answer.status, 200, `calendar for ${facility}`)
  return (JSON.parse(answer.text) as { readonly rows: readonly Row[] }).rows
}

function itemsOf(rows: readonly Row[], key: string): readonly Item[] {
  const row = rows.find((one) => one.key === key)
  return [...(row?.days ?? []).flatMap(({ items }) => items), ...(row?.spans ?? [])]
}

function count(rows: readonly Row[]): number {
  return rows.flatMap(({ key }) => itemsOf(rows, key)).length
}

async function fixture(name: string): Promise<Buffer> {
  return readFile(new URL(`../../fixtures/storeclient/${name}/request.hl7`, import.meta.url))
}

async function push(bytes: Buffer): Promise<void> {
  const ack = readAck(await hospital.send(bytes))
  if (!isAccepted(ack)) throw new Error(`refused: ${JSON.stringify(ack)}`)
}

/** Another order in the same words; the characters replaced are ASCII. */
function changed(bytes: Buffer, ...changes: readonly (readonly [string, string])[]): Buffer {
  return Buffer.from(
    changes.reduce((text, [from, to]) => text.replaceAll(from, to), bytes.toString('latin1')),
    'latin1',
  )
}

/** Of the demo network's tester. */
const ELSEWHERE = '2.25.192563004459504475114963451751856918173'
const taro = (await network.xadForStaff({ value: '0000012345', authority: DOMAINS['hospital-a'] })).value

for (const name of ['oml-11-preliminary', 'oml-11-final', 'oml-11-corrected', 'omp-01', 'omp-11-dispensed'])
  await push(await fixture(name))
const rows = await rowsOf('clinic-b')
const [laboratory] = itemsOf(rows, 'examination')
const [prescription] = itemsOf(rows, 'prescription-order')
const laboratoryId = laboratory?.documentUniqueId ?? ''
const prescriptionId = prescription?.documentUniqueId ?? ''

t.test('documents stand in their rows under their days in Japan', async (t) => {
  t.match(laboratory, {
    kind: 'OML-11',
    title: '検体検査結果 2026-04-01',
    from: '2026-04-01',
    to: '2026-04-01',
    start: '2026-04-01T08:30:00+09:00',
    written: ['202604010830'],
    status: 'current',
    versions: 3,
    facility: { facilityId: 'hospital-a', name: '架空中央病院' },
  })
  t.match(prescription, { kind: 'OMP-01', from: '2026-04-01', to: '2026-04-07' }, 'seven days are a span')
  t.match(itemsOf(rows, 'prescription-given'), [{ kind: 'OMP-11', from: '2026-04-01', to: '2026-04-07' }])
  t.equal(rows.find(({ key }) => key === 'prescription-order')?.days.length, 0)
  const later = await rowsOf('clinic-b', { from: '2026-04-07', to: '2026-04-20' })
  t.equal(itemsOf(later, 'prescription-order').length, 1, 'a span that reaches into the period')
  t.equal(itemsOf(later, 'examination').length, 0)
  const past = await rowsOf('clinic-b', { from: '2026-04-08', to: '2026-04-20' })
  t.equal(count(past), 0)
  const chosen = await rowsOf('clinic-b', { rows: 'examination,note-record' })
  t.same(
    chosen.map(({ key }) => key),
    ['examination', 'note-record'],
  )
  t.same(await rowsOf('clinic-b', {}, taro), rows, 'the id of the network names the same patient')
})

t.test('a service shortly after midnight belongs to its day in Japan, which is not the day in UTC', async (t) => {
  const nightly = changed(
    await fixture('oml-11-final'),
    ['202604010830', '202604030010'],
    ['000000000700001', '000000000700099'],
    ['FX-OML-2|', 'NIGHT-1|'],
  )
  await push(nightly)
  const of = async (day: string) => itemsOf(await rowsOf('clinic-b', { from: day, to: day }), 'examination')
  t.match(await of('2026-04-03'), [{ from: '2026-04-03', to: '2026-04-03', start: '2026-04-03T00:10:00+09:00' }])
  t.same(await of('2026-04-02'), [])
})

t.test('every kind has its row; a file is shown with its message, a list that stands in every period', async (t) => {
  const kinds = [
    'adt-22',
    'adt-61',
    'ppr-01',
    'omp-02',
    'omp-12',
    'report-with-file',
    'doc-health-check',
    'file',
    'note',
    'note-contact',
  ]
  for (const name of kinds) await push(await fixture(name))
  const year = await rowsOf('clinic-b', { from: '2026-01-01', to: '2026-12-31' })
  for (const [key, kind] of [
    ['encounter', 'ADT-22'],
    ['allergy', 'ADT-61'],
    ['diagnosis', 'PPR-01'],
    ['injection-order', 'OMP-02'],
    ['injection-given', 'OMP-12'],
    ['report', 'REPORT'],
    ['health-check', 'DOC'],
    ['file', 'FILE'],
    ['note-record', 'NOTE'],
    ['note-message', 'NOTE'],
  ] as const)
    t.match(itemsOf(year, key), [{ kind }], key)
  const before = await rowsOf('clinic-b', { from: '2025-01-01', to: '2025-01-14' })
  t.same([itemsOf(before, 'allergy').length, itemsOf(before, 'diagnosis').length], [1, 1])
  t.equal(count(before), 2)
  const [report] = itemsOf(year, 'report')
  t.equal(report?.files.length, 1)
  const [file] = report?.files ?? []
  const bytes = await get('clinic-b', `/documents/${file?.documentUniqueId}/bytes`)
  t.match(bytes, { status: 200, headers: { 'content-type': file?.mimeType } })
  t.equal(bytes.body.length, file?.sizeBytes)
  const page = await get('clinic-b', `/documents/${report?.documentUniqueId}/page`)
  t.match(page.text, `<a href="../${file?.documentUniqueId}/bytes">`)
  const content = JSON.parse((await get('clinic-b', `/documents/${report?.documentUniqueId}/content`)).text)
  t.match(content.content.files, [{ mimeType: file?.mimeType, uniqueId: file?.documentUniqueId }])
  t.equal(content.content.files[0].bytes, undefined, 'a file is named, not carried')
  t.notMatch(page.text, /JVBERi0xLj[A-Za-z0-9+/=]{3000}/, 'a file is not written out among the segments')
})

t.test('what came by ITI-41 stands in the row that its codes say', async (t) => {
  const patientId = { value: taro, authority: server.config.identity.affinityDomainAuthority }
  const bytes = Buffer.from('%PDF-1.7 invented')
  const given = (typeCode: string, classCode: string) =>
    submissionOf({
      patientId,
      bytes,
      codes: { typeCode, classCode, formatCode: 'urn:ihe:iti:xds:2017:mimeTypeSufficient' },
    })
  const [report, document] = [given('18748-4', 'REPORT'), given('DOC', 'DOCUMENT')]
  for (const { provide } of [report, document]) t.ok(isSuccess((await network.soap('clinic-b', provide)).text))
  const found = await rowsOf('hospital-a', { from: '2026-02-01', to: '2026-02-01' })
  t.match(itemsOf(found, 'report'), [{ documentUniqueId: report.entry.uniqueId, facility: { facilityId: 'clinic-b' } }])
  t.match(itemsOf(found, 'document'), [{ documentUniqueId: document.entry.uniqueId, title: '診療情報提供書' }])
  const page = await get('hospital-a', `/documents/${report.entry.uniqueId}/page`)
  t.match(page.text, /application\/pdf/)
  t.match(page.text, `../${report.entry.uniqueId}/bytes`)
  const content = await get('hospital-a', `/documents/${report.entry.uniqueId}/content`)
  t.match(JSON.parse(content.text), { content: null, document: { mimeType: 'application/pdf', sizeBytes: 17 } })
  const file = await get('hospital-a', `/documents/${report.entry.uniqueId}/bytes`)
  t.same(file.body, bytes)
  t.match(file.headers, {
    'content-type': 'application/pdf',
    'x-content-type-options': 'nosniff',
    'content-disposition': /^attachment; filename="document"; filename\*=UTF-8''%E8/,
    'content-security-policy': /sandbox/,
  })
})

t.test('a document of another repository is known by its entry; its bytes are not here', async (t) => {
  const patientId = { value: taro, authority: server.config.identity.affinityDomainAuthority }
  const given = submissionOf({ patientId, bytes: Buffer.from('elsewhere'), repositoryUniqueId: ELSEWHERE })
  t.ok(isSuccess((await network.soap('tester', given.register)).text))
  const { uniqueId } = given.entry
  t.match(await get('tester', `/documents/${uniqueId}/page`), { status: 200, text: ELSEWHERE })
  t.equal((await get('tester', `/documents/${uniqueId}/bytes`)).status, 404)
})

t.test('the content of a laboratory result: values, units, and what the version before said', async (t) => {
  const { status, text } = await get('clinic-b', `/documents/${laboratoryId}/content`)
  t.equal(status, 200)
  const answer = JSON.parse(text)
  t.match(answer, {
    document: { uniqueId: laboratoryId, versions: 3, serviceStart: '2026-04-01T08:30:00+09:00', state: 'current' },
    patient: { number: '0000012345', birthTime: '19580412' },
    content: {
      type: 'laboratory-result',
      groups: [
        {
          specimen: { text: '血清' },
          collected: '2026-04-01T08:30+09:00',
          observations: [
            { item: { text: '総蛋白' }, value: '7.2', unit: 'g/dL' },
            { value: '42', status: 'C' },
          ],
        },
      ],
    },
    former: { groups: [{ observations: [{ value: '7.2' }, { value: '24' }] }] },
  })
  t.match(answer.segments[0], /^MSH\|\^~\\&\|EHR\|1399100015\|/)
  const page = await get('clinic-b', `/documents/${laboratoryId}/page`)
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  t.equal(page.headers['content-security-policy'], PAGE_POLICY)
  t.equal(page.headers['x-content-type-options'], 'nosniff')
  t.equal(page.headers['cache-control'], 'no-store')
  t.match(page.text, /<th scope="row">総蛋白/)
  t.match(page.text, /<td class="number">42<\/td>/)
  t.match(page.text, /24<small>変更 changed<\/small>/)
  const bytes = await get('clinic-b', `/documents/${laboratoryId}/bytes`)
  t.same(bytes.body, await fixture('oml-11-corrected'))
})

t.test('a message whose times are written as on paper is read all the same', async (t) => {
  const written = changed(
    await fixture('oml-11-final'),
    ['202604010830', '202605040830'],
    ['000000000700001', '000000000700098'],
    ['FX-OML-2|', 'PAPER-1|'],
    ['|19580412|', '|S33.4.12|'],
  )
  await push(
    Buffer.from(written.toString('latin1').replace(/\|TSUNAGI\|\d+\|/, '|TSUNAGI|2026-05-04 09:00|'), 'latin1'),
  )
  const found = itemsOf(await rowsOf('clinic-b', { from: '2026-05-04', to: '2026-05-04' }), 'examination')
  const { text } = await get('clinic-b', `/documents/${found[0]?.documentUniqueId}/content`)
  t.match(JSON.parse(text), { patient: { birthTime: '19580412' }, content: { type: 'laboratory-result' } })
})

t.test('a former version that was restricted is neither shown nor named beside the newer one', async (t) => {
  const answered = async () => (await get('clinic-b', `/documents/${laboratoryId}/content`)).text
  const { document } = JSON.parse(await answered())
  t.type(document.formerUniqueId, 'string')
  const { rows: former } = await pool.query<{ confidentiality: readonly string[] }>(
    'select confidentiality from registry.document_entry where unique_id = $1',
    [document.formerUniqueId],
  )
  const restrict = (codes: readonly string[] | undefined) =>
    pool.query('update registry.document_entry set confidentiality = $1 where unique_id = $2', [
      codes,
      document.formerUniqueId,
    ])
  await restrict(['V^^2.16.840.1.113883.5.25'])
  const restricted = await answered()
  await restrict(former[0]?.confidentiality)
  t.notMatch(restricted, document.formerUniqueId)
  t.equal(JSON.parse(restricted).former, undefined)
  t.match(JSON.parse(await answered()), { document, former: {} }, 'and is again when it is open again')
})

t.test('the page of a prescription: drugs by RP with usage, days and amounts', async (t) => {
  const { text } = await get('clinic-b', `/documents/${prescriptionId}/page`)
  for (const words of [
    '<caption>Rp 1</caption>',
    'カルボシステイン錠２５０ｍｇ',
    '内服・経口・１日３回朝昼夕食後',
    '7日分',
    '21 錠',
    '<caption>Rp 3</caption>',
  ])
    t.match(text, words)
})

t.test('design §4: without link, union or facility a calendar is as empty as that of nobody', async (t) => {
  const nobody = await rowsOf('clinic-b', {}, 'NOBODY')
  t.equal(count(nobody), 0)
  for (const facility of ['pharmacy-c', 'network-east']) {
    t.same(await rowsOf(facility), nobody, facility)
    for (const form of ['content', 'page', 'text', 'bytes']) {
      const refused = await get(facility, `/documents/${laboratoryId}/${form}`)
      const unknown = await get(facility, `/documents/2.25.404/${form}`)
      t.same([refused.status, refused.text], [404, unknown.text], `${facility} ${form}`)
    }
  }
  t.same(await rowsOf('clinic-b', {}, 'no^^^&cx'), nobody)
})

t.test(
  'design §4: a facility knows a patient by another one’s number only when it may see that one’s documents',
  async (t) => {
    const patientId = { value: taro, authority: server.config.identity.affinityDomainAuthority }
    const own = submissionOf({ patientId, bytes: Buffer.from('own document'), codes: { typeCode: 'DOC' } })
    t.ok(isSuccess((await network.soap('clinic-b', own.provide)).text))
    const february = { from: '2026-02-01', to: '2026-02-01' }
    const { rows: consents } = await pool.query<{ consent_id: string }>(
      `select consent_id from access.consent c join identity.identifier i using (person_key) where i.value = $1 and c.withdrawn_at is null`,
      [taro],
    )
    for (const { consent_id } of consents) await admin.post(`/consents/${consent_id}/withdraw`, {})
    t.equal(count(await rowsOf('clinic-b')), 0, 'a withdrawn consent is effective at once')
    t.equal((await get('clinic-b', `/documents/${laboratoryId}/page`)).status, 404)
    t.equal(itemsOf(await rowsOf('hospital-a'), 'examination').length, 2, 'its own documents stay')
    t.ok(count(await rowsOf('clinic-b', february, taro)) > 0, 'as do the clinic’s, by the id of the network')
    t.equal(count(await rowsOf('clinic-b', february)), 0, 'the number of the hospital tells the clinic nothing now')
    await admin.post(`/patients/${taro}/consents`, { kind: 'comprehensive', excludedKinds: ['LAB'] })
    const restricted = await rowsOf('clinic-b')
    t.same(itemsOf(restricted, 'examination'), [], 'a kind that the patient excluded')
    t.equal(itemsOf(restricted, 'prescription-order').length, 1)
    t.equal((await get('clinic-b', `/documents/${laboratoryId}/content`)).status, 404)
  },
)

t.test('a cancelled document is shown as cancelled only where that is asked for', async (t) => {
  await push(await fixture('omp-01-changed'))
  t.match(itemsOf(await rowsOf('clinic-b'), 'prescription-order'), [{ versions: 2, status: 'current' }])
  const former = await get('clinic-b', `/documents/${prescriptionId}/page`)
  t.match(former.text, /class="state former"/)
  await push(await fixture('omp-01-cancelled'))
  t.same(itemsOf(await rowsOf('clinic-b'), 'prescription-order'), [])
  const [cancelled, ...others] = itemsOf(await rowsOf('clinic-b', { cancelled: 'shown' }), 'prescription-order')
  t.match(cancelled, { status: 'cancelled', versions: 2 })
  t.same(others, [], 'former versions are none of it')
  const page = await get('clinic-b', `/documents/${cancelled?.documentUniqueId}/page`)
  t.match(page.text, /class="state cancelled"/)
  // What was replaced in another form was not cancelled by anybody (ITI TF-3 4.2.2.2.4 XFRM_RPLC).
  const { rowCount } = await pool.query(
    `update registry.association set type = 'urn:ihe:iti:2007:AssociationType:XFRM_RPLC'
     where type = 'urn:ihe:iti:2007:AssociationType:RPLC'
       and target_uuid = (select logical_uuid from registry.document_entry where unique_id = $1)`,
    [prescriptionId],
  )
  t.equal(rowCount, 1)
  t.match((await get('clinic-b', `/documents/${prescriptionId}/page`)).text, /class="state former"/)
  const items = itemsOf(await rowsOf('clinic-b', { cancelled: 'shown' }), 'prescription-order')
  t.same(
    items.map(({ status, versions }) => [status, versions]),
    [['cancelled', 2]],
  )
})

t.test('every call is in the audit and in the journal with facility, reader and patient', async (t) => {
  const { rows: events } = await pool.query(
    `select event_code, type_code, outcome, system_id, facility_id, patients, objects, reason, endpoint, exchange_id
     from audit.event where endpoint like '/admin/v1/calendar%' or endpoint like '/admin/v1/documents%' order by event_id`,
  )
  t.match(events[0], {
    event_code: '110112',
    type_code: 'calendar',
    outcome: 0,
    system_id: null,
    facility_id: 'clinic-b',
    patients: [TARO, `${taro}^^^&${server.config.identity.affinityDomainAuthority}&ISO`],
    objects: {
      by: 'staff:clinic-b-test-doctor',
      query: { id: 'calendar', text: 'facility=clinic-b from=2026-04-01 to=2026-04-14' },
    },
    reason: 'permit: union, consent and link stand',
  })
  t.ok(events[0].objects.documents.some((one: { documentUniqueId: string }) => one.documentUniqueId === laboratoryId))
  const opened = events.filter(({ endpoint, outcome }) => endpoint === '/admin/v1/documents/content' && outcome === 0)
  t.match(opened.at(-1), {
    event_code: '110106',
    type_code: 'clinical-content',
    facility_id: 'clinic-b',
    objects: {
      by: 'staff:clinic-b-test-doctor',
      documents: [
        { documentUniqueId: laboratoryId, publisher: 'hospital-a', kind: 'LAB' },
        { publisher: 'hospital-a' },
      ],
    },
  })
  const refused = events.find(({ type_code, outcome }) => type_code === 'clinical-content' && outcome === 8)
  t.match(refused, { objects: { by: 'staff:pharmacy-c-test-doctor' }, reason: /^deny: / })
  const { rows: journalled } = await pool.query<{ count: string }>(
    `select count(*) from journal.exchange where door = 'admin' and exchange_id = any($1)`,
    [events.map(({ exchange_id }) => exchange_id)],
  )
  t.equal(Number(journalled[0]?.count), events.length)
})

t.test('a call with a period that is none, or for a row that is none is refused in words', async (t) => {
  const path = `/calendar/${encodeURIComponent(TARO)}`
  for (const [query, words] of [
    [{ ...APRIL, by: 'somebody' }, /"by\\" is not a member/],
    [{ ...APRIL, from: '2026-04-31' }, /from/],
    [{ ...APRIL, from: '2026-04-15' }, /last day is before the first/],
    [{ ...APRIL, from: '2020-04-15' }, /more than 366 days/],
    [{ ...APRIL, rows: 'lab' }, /no row of the calendar.*examination/],
  ] as const) {
    const answer = await get('clinic-b', path, query)
    t.equal(answer.status, 400)
    t.match(answer.text, words)
  }
  for (const asked of [
    `/calendar/${encodeURIComponent('a\u0000')}`,
    `/documents/${encodeURIComponent('a\u0000')}/page`,
  ])
    t.equal((await get('clinic-b', asked, asked.startsWith('/c') ? APRIL : {})).status, 400)
  const { rows: before } = await pool.query(`select count(*) from audit.event where type_code = 'calendar'`)
  await get('clinic-b', path, APRIL)
  const { rows: after } = await pool.query(`select count(*) from audit.event where type_code = 'calendar'`)
  t.equal(Number(after[0].count), Number(before[0].count) + 1)
})

t.test('a document whose bytes are damaged is not shown, and the attempt is recorded', async (t) => {
  await pool.query(`update repository.document set content = content || '\\x00'::bytea where unique_id = $1`, [
    laboratoryId,
  ])
  const { status, text } = await get('hospital-a', `/documents/${laboratoryId}/page`)
  t.equal(status, 503)
  t.match(text, 'DOCUMENT_DAMAGED')
  const { rows: last } = await pool.query(
    `select result, error_codes from journal.exchange where endpoint = '/admin/v1/documents/page' order by at desc limit 1`,
  )
  t.match(last[0], { result: 'failure', error_codes: ['DOCUMENT_DAMAGED'] })
})

t.test(
  'clinical content is for clinicians of a facility: not for the host, not for another’s (idlink A-8, R-2)',
  async (t) => {
    const { sessionOf } = network.clinicians
    const paths = [
      [`/calendar/${encodeURIComponent(TARO)}`, APRIL],
      ...['content', 'page', 'text', 'bytes'].map((form) => [`/documents/${prescriptionId}/${form}`, {}] as const),
    ] as const
    const doctor = await sessionOf('clinic-b')
    const { call } = network.clinicians
    const operator = await enterPerson(call, { staffId: 'operator', roles: ['network-operator', 'auditor'] })
    const file = loginFile(server.config, 'clinic-b-admin')
    const [password, secret] = await Promise.all(
      [file, `${file}.totp`].map(async (path) => (await readFile(path, 'utf8')).trim()),
    )
    const body = { user: 'clinic-b-admin', password, oneTimeCode: codeOf(secret ?? '', 1) }
    const administrator = String((await call('POST', '/login', { body })).body.session)
    const roles = ['registrar', 'facility-administrator'] as const
    const registrar = await enterPerson(
      call,
      { staffId: 'reg-b', facilityId: 'clinic-b', roles },
      { by: administrator },
    )
    for (const [path, query] of paths) {
      t.equal((await getWith(doctor, path, query)).status, 200, `${path} as the doctor`)
      t.equal((await getWith(doctor, path, { ...query, facility: 'clinic-b' })).status, 200)
      const foreign = await getWith(doctor, path, { ...query, facility: 'hospital-a' })
      t.match(foreign, { status: 404, text: /NOT_FOUND/ }, 'the facility is the session’s')
      for (const [who, token] of [
        ['the host', server.adminToken],
        ['an operator', operator.session],
        ['an administrator', administrator],
        ['a registrar', registrar.session],
      ] as const)
        t.match(await getWith(token, path, query), { status: 403, text: /ROLE_REQUIRED/ }, `${path} as ${who}`)
    }
  },
)

t.test('tsunagi calendar and tsunagi document show: the same for people at a terminal', async (t) => {
  const folder = await temporaryDirectory(t)
  const sessionFile = (facility: string): string => join(folder, `${facility}.json`)
  const tsunagi = async (facility: string, ...argv: readonly string[]) => {
    let [out, err] = ['', '']
    const settings = ['--data-dir', server.config.dataDir, '--set', `management.port=${server.managementPort}`]
    const code = await main([...argv, ...settings], {
      out: (data) => {
        out += String(data)
      },
      err: (text) => {
        err += text
      },
      isWatched: false,
      env: { TSUNAGI_SESSION_FILE: sessionFile(facility) },
      cwd: server.config.dataDir,
    })
    return { code, out, err }
  }
  const period = ['--from', '2026-04-01', '--to', '2026-04-14']
  t.match(await tsunagi('clinic-b', 'calendar', TARO, ...period), { code: 2, err: /tsunagi login/ })
  const passwordFile = loginFile(server.config, 'clinic-b-doctor')
  const login = await tsunagi('clinic-b', 'login', '--user', 'clinic-b-doctor', '--password-file', passwordFile)
  t.match(login, { code: 0, out: /clinic-b-doctor 見本 医師 \(doctor\) of clinic-b 見本クリニック: clinician/ })
  t.equal((await stat(sessionFile('clinic-b'))).mode & 0o777, 0o600)
  t.equal((await stat(passwordFile)).mode & 0o777, 0o600)
  t.notMatch(login.out + login.err, JSON.parse(await readFile(sessionFile('clinic-b'), 'utf8')).session)
  const shown = await tsunagi('clinic-b', 'calendar', TARO, '--facility', 'clinic-b', ...period, '--cancelled')
  t.equal(shown.code, 0, shown.err)
  t.match(shown.out, /処方 指示 +2026-04-01 〜 2026-04-07 +処方.* 架空中央病院 .*取消/)
  const session = await network.clinicians.sessionOf('pharmacy-c')
  await writeFile(sessionFile('pharmacy-c'), JSON.stringify({ baseUrl: managementUrl, staffId: 'p', session }), {
    mode: 0o600,
  })
  const empty = await tsunagi('pharmacy-c', 'calendar', TARO, ...period)
  t.match(empty.out, 'この期間に閲覧できる情報はありません')
  const text = await tsunagi('clinic-b', 'document', 'show', prescriptionId, '--facility', 'clinic-b')
  t.match(text.out, /\[Rp 1\]\n薬剤 \| .*\nカルボシステイン錠２５０ｍｇ/)
  t.match(text.out, '用法: 内服・経口・１日３回朝昼夕食後')
  const file = join(folder, 'page.html')
  const saved = await tsunagi('clinic-b', 'document', 'show', prescriptionId, '--html', file)
  t.equal(saved.code, 0, saved.err)
  t.match(await readFile(file, 'utf8'), /^<!DOCTYPE html>\n<html lang="ja">/)
  const json = await tsunagi('clinic-b', 'document', 'show', prescriptionId, '--json')
  t.match(JSON.parse(json.out), { content: { type: 'prescription' } })
  const hidden = await tsunagi('pharmacy-c', 'document', 'show', prescriptionId)
  t.equal(hidden.code, 1)
  t.match(hidden.err, 'NOT_FOUND')
  t.match(await tsunagi('clinic-b', 'whoami', '--json'), { code: 0, out: /"staffId": ?"clinic-b-doctor"/ })
  t.match(
    await tsunagi('clinic-b', 'staff', 'list', '--as-me'),
    { code: 1, err: /ROLE_REQUIRED/ },
    'as the doctor, not as the host',
  )
  t.match(await tsunagi('clinic-b', 'staff', 'list', '--facility', 'clinic-b'), { code: 0, out: /clinic-b-admin/ })
  await chmod(sessionFile('clinic-b'), 0o644)
  t.match(await tsunagi('clinic-b', 'whoami'), { code: 2, err: /can be read by others/ })
  await chmod(sessionFile('clinic-b'), 0o600)
  t.match(await tsunagi('clinic-b', 'logout'), { code: 0 })
  t.match(await tsunagi('clinic-b', 'whoami'), { code: 2, err: /ログイン/ })
})

t.test('every audit event of this is a message by the tables of its transaction (ITI TF-2 3.20.4.1)', async (t) => {
  const rendered = await renderedEvents(pool)
  t.same(faultsOf(rendered), [])
})
