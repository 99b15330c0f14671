// The audit log for its readers over a whole server: content-reference records, who saw a patient, access log, claims (idlink 10; security d.10).

import t from 'tap'
import { request } from 'undici'
import { main } from '../../src/cli/main.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import { writeSession } from '../../src/cli/session-file.ts'
import { findEvents } from '../../src/db/audit/event-pages.ts'
import { findReferences } from '../../src/db/audit/references.ts'
import { recordExport } from '../../src/db/staff-change.ts'
import { isSuccess, submissionOf } from '../faults/messages.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { enterPerson } from '../http/persons.ts'
import { readCsv } from './csv-reader.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { server, pool, clinicians } = network
const { managementUrl } = localAddresses(server)
const REPOSITORY = server.config.repository.uniqueId
const taro = await network.xadForStaff({ value: '0000012345', authority: DOMAINS['hospital-a'] })
const ichiro = await network.xadForStaff({ value: '0000012347', authority: DOMAINS['hospital-a'] })
const cxOf = ({ value, authority }: { value: string; authority: string }) => `${value}^^^&${authority}&ISO`
const TARO = cxOf(taro)
const HEADER = 'ContentID,AccessFacilityName,AccessPersonName,AccessTime,AccessType,AccessDetail'

async function provided(patientId: typeof taro, title: string): Promise<string> {
  const { provide, entry } = submissionOf({ patientId, bytes: Buffer.from(title), title })
  const { text } = await network.soap('hospital-a', provide)
  if (!isSuccess(text)) throw new Error(text)
  return entry.uniqueId
}

async function get(session: string, path: string) {
  const response = await request(`${managementUrl}/admin/v1${path}`, {
    headers: { authorization: `Bearer ${session}` },
  })
  const body = Buffer.from(await response.body.arrayBuffer())
  return { status: response.statusCode, headers: response.headers, body, text: body.toString('utf8') }
}

async function json(session: string, path: string) {
  const { text, status } = await get(session, path)
  return { status, ...JSON.parse(text) }
}

// What people do in a network before anybody asks who it was.
const letter = await provided(taro, '=HYPERLINK("x"),紹介状')
const ofIchiro = await provided(ichiro, '退院時要約')
const clinicAdmin = await clinicians.administratorOf('clinic-b')
const hospitalAdmin = await clinicians.administratorOf('hospital-a')
const pharmacyAdmin = await clinicians.administratorOf('pharmacy-c')
const doctor = await clinicians.sessionOf('clinic-b')
const auditor = (await enterPerson(clinicians.call, { staffId: 'network-auditor', roles: ['auditor'] })).session
const emsDoctor = await enterPerson(
  clinicians.call,
  {
    staffId: 'ems-doctor',
    facilityId: 'clinic-b',
    roles: ['clinician'],
    job: 'doctor',
    mayUseEms: true,
    name: '救急 太郎',
  },
  { by: clinicAdmin },
)
await get(doctor, `/calendar/${encodeURIComponent(TARO)}?from=2026-01-01&to=2026-12-31`)
await get(doctor, `/documents/${letter}/content`)
await get(doctor, `/documents/${letter}/bytes`)
await network.find('clinic-b', taro)
await network.fetch('clinic-b', [letter])
await network.fetch('hospital-a', [letter])
await network.fetch('clinic-b', [letter, ofIchiro])
await network.find('clinic-b', ichiro)
const opened = await clinicians.call('POST', '/emergency', {
  session: emsDoctor.session,
  body: {
    patient: '0000012347#EMS',
    facility: 'hospital-a',
    reasonCode: 'life-threat',
    reason: '意識障害で搬送、服薬内容が不明',
    consentKind: 'not-possible',
    consentBy: '当直医',
    chartNoted: true,
  },
})
if (opened.status !== 201) throw new Error(JSON.stringify(opened.body))
await get(emsDoctor.session, `/documents/${ofIchiro}/content`)

const MONTH = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7)
const path = (of: string, more = '') => `/audit/content-references?month=${MONTH}&of=${of}${more}`

