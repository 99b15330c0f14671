// What a registrar finds and sees of patients: those of the own unions, without the numbers of other facilities (idlink A-7, C-2, C-8, U-2).

import t from 'tap'
import { feedAdd } from '../../src/identity/feed.ts'
import { callerOf, feedOf, oid } from '../identity/in-memory.ts'
import { openAdministration, TOKEN } from './administration.ts'
import { type Call, enterPerson } from './persons.ts'

t.setTimeout(120_000)

const { call, url, auditRows, identity } = await openAdministration(t)

for (const [index, facilityId] of ['hospital-x', 'clinic-y'].entries())
  await call('POST', '/facilities', {
    facilityId,
    oid: `2.25.50${index}`,
    name: `想像施設${index}`,
    kind: 'viewing',
    patientDomain: { oid: `2.25.60${index}`, name: facilityId.toUpperCase() },
  })

const asked: Call = (method, path, { body, session = TOKEN } = {}) =>
  call(method, path, body, { authorization: `Bearer ${session}` })
const administrator = await enterPerson(asked, {
  staffId: 'suzuki',
  facilityId: 'clinic-y',
  roles: ['facility-administrator'],
})
const { session } = await enterPerson(
  asked,
  { staffId: 'sato', facilityId: 'clinic-y', roles: ['registrar'] },
  { by: administrator.session },
)
const registrar = (method: string, path: string, body?: object) =>
  asked(method, path, { session, ...(body === undefined ? {} : { body }) })

async function asPage(path: string) {
  const answer = await fetch(`${url}/admin/v1${path}`, { headers: { authorization: `Bearer ${session}` } })
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() }
}

const DOMAIN_OF: Readonly<Record<string, string>> = {
  'open-z': '2.25.800',
  'closed-w': '2.25.801',
  'closed-v': '2.25.802',
}

let born = 0

async function patient(facilityId: string, id: string, name?: { readonly family: string; readonly given: string }) {
  born += 1
  const demographics = {
    names: [{ representation: 'IDE', ...(name ?? { family: '空想', given: `人${born}` }) }],
    birthTime: `19${50 + born}0101`,
  }
  const xad = String((await call('POST', '/patients', { demographics })).body.xad)
  await call('POST', `/patients/${xad}/links`, { facilityId, id, reason: '確認' })
  return xad
}

const own = await patient('clinic-y', '1')
const foreign = await patient('hospital-x', '1')
const missing = await registrar('GET', '/patients/no-such-patient/consents')

t.test('a registrar finds patients by own numbers, and learns nothing of those of others', async (t) => {
  await call('POST', `/patients/${own}/links`, { facilityId: 'hospital-x', id: '88', reason: '確認' })
  const { body } = await registrar('GET', '/patients?id=1')
  t.match(body, [{ xad: own }])
  t.equal((body as unknown as readonly unknown[]).length, 1, 'not the patient of the same number elsewhere')
  t.notMatch(JSON.stringify(body), '2.25.600')
  t.strictSame((await registrar('GET', '/patients?id=88')).body, [], 'a number of another facility')
  t.strictSame((await registrar('GET', '/patients?id=88&domain=2.25.600')).body, [])
  t.match((await registrar('GET', `/patients?id=${own}`)).body, [{ xad: own }])
  const view = (await registrar('GET', `/patients/${own}`)).body
  t.match(view, { xad: own })
  for (const shown of [view, (await registrar('GET', `/patients/${own}/history`)).body]) {
    t.match(JSON.stringify(shown), '2.25.601')
    t.notMatch(JSON.stringify(shown), '2.25.600', 'where else the patient is treated')
  }
  t.match(JSON.stringify((await call('GET', `/patients/${own}`)).body), '2.25.600')
})