t.test('L-2: the header byte for byte, every look of the month once, CRLF, quotes, no formula', async (t) => {
  const { status, headers, body, text } = await get(clinicAdmin, path('own-views'))
  t.equal(status, 200)
  t.match(headers['content-type'], /^text\/csv; charset=utf-8/)
  t.match(headers['content-disposition'], `own-views-clinic-b-${MONTH}.csv`)
  t.ok(body.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])), 'byte order mark')
  t.ok(body.subarray(3).toString('utf8').startsWith(`${HEADER}\r\n`))
  t.notMatch(text.replaceAll('\r\n', ''), /[\r\n]/)
  const rows = readCsv(text.slice(1))
  const { rows: log } = await pool.query<{ count: number }>(
    `select count(*)::int as count from audit.event e, jsonb_array_elements(e.objects -> 'documents') d
     where facility_id = 'clinic-b' and outcome in (0, 4) and (type_code in ('ITI-43', 'calendar', 'clinical-content'))
       and d ->> 'documentUniqueId' in (select unique_id from registry.document_entry where publisher <> 'clinic-b')`,
  )
  t.equal(rows.length - 1, log[0]?.count, 'as many as the log has')
  t.same([...new Set(rows.slice(1).map((row) => row.length))], [6])
  const letters = rows.filter(([id]) => id === letter)
  t.same(
    letters.map((row) => row[4]),
    ['LIST', 'VIEW', 'DOWNLOAD', 'DOWNLOAD', 'DOWNLOAD'],
  )
  t.match(letters[1], [letter, '見本クリニック', '試験 clinic-b-test-doctor', /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d$/])
  t.match(letters[1]?.[5], /^文書 \/ =HYPERLINK\("x"\),紹介状 \/ 患者ID B-77$/)
  t.equal(letters[3]?.[2], 'clinic-b', 'a system without a person')
  t.match(
    rows.find(([id]) => id === ofIchiro),
    [ofIchiro, '見本クリニック', '救急 太郎', /^20/, 'EMS', /^閲覧 \/ 文書 \/ 退院時要約/],
  )
})

t.test('L-1 (b): the owner hears of others only, with facility and person; each facility of its own', async (t) => {
  const rows = readCsv((await get(hospitalAdmin, path('own-content'))).text.slice(1)).slice(1)
  t.same([...new Set(rows.map((row) => row[1]))], ['見本クリニック'], 'not what the hospital read of its own')
  t.equal(rows.filter(([id]) => id === letter).length, 5)
  t.match(rows.find(([id]) => id === letter)?.[5], /患者ID 0000012345$/, 'the number of who asks')
  t.same(readCsv((await get(hospitalAdmin, path('own-views'))).text.slice(1)).length, 1)
  t.equal((await get(hospitalAdmin, path('own-views', '&facility=clinic-b'))).status, 404)
  t.equal(
    readCsv((await get(auditor, path('own-content', '&facility=hospital-a'))).text.slice(1)).length,
    rows.length + 1,
  )
  t.match(await json(auditor, path('own-content')), { status: 400, code: 'INVALID', ja: /施設/ })
})

t.test('L-1: of one patient, by the number of the facility or of the network, and of nobody else', async (t) => {
  const of = async (session: string, patient: string) =>
    readCsv((await get(session, path('own-content', `&patient=${encodeURIComponent(patient)}`))).text.slice(1))
      .slice(1)
      .map(([id]) => id)
  t.same([...new Set(await of(hospitalAdmin, '0000012347'))], [ofIchiro])
  t.same(await of(hospitalAdmin, cxOf(ichiro)), [ofIchiro])
  t.notOk((await of(hospitalAdmin, '0000012345')).includes(ofIchiro))
})

t.test('d.10: the extended record has the further columns; Shift_JIS says the same', async (t) => {
  const { text } = await get(hospitalAdmin, path('own-content', '&extended=true'))
  const [header = [], ...rows] = readCsv(text.slice(1))
  t.equal(
    header.join(),
    `${HEADER},PatientID,OwnerFacilityName,DocumentUniqueId,RepositoryUniqueId,Purpose,Emergency,Outcome`,
  )
  const emergency = rows.find(([id]) => id === ofIchiro)
  t.match(emergency?.slice(6), [
    '0000012347',
    '架空中央病院',
    ofIchiro,
    REPOSITORY,
    /^(treatment|emergency|)$/,
    '1',
    '0',
  ])
  const sjis = await get(hospitalAdmin, path('own-content', '&extended=true&encoding=shift_jis'))
  t.match(sjis.headers['content-type'], /charset=shift_jis/)
  t.equal(new TextDecoder('shift_jis', { fatal: true }).decode(sjis.body), text.slice(1))
})

/** A look as the log would have it, at a moment of the test's choice. */
async function logged(at: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const { documents, user, ...row } = {
    facility_id: 'clinic-b',
    system_id: 'clinic-b',
    documents: [{ documentUniqueId: letter, repositoryUniqueId: REPOSITORY }] as unknown,
    user: undefined as unknown,
    patients: [TARO],
    outcome: 0,
    ...more,
  }
  await pool.query(
    `insert into audit.event (exchange_id, at, event_code, action, type_code, outcome, system_id, facility_id, peer, endpoint, patients, objects)
     values (gen_random_uuid(), $1, '110106', 'R', 'ITI-43', $2, $3, $4, '', '/xds/repository', $5, $6)`,
    [at, row.outcome, row.system_id, row.facility_id, row.patients, JSON.stringify({ documents, user })],
  )
}

t.test(
  'L-1: months end at midnight in Japan; an event that names no owner is asked of the registry; refusals are no looks',
  async (t) => {
    const moments = [
      '2026-03-31T14:59:59.999999Z',
      '2026-03-31T15:00:00Z',
      '2026-04-30T14:59:59.999999Z',
      '2026-04-30T15:00:00Z',
    ]
    for (const at of moments) await logged(at)
    await logged('2026-04-10T00:00:00Z', { outcome: 8 })
    await logged('2026-06-10T00:00:00Z', { user: { name: 'a', displayName: '=1+1,"山田"', job: 'doctor' } })
    await logged('2026-04-11T00:00:00Z', {
      documents: [
        { documentUniqueId: '2.25.99', repositoryUniqueId: REPOSITORY, publisher: 'hospital-a', kind: 'LAB' },
      ],
    })
    const of = async (month: string) =>
      readCsv(
        (await get(hospitalAdmin, `/audit/content-references?month=${month}&of=own-content`)).text.slice(1),
      ).slice(1)
    t.same(
      (await of('2026-04')).map((row) => row[3]),
      ['2026/04/01 00:00:00', '2026/04/11 09:00:00', '2026/04/30 23:59:59'],
    )
    t.same(
      (await of('2026-03')).map((row) => row[3]),
      ['2026/03/31 23:59:59'],
    )
    t.same(
      (await of('2026-05')).map((row) => row[3]),
      ['2026/05/01 00:00:00'],
    )
    t.match((await of('2026-04'))[1], [
      '2.25.99',
      '見本クリニック',
      'clinic-b',
      '2026/04/11 09:00:00',
      'DOWNLOAD',
      '検体検査 / （削除済みの文書） / 患者ID 0000012345',
    ])
  },
)

t.test(
  'what needs several pages is whole and in order: thousands of documents, and several at the same moment',
  async (t) => {
    const documents = Array.from({ length: 700 }, (_, index) => ({
      documentUniqueId: `2.25.7.${index}`,
      repositoryUniqueId: REPOSITORY,
      publisher: 'hospital-a',
      kind: 'LAB',
    }))
    for (let event = 0; event < 4; event += 1) await logged('2026-02-10T01:00:00Z', { documents })
    const asked = '/audit/content-references?month=2026-02&of='
    const rows = readCsv((await get(clinicAdmin, `${asked}own-views`)).text.slice(1)).slice(1)
    t.equal(rows.length, 2800)
    t.same(
      rows.map(([id]) => id),
      [1, 2, 3, 4].flatMap(() => documents.map(({ documentUniqueId }) => documentUniqueId)),
    )
    t.equal(readCsv((await get(hospitalAdmin, `${asked}own-content`)).text.slice(1)).length, 2801)
    t.equal(readCsv((await get(pharmacyAdmin, `${asked}own-content`)).text.slice(1)).length, 1)
  },
)

t.test('a month whose events were dropped has no record, rather than an empty one', async (t) => {
  await pool.query(
    `insert into audit.chain (chain, genesis, seq, hash, nonce, dropped_at) values ('2019-05', '', 0, '', '', now()), ('2019-06', '', 0, '', '', null)`,
  )
  for (const record of ['content-references?of=own-views&', 'claims?']) {
    t.match(await json(hospitalAdmin, `/audit/${record}month=2019-05`), {
      status: 409,
      code: 'MONTH_DROPPED',
      ja: /削除/,
    })
    t.equal((await get(hospitalAdmin, `/audit/${record}month=2019-06`)).status, 200)
  }
})