t.test('who registered the patient elsewhere is not told, nor how much happened there (idlink A-7)', async (t) => {
  await call('POST', '/systems', { systemId: 'his-x', facilityId: 'hospital-x', roles: ['patient-identity-source'] })
  const { session: theirs } = await enterPerson(asked, {
    staffId: 'tanaka',
    facilityId: 'hospital-x',
    roles: ['facility-administrator'],
  })
  const { session: window } = await enterPerson(
    asked,
    { staffId: 'ito', facilityId: 'hospital-x', roles: ['registrar'] },
    { by: theirs },
  )
  const fed = { authority: oid('2.25.600'), value: 'H-77' }
  const caller = { ...callerOf('hospital-x'), systemId: 'his-x' }
  t.match(await feedAdd(feedOf([fed]), caller, identity), { answer: { code: 'CA' } })
  const xad = String((await call('GET', '/patients?id=H-77')).list[0]?.xad)
  await call('POST', `/patients/${xad}/links`, { facilityId: 'clinic-y', id: 'C-77', reason: '窓口で確認' })
  const born = { names: [{ representation: 'IDE', family: '空想', given: '窓' }] }
  const entered = await asked('POST', '/patients', { session: window, body: { demographics: born } })
  const other = String(entered.body.xad)
  const link = { facilityId: 'clinic-y', id: 'C-78', reason: '窓口で確認' }
  t.match(await registrar('POST', `/patients/${other}/links`, link), { status: 201 })
  for (const [id, number] of [
    [xad, 'C-77'],
    [other, 'C-78'],
  ] as const)
    for (const path of [`/patients/${id}`, `/patients/${id}/history`]) {
      const shown = JSON.stringify((await registrar('GET', path)).body)
      t.match(shown, number)
      t.match(shown, '窓口で確認', 'what the network or the own staff did is told with who and why')
      t.notMatch(shown, /his-x|ITI-44|staff:ito/, 'where else the patient is treated')
    }
  t.match(
    JSON.stringify((await call('GET', `/patients/${xad}/history`)).body),
    'his-x',
    'those who run the network hear',
  )
  const rows = (await registrar('GET', `/patients/${xad}/history`)).body as unknown as { historyId: string }[]
  const paged: unknown[] = []
  for (let after = ''; ; ) {
    const page = (await registrar('GET', `/patients/${xad}/history?limit=1${after}`)).body as unknown as typeof rows
    paged.push(...page)
    if (page.length < 1) break
    after = `&after=${page.at(-1)?.historyId}`
  }
  t.strictSame(paged, rows, 'read page by page it is the same, though rows of others lie between')
})

t.test(
  'U-2: a registrar finds by name who is registered in the own unions, or in open ones from an open one',
  async (t) => {
    for (const [index, facilityId] of ['open-z', 'closed-w', 'closed-v'].entries())
      await call('POST', '/facilities', {
        facilityId,
        oid: `2.25.70${index}`,
        name: facilityId,
        kind: 'viewing',
        patientDomain: { oid: `2.25.80${index}`, name: facilityId.toUpperCase() },
      })
    const unions = [
      ['town', 'open', ['clinic-y']],
      ['coast', 'open', ['open-z']],
      ['inner', 'closed', ['clinic-y', 'closed-w']],
      ['other', 'closed', ['closed-v']],
    ] as const
    for (const [unionId, kind, members] of unions) {
      await call('POST', '/unions', { unionId, name: unionId, kind })
      for (const facilityId of members) await call('POST', `/unions/${unionId}/members`, { facilityId })
    }
    const persons: Record<string, string> = {}
    for (const facilityId of ['clinic-y', 'open-z', 'closed-w', 'closed-v'])
      persons[facilityId] = await patient(facilityId, '600', { family: '捜索', given: facilityId })
    const search = async (query: string) => (await registrar('GET', `/patients/search?${query}`)).body
    const found = await search(`name=${encodeURIComponent('捜索')}`)
    const xads = (found.patients as readonly { readonly xad: string }[]).map(({ xad }) => xad)
    t.strictSame(
      xads.toSorted(),
      ['clinic-y', 'open-z', 'closed-w'].map((facilityId) => persons[facilityId] ?? '').toSorted(),
      'not of a closed union that is another',
    )
    t.notMatch(JSON.stringify(found), /2\.25\.80/, 'and not where else they have numbers')
    t.match(await search('id=600'), { patients: [{ xad: persons['clinic-y'] }] })
    t.equal(((await search('id=600')).patients as readonly unknown[]).length, 1, 'the own number only')
    t.match(await search(`id=${persons['open-z']}`), { patients: [{ xad: persons['open-z'] }] })
    t.match(await search(`id=${persons['closed-v']}`), { patients: [] })
    t.equal(
      ((await call('GET', `/patients/search?name=${encodeURIComponent('捜索')}`)).body.patients as readonly unknown[])
        .length,
      4,
      'those who run the network find everybody',
    )
  },
)

t.test('C-3: a registrar takes consents of the own patients, in the own name', async (t) => {
  const comprehensive = { kind: 'comprehensive', takenAt: 'hospital-x' }
  const recorded = await registrar('POST', `/patients/${own}/consents`, comprehensive)
  t.match(recorded, { status: 201 })
  const id = String(recorded.body.consentId)
  t.match((await registrar('GET', `/patients/${own}/consents`)).body, [
    { takenAt: 'clinic-y', takenBy: 'sato', recordedBy: 'staff:sato' },
  ])
  t.match(await registrar('PATCH', `/consents/${id}`, { exclude: { kinds: ['LAB'] }, reason: '申出' }), { status: 200 })
  t.match(await registrar('POST', `/consents/${id}/withdraw`, { reason: '撤回' }), { status: 200 })
})