t.test('a removed document stays in the records with its owner (L-1)', async (t) => {
  const gone = await provided(taro, '削除される文書')
  await network.fetch('clinic-b', [gone])
  await pool.query('delete from registry.document_entry where unique_id = $1', [gone])
  const rows = readCsv((await get(hospitalAdmin, path('own-content'))).text.slice(1))
  t.match(rows.find(([id]) => id === gone)?.[5], /^文書 \/ （削除済みの文書） \/ 患者ID 0000012345$/)
})

interface Looks {
  readonly looks: readonly {
    readonly ja: string
    readonly en: string
    readonly accessType: string
    readonly seen: unknown
  }[]
  readonly scope?: object
  readonly next?: string
}

t.test('who saw a patient, in sentences: who, when, what of whom, why; what was hidden was not seen', async (t) => {
  const saw = async (session: string, patient: string): Promise<Looks> =>
    json(session, `/audit/who-saw?patient=${encodeURIComponent(patient)}`)
  const all = await saw(auditor, TARO)
  const said = all.looks.map(({ ja }) => ja).join('\n')
  t.match(
    said,
    /見本クリニックの試験 clinic-b-test-doctorさん（医師）が架空中央病院の文書 1件を閲覧しました。理由: 患者の同意があり/,
  )
  t.match(said, /見本クリニックのシステム「clinic-b」が記録の一覧を検索しました/)
  t.match(said, /カレンダーで表示しました/)
  t.match(
    all.looks.map(({ en }) => en).join('\n'),
    /doctor\) of 見本クリニック read 1 × document of 架空中央病院; why: the patient’s consent/,
  )
  t.notOk(all.scope)
  const emergency = await saw(auditor, cxOf(ichiro))
  t.match(
    emergency.looks.map(({ ja }) => ja).join('\n'),
    /救急 太郎さん.*理由: 緊急参照（生命の危険、同意を得られない状態）のため/,
  )
  t.notMatch(
    emergency.looks.map(({ ja }) => ja).join('\n'),
    /システム「clinic-b」/,
    'the clinic found nothing by query',
  )
  const hospital = await saw(hospitalAdmin, '0000012345')
  t.ok(hospital.scope)
  t.notMatch(
    hospital.looks.map(({ ja }) => ja).join('\n'),
    /記録の一覧を検索/,
    'queries of others name no content of the hospital',
  )
  t.match(hospital.looks.map(({ ja }) => ja).join('\n'), /試験 clinic-b-test-doctor/)
  t.same((await saw(pharmacyAdmin, TARO)).looks, [])
  for (const [session, number] of [
    [hospitalAdmin, '0000099999'],
    [auditor, 'NOBODY'],
  ] as const) {
    const answer = await get(session, `/audit/who-saw?patient=${encodeURIComponent(number)}`)
    t.equal(answer.status, 404, 'a number that names nobody here is not answered that nobody looked')
    t.match(JSON.parse(answer.text), { code: 'NOT_FOUND', message: /No patient has this number/ })
  }
})

t.test('a record of a number that names nobody is not an empty one, which would say that nobody looked', async (t) => {
  for (const record of ['content-references?of=own-views&', 'content-references?of=own-content&', 'claims?']) {
    const of = (session: string, more: string) => get(session, `/audit/${record}month=${MONTH}&${more}`)
    const missing = await of(hospitalAdmin, 'patient=0000099999')
    t.equal(missing.status, 404, record)
    t.match(JSON.parse(missing.text), { code: 'NOT_FOUND', message: /No patient has this number/, ja: /患者/ })
    const elsewhere = encodeURIComponent(`B-77^^^&${DOMAINS['clinic-b']}&ISO`)
    const foreign = await of(hospitalAdmin, `patient=${elsewhere}`)
    t.strictSame([foreign.status, foreign.text], [404, missing.text], 'a number of another facility leads nowhere')
    t.equal((await of(auditor, 'facility=hospital-a&patient=NOBODY')).status, 404)
  }
  const { rows } = await pool.query<{ value: string }>(
    `select value from identity.identifier i join identity.domain d on d.oid = i.domain
     where d.facility_id = 'pharmacy-c' and i.status = 'active' limit 1`,
  )
  const [own] = rows
  if (own === undefined) throw new Error('the pharmacy has a patient')
  const quiet = await get(pharmacyAdmin, `/audit/claims?month=2026-02&patient=${own.value}`)
  t.equal(quiet.status, 200, 'nobody looked at one whom the facility knows')
})

t.test(
  'who saw a patient: an export into files is told as what left, by staff of a facility and by the network',
  async (t) => {
    const operation = 'SS-MIX2 export of facility hospital-a'
    const patients = [`0000012345^^^&${DOMAINS['hospital-a']}&ISO`, TARO]
    for (const by of ['staff:hospital-a-test-admin', 'host'])
      await recordExport(pool, { by, peer: '127.0.0.1:40000', operation, patients })
    const saw = async (session: string, patient: string): Promise<Looks> =>
      json(session, `/audit/who-saw?patient=${encodeURIComponent(patient)}`)
    const told = (await saw(auditor, TARO)).looks.filter(({ ja }) => ja.includes('SS-MIX2形式'))
    t.match(told.map(({ ja }) => ja).join('\n'), /架空中央病院の試験 hospital-a-test-adminさん.*書き出しました/)
    t.match(told.map(({ ja }) => ja).join('\n'), /地域連携ネットワークのhostさんが/)
    t.match(told.map(({ en }) => en).join('\n'), /host of the network wrote all documents into files/)
    t.match((await saw(hospitalAdmin, '0000012345')).looks.map(({ ja }) => ja).join('\n'), /書き出しました/)
    t.notMatch((await saw(auditor, cxOf(ichiro))).looks.map(({ ja }) => ja).join('\n'), /書き出しました/)
  },
)

t.test('pages of who-saw and of events go on where the last one ended', async (t) => {
  const whole: { events: { eventId: string }[] } = await json(auditor, '/audit/events?limit=1000')
  const seen: string[] = []
  let after = ''
  do {
    const page: { events: { eventId: string }[]; next?: string } = await json(auditor, `/audit/events?limit=7${after}`)
    seen.push(...page.events.map(({ eventId }) => eventId))
    after = page.next === undefined ? '' : `&after=${page.next}`
    if (seen.length >= whole.events.length) break
  } while (after !== '')
  const looked = seen.filter((id) => whole.events.some(({ eventId }) => eventId === id))
  t.same(
    looked,
    whole.events.map(({ eventId }) => eventId).filter((id) => seen.includes(id)),
    'in order, each once',
  )
  t.ok(looked.length > 20)
})

t.test('L-3: each action is found by person, patient, kind, outcome, facility and period', async (t) => {
  const of = async (query: string, session = auditor) =>
    ((await json(session, `/audit/events?limit=1000&${query}`)) as { events: Record<string, unknown>[] }).events
  t.match(await of('person=clinic-b-test-doctor&kind=login'), [
    // The session of the access code ends with it.
    { typeCode: '110123', reason: 'password changed', personName: /試験/ },
    { typeCode: '110122', facilityId: 'clinic-b', personName: /試験/ },
  ])
  t.same(
    [...new Set((await of('person=clinic-b-test-doctor&kind=export')).map(({ typeCode }) => typeCode))],
    ['clinical-content'],
  )
  const entered = await of('person=clinic-b-test-admin&kind=security')
  t.match(entered.at(-1), { facilityId: 'clinic-b' }, 'what staff change is in the log of their facility')
  const ofPatient = await of(`patient=${encodeURIComponent(TARO)}&kind=export`)
  t.ok(ofPatient.every(({ patients }) => (patients as string[]).includes(TARO)))
  t.ok((await of('kind=export&outcome=refused&facility=clinic-b')).length > 0)
  t.same(await of('from=2026-01-01&to=2026-01-31'), [])
  t.equal((await of('from=2026-04-01&to=2026-04-30&system=clinic-b')).length, 4)
  t.match(await json(auditor, '/audit/events?from=2026-02-30'), { status: 400 })
  for (const place of ['2026-13-01T00:00:00.000Z_1', '2026-02-30T00:00:00.000000Z_1', '2026-02-28T24:00:00.000Z_1'])
    t.match(await json(auditor, `/audit/events?after=${place}`), { status: 400, message: /after/ }, place)
  t.match(await json(auditor, '/audit/events?from=0000-01-01&to=0000-02-01'), { status: 400 })
  t.match(await json(auditor, '/audit/events?from=0000-01-01&to=1970-02-01'), { status: 200, events: [] }, 'ever')
  t.match(await json(auditor, '/audit/events?from=2026-02-02&to=2026-02-01'), { status: 400, ja: /期間/ })
})