t.test(
  'who stopped support or took a consent elsewhere is not told, what was stopped and agreed is (idlink A-7)',
  async (t) => {
    const login = (staffId: string, facilityId: string, by?: string) =>
      enterPerson(
        asked,
        { staffId, facilityId, roles: [by === undefined ? 'facility-administrator' : 'registrar'] },
        by === undefined ? {} : { by },
      )
    const { session: theirs } = await login('mori', 'hospital-x')
    const { session: window } = await login('endo', 'hospital-x', theirs)
    const xad = await patient('hospital-x', 'H-90')
    await call('POST', `/patients/${xad}/links`, { facilityId: 'clinic-y', id: 'C-90', reason: '窓口で確認' })
    const there = (path: string, body: object) => asked('POST', path, { session: window, body })
    const taken = { kind: 'comprehensive', evidence: '戸棚4', excludedKinds: ['LAB'] }
    const { body } = await there(`/patients/${xad}/consents`, taken)
    t.match(await there(`/consents/${body.consentId}/withdraw`, { reason: '転院' }), { status: 200 })
    t.match(await there(`/patients/${xad}/stop-support`, { reason: '病棟での申出' }), { status: 200 })
    await call('POST', `/patients/${xad}/resume-support`, { reason: '本人の希望' })
    for (const path of ['consents', 'support-stops'] as const) {
      const shown = JSON.stringify((await registrar('GET', `/patients/${xad}/${path}`)).body)
      t.notMatch(shown, /endo|hospital-x|戸棚|転院|病棟/, `${path}: where else the patient is treated`)
      t.match(shown, path === 'consents' ? /LAB.*withdrawnAt":"2/ : /stoppedAt.*本人の希望/, path)
      const whole = JSON.stringify((await call('GET', `/patients/${xad}/${path}`)).body)
      t.match(whole, 'staff:endo', 'those who run the network hear')
      const own = JSON.stringify((await asked('GET', `/patients/${xad}/${path}`, { session: window })).body)
      t.match(own, 'staff:endo', 'and so does the facility itself')
    }
    const month = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7)
    const rows = `/facilities/clinic-y/ledger?ledger=consents&format=json&month=${month}`
    const ledgerOf = async (by: string) =>
      ((await asked('GET', rows, { session: by })).body as unknown as readonly Record<string, string>[]).filter(
        ({ consentId }) => consentId === body.consentId,
      )
    t.match(await ledgerOf(administrator.session), [
      { event: 'recorded', patientNumber: 'C-90', takenBy: '', takenAt: '', evidence: '', by: '' },
      { event: 'withdrawn', by: '' },
    ])
    t.match(await ledgerOf(TOKEN), [
      { takenBy: 'endo', takenAt: 'hospital-x', evidence: '戸棚4', by: 'staff:endo' },
      {},
    ])
    await there(`/patients/${xad}/stop-support`, { reason: '病棟での申出' })
    const question = { patient: xad, facility: 'clinic-y' }
    const explained = await asked('POST', '/access/explain', { session: administrator.session, body: question })
    t.match(explained, { status: 200, body: { verdict: { reason: 'support was stopped' } } })
    t.match(JSON.stringify(explained.body), 'stoppedAt')
    t.notMatch(JSON.stringify(explained.body), 'endo')
    t.match(JSON.stringify((await call('POST', '/access/explain', question)).body), 'staff:endo')
  },
)

t.test('C-8: a sheet is printed by one facility, and another one finds the patient by it', async (t) => {
  const xad = await patient('clinic-y', '500')
  const born = (await call('GET', `/patients/${xad}`)).body.golden as readonly { attribute: string; value: string }[]
  const birthTime = born.find(({ attribute }) => attribute === 'birthTime')?.value ?? ''
  const sheet = (query: string) => asPage(`/patients/${xad}/sheet?${query}`)
  const page = await sheet('facility=clinic-y')
  t.match(page, {
    status: 200,
    headers: { 'cache-control': 'no-store', 'content-security-policy': /default-src 'none'/ },
  })
  for (const part of ['患者情報送信票', '想像施設1', '500', xad, '空想', birthTime.slice(0, 4)])
    t.match(page.text, part)
  t.notMatch(page.text, /<script|<img|<link/)
  t.match(await sheet('facility=clinic-y&kind=consent'), { status: 409, text: /No consent/ })
  await registrar('POST', `/patients/${xad}/consents`, {
    kind: 'comprehensive',
    excludedKinds: ['LAB'],
    form: 'written',
  })
  const consent = await sheet('facility=clinic-y&kind=consent')
  t.match(consent, { status: 200, text: /同意書送信票[\s\S]*包括同意[\s\S]*書面/ })
  t.notMatch(consent.text, 'LAB', 'what the patient objects to is not told')
  t.match(await sheet('facility=hospital-x'), { status: 404 }, 'of another facility')
  t.match(await asPage(`/patients/${foreign}/sheet?facility=clinic-y`), { status: 404 }, 'of another’s patient')
  const find = (body: object) => registrar('POST', '/patients/by-sheet', body)
  const said = { facilityId: 'clinic-y', id: '500', birthTime }
  t.match(await find(said), { status: 200, body: { xad } })
  for (const wrong of [
    { ...said, birthTime: '19000101' },
    { ...said, id: '501' },
    { ...said, facilityId: 'nobody' },
    { ...said, facilityId: 'hospital-x' },
  ])
    t.strictSame(await find(wrong), missing, 'whatever is wrong, the answer is the same')
  for (const day of ['19620230', '19620000', '00000101']) {
    const answer = await find({ ...said, birthTime: day })
    t.match(answer, { status: 400, body: { code: 'INVALID', message: /^birthTime: .*no such day/, ja: /暦/ } }, day)
    t.notMatch(JSON.stringify(answer.body), day, 'what describes a patient is not repeated')
  }
  const looks = (await auditRows()).filter(({ event_code }) => event_code === '110112').map(({ reason }) => reason)
  t.ok(looks.includes('patient sheet (information) of facility clinic-y printed'))
  t.equal(looks.filter((reason) => /sheet of facility .*: none$/.test(reason)).length, 4)
  t.notMatch(looks.join(), /500|空想/)
})