t.test(
  'L-4: an administrator reads what concerns the own facility; of others what they did with its content, and no more',
  async (t) => {
    const of = async (session: string, query = '') =>
      ((await json(session, `/audit/events?limit=1000${query}`)) as { events: Record<string, unknown>[] }).events
    const asked = encodeURIComponent(`B-77^^^&${DOMAINS['clinic-b']}&ISO`)
    t.equal((await get(doctor, `/calendar/${asked}?from=2026-01-01&to=2026-12-31`)).status, 200)
    const foreign = (await of(hospitalAdmin)).filter(({ facilityId }) => facilityId !== 'hospital-a')
    t.ok(foreign.length > 0)
    for (const event of foreign) {
      t.match(event, { facilityId: 'clinic-b', kind: /export|query/ })
      t.ok((event.documents as { publisher: string }[]).every(({ publisher }) => publisher === 'hospital-a'))
      t.match(event.patients, [String], 'by an id that the hospital knows')
      t.notMatch(JSON.stringify(event), /B-77/, 'not by the number that the patient has elsewhere')
      t.notMatch(JSON.stringify(await json(hospitalAdmin, `/audit/events/${event.eventId}`)), /B-77/)
      for (const hidden of ['peer', 'endpoint', 'systemId', 'journalId', 'query', 'reason'])
        t.notOk(hidden in event, hidden)
    }
    t.same(
      (await of(pharmacyAdmin)).filter(({ facilityId }) => facilityId !== 'pharmacy-c'),
      [],
    )
    t.same(await of(pharmacyAdmin, '&facility=clinic-b'), [])
    for (const session of [doctor, server.adminToken]) {
      t.equal((await get(session, '/audit/events')).status, 403)
      t.equal((await get(session, path('own-views'))).status, 403)
      t.equal((await get(session, `/audit/who-saw?patient=${encodeURIComponent(TARO)}`)).status, 403)
    }
  },
)

t.test('one event is told whole to an auditor, and to a facility as far as it concerns it', async (t) => {
  const [search] = (await json(auditor, '/audit/events?kind=query&system=clinic-b&limit=1')).events
  t.notOk('text' in search.query, 'names stand in queries: not in a list')
  const whole = await json(auditor, `/audit/events/${search.eventId}`)
  t.match(whole, { eventUuid: search.eventUuid, query: { text: /AdhocQuery/ }, journalId: String })
  t.equal((await get(hospitalAdmin, `/audit/events/${search.eventId}`)).status, 404)
  const bySystem = await json(hospitalAdmin, '/audit/events?system=clinic-b&limit=1000')
  t.same(bySystem.events, [], 'by which system others looked is not told by a filter either')
  const [foreign] = (await json(hospitalAdmin, '/audit/events?kind=export&facility=clinic-b&limit=1')).events
  t.match(await json(hospitalAdmin, `/audit/events/${foreign.eventId}`), { facilityId: 'clinic-b', documents: [{}] })
  t.equal((await get(pharmacyAdmin, `/audit/events/${foreign.eventId}`)).status, 404)
  t.equal((await get(auditor, '/audit/events/999999999')).status, 404)
})

t.test('A.5.3.2: every look at the log is an event of its own, with the patient who was asked for', async (t) => {
  const { rows } = await pool.query(
    `select distinct on (type_code) type_code, action, facility_id, objects ->> 'by' as by, patients from audit.event
     where event_code = '110101' and facility_id = 'hospital-a' order by type_code, cardinality(patients) desc`,
  )
  t.match(rows, [
    { type_code: 'audit-events', action: 'R', by: /^staff:/ },
    { type_code: 'claims', action: 'R', by: /^staff:/ },
    { type_code: 'content-references', action: 'R', by: /^staff:/, patients: [String] },
    { type_code: 'who-saw', action: 'R', by: 'staff:hospital-a-test-admin', patients: [/0000012345/] },
  ])
})

t.test('L-6: by patient and day, what was read of others and what was sent', async (t) => {
  const { text, status } = await get(clinicAdmin, `/audit/claims?month=${MONTH}`)
  t.equal(status, 200)
  const [header = [], ...rows] = readCsv(text.slice(1))
  t.equal(header.join(), 'Date,PatientID,Record,Fee,OtherFacilityName,Documents,Kinds,FirstTime,LastTime,Persons')
  const read = rows.find((row) => row[1] === 'B-77' && row[2] === 'viewed')
  t.match(read, [/^\d{4}\/\d\d\/\d\d$/, 'B-77', 'viewed', '電子的診療情報評価料', '架空中央病院', '2', '文書'])
  t.match(read?.[9], /試験 clinic-b-test-doctor/)
  const sent = readCsv(
    (await get(hospitalAdmin, `/audit/claims?month=${MONTH}&patient=0000012345`)).text.slice(1),
  ).slice(1)
  t.match(
    sent.find((row) => row[2] === 'sent'),
    [/^20/, '0000012345', 'sent', '検査・画像情報提供加算'],
  )
  t.same([...new Set(sent.map((row) => row[1]))], ['0000012345'])
})

t.test('the statements of the log go by its indexes, each of them', async (t) => {
  const asked = { from: new Date(`${MONTH}-02`), to: new Date(`${MONTH}-20`), limit: 100 }
  const plans: string[] = []
  const named = (how: string, index: string) => `${how} event_${MONTH.replace('-', '_')}_${index}`
  const client = await pool.connect()
  t.teardown(() => client.release(true))
  const explaining = {
    query: async ({ text, values }: { text: string; values: unknown[] }) => {
      const { rows } = await client.query(`explain ${text}`, values)
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
      return { rows: [] }
    },
  } as unknown as typeof pool
  const planOf = async (more: object): Promise<string> => {
    await findEvents(explaining, { ...asked, ...more })
    return plans.at(-1) ?? ''
  }
  t.match(await planOf({}), named('Index Scan Backward using', 'at_idx'))
  // Of a month with a few rows every index is as good as the one by time alone.
  await client.query('begin')
  await client.query('drop index audit.event_at')
  t.match(await planOf({ facilityId: 'clinic-b' }), named('', 'facility_id_timezone_idx'))
  t.match(await planOf({ person: ['staff:a'] }), named('', 'coalesce_timezone_idx'))
  t.match(await planOf({ patients: [TARO] }), named('', 'hashtextextended_timezone_idx'))
  t.match(await planOf({ askedFor: 'clinic-b' }), named('', 'at_event_id_idx'))
  for await (const _ of findReferences(
    explaining,
    { facilityId: 'clinic-b', month: '2026-11', of: 'own-views' },
    String,
  ))
    break
  t.match(plans.at(-1), named('Index Scan using', 'at_event_id_idx'))
  t.ok(plans.every((plan) => !plan.includes('Seq Scan on event_')))
})

t.test(
  'L-1, L-4: on the command line with --as-me as who is logged on; the token of the host reads nothing',
  async (t) => {
    const terminalOf = (said: Buffer[]) => ({
      out: (text: string | Uint8Array) => {
        said.push(Buffer.from(text as string))
      },
      err: (text: string) => {
        said.push(Buffer.from(text))
      },
      env: { TSUNAGI_SESSION_FILE: 'session-of-test.json' },
      cwd: server.config.dataDir,
    })
    const run = async (...argv: readonly string[]) => {
      const said: Buffer[] = []
      const settings = ['--data-dir', server.config.dataDir, '--set', `management.port=${server.managementPort}`]
      const code = await main([...settings, ...argv], terminalOf(said))
      return { code, text: Buffer.concat(said).toString('utf8') }
    }
    const saved = { baseUrl: managementUrl, staffId: 'hospital-a-test-admin', session: hospitalAdmin }
    await writeSession(terminalOf([]), saved)
    const asked = ['audit', 'references', '--month', '2026-04', '--of', 'own-content'] as const
    const { text } = await run('--as-me', ...asked)
    t.equal(text, (await get(hospitalAdmin, '/audit/content-references?month=2026-04&of=own-content')).text)
    t.match((await run('--as-me', 'audit', 'who-saw', '0000012345')).text, /試験 clinic-b-test-doctorさん（医師）/)
    const refused = await run(...asked)
    t.equal(refused.code, 1)
    t.match(refused.text, /ROLE_REQUIRED/)
  },
)