t.test('U-2: a sheet of a closed union that is another one finds nobody, whatever stands on it', async (t) => {
  const sheetOf = (facilityId: string) => ({ facilityId, id: '600', birthTime: birthOf[facilityId] })
  const birthOf: Record<string, string> = {}
  for (const facilityId of ['open-z', 'closed-w', 'closed-v']) {
    const [found] = (await call('GET', `/patients?id=600&domain=${DOMAIN_OF[facilityId]}`)).list
    const { body } = await call('GET', `/patients/${found?.xad}`)
    const golden = body.golden as readonly { attribute: string; value: string }[]
    birthOf[facilityId] = golden.find(({ attribute }) => attribute === 'birthTime')?.value ?? ''
  }
  const status = async (facilityId: string) =>
    (await registrar('POST', '/patients/by-sheet', sheetOf(facilityId))).status
  t.equal(await status('open-z'), 200, 'open unions know of each other')
  t.equal(await status('closed-w'), 200, 'of the own closed union')
  t.strictSame(await registrar('POST', '/patients/by-sheet', sheetOf('closed-v')), missing)
  t.match(await call('POST', '/patients/by-sheet', sheetOf('closed-v')), { status: 200 }, 'the network knows everybody')
})

t.test(
  'whoever walks through birth dates is stopped, and learns nothing by it; who finds is not counted',
  async (t) => {
    const xad = await patient('clinic-y', '700')
    const golden = (await call('GET', `/patients/${xad}`)).body.golden as readonly {
      attribute: string
      value: string
    }[]
    const right = golden.find(({ attribute }) => attribute === 'birthTime')?.value ?? ''
    const find = (birthTime: string) =>
      registrar('POST', '/patients/by-sheet', { facilityId: 'clinic-y', id: '700', birthTime })
    for (let times = 0; times < 31; times += 1) t.equal((await find(right)).status, 200)
    let refused = await find('19000101')
    for (let day = 0; day < 40 && refused.status === 404; day += 1) refused = await find('19000101')
    t.match(refused, { status: 429, body: { code: 'SHEETS_WAIT', hint: /\w/, ja: /\S/ } })
    t.match(await find(right), { status: 429 }, 'the right one neither')
    const body = { facilityId: 'clinic-y', id: '700', birthTime: right }
    t.match(await call('POST', '/patients/by-sheet', body), { status: 200 }, 'others go on')
  },
)

t.test('U-2: whom another closed union registered is not there for who knows the id of the network', async (t) => {
  const xadAt = async (facilityId: string) => {
    const [found] = (await call('GET', `/patients?id=600&domain=${DOMAIN_OF[facilityId]}`)).list
    return String(found?.xad)
  }
  const [stranger, peer] = [await xadAt('closed-v'), await xadAt('closed-w')]
  const link = (xad: string) =>
    registrar('POST', `/patients/${xad}/links`, { facilityId: 'clinic-y', id: '601', reason: '窓口' })
  t.strictSame((await registrar('GET', `/patients?id=${stranger}`)).body, [])
  t.match((await registrar('GET', `/patients?id=${peer}`)).body, [{ xad: peer }])
  t.strictSame(await link(stranger), await link('no-such-patient'))
  t.equal((await registrar('GET', `/patients/${stranger}/consents`)).status, 404, 'so nobody becomes an own patient')
  t.equal((await link(peer)).status, 201)
})
