// Commands of network administration over the admin API: what is asked, and what is refused before it is asked.

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Heard, makePlace, openManagement, run, type Said } from './fake-door.ts'

async function withManagement(t: Test, respond: (heard: Heard) => Said) {
  const place = await makePlace()
  const door = await openManagement(respond)
  t.teardown(() => Promise.all([door.close(), place.remove()]))
  const here = ['--data-dir', place.dataDir, '--set', `management.port=${door.port}`]
  return { door, call: (...argv: readonly string[]) => run([...argv, ...here]), place }
}

const json = (status: number, body: unknown): Said => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify(body),
})

/** Method, path and body of what was heard. */
const asked = ({ method, path, body }: Heard) => [
  `${method} ${path.replace('/admin/v1', '')}`,
  ...(body.length === 0 ? [] : [JSON.parse(String(body))]),
]

t.test('C-3 to C-7: consents and stops of support', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, { status: 'ok', consentIds: ['9'] }))
  const origin = ['--relation', 'guardian', '--consented-by', '空想 母', '--form', 'oral', '--given-on', '2026-04-01']
  await call('consent', 'add', 'X1', ...origin, '--taken-at', 'f', '--text-version', '3', '--share-communities')
  await call(
    'consent',
    'change',
    '7',
    '--exclude-kinds',
    'LAB,ALLERGY',
    '--readmit-facilities',
    'f',
    '--reason',
    '申出',
  )
  await call('consent', 'change', '7', '--no-share-communities', '--form', 'written', '--reason', '申出')
  await call('consent', 'withdraw', '7', '--facilities', 'f,g', '--reason', '撤回')
  await call('patient', 'stop-support', 'X1', '--reason', '申出')
  await call('patient', 'resume-support', 'X1', '--reason', '再開')
  t.strictSame(door.heard.map(asked), [
    [
      'POST /patients/X1/consents',
      {
        kind: 'comprehensive',
        sharesWithCommunities: true,
        relation: 'guardian',
        consentedBy: '空想 母',
        form: 'oral',
        givenOn: '2026-04-01',
        textVersion: '3',
        takenAt: 'f',
      },
    ],
    ['PATCH /consents/7', { exclude: { kinds: ['LAB', 'ALLERGY'] }, readmit: { facilities: ['f'] }, reason: '申出' }],
    ['PATCH /consents/7', { sharesWithCommunities: false, reason: '申出', form: 'written' }],
    ['POST /consents/7/withdraw', { facilities: ['f', 'g'], reason: '撤回' }],
    ['POST /patients/X1/stop-support', { reason: '申出' }],
    ['POST /patients/X1/resume-support', { reason: '再開' }],
  ])
})

t.test('A-2, A-3, A-6, U-1: facilities, systems and unions are changed', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, { status: 'ok' }))
  await call('facility', 'profile', 'f', '--address', '架空県', '--beds', '20', '--clear', 'phone', '--reason', '移転')
  await call('system', 'set', 's', '--roles', 'store-client', '--delegates', 'f,g', '--source-ids', '')
  await call('system', 'suspend', 's', '--reason', '調査')
  await call('system', 'resume', 's')
  await call('union', 'set', 'u', '--areas', 'a,b', '--reason', '合併')
  await call('union', 'end', 'u', '--reason', '解散')
  t.strictSame(door.heard.map(asked), [
    ['PATCH /facilities/f/profile', { address: '架空県', beds: 20, phone: null, reason: '移転' }],
    ['PATCH /systems/s', { roles: ['store-client'], sourceIds: [], delegatedFacilities: ['f', 'g'] }],
    ['PATCH /systems/s', { status: 'suspended', reason: '調査' }],
    ['PATCH /systems/s', { status: 'active' }],
    ['PATCH /unions/u', { areas: ['a', 'b'], reason: '合併' }],
    ['POST /unions/u/end', { reason: '解散' }],
  ])
})

t.test('U-9, A-1: agreements and contracts of use', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, { agreementId: '1' }))
  const period = ['--from', '2026-04-01T00:00:00+09:00', '--to', '2027-04-01T00:00:00+09:00']
  const added = await call(
    'agreement',
    'add',
    '--title',
    '合意書',
    '--community',
    '2.25.9',
    '--kinds',
    'LAB',
    ...period,
  )
  t.match(added.text, 'agreement 1 recorded', 'the number is what it is ended by')
  await call('agreement', 'end', '1', '--reason', '解除')
  await call('agreement', 'list', '--running')
  await call('service-contract', 'add', 'c', '--party', '想像会', '--applied', '2026-03-01', '--starts', '2026-04-01')
  await call('service-contract', 'facility', 'c', 'f', '--from', '2026-04-01')
  await call('service-contract', 'end', 'c', '--on', '2027-03-31', '--reason', '廃院')
  t.strictSame(door.heard.map(asked), [
    [
      'POST /agreements',
      {
        title: '合意書',
        partnerCommunity: '2.25.9',
        direction: 'both',
        kinds: ['LAB'],
        validFrom: '2026-04-01T00:00:00+09:00',
        validTo: '2027-04-01T00:00:00+09:00',
      },
    ],
    ['POST /agreements/1/end', { reason: '解除' }],
    ['GET /agreements?running=true'],
    [
      'POST /service-contracts',
      {
        contractId: 'c',
        party: '想像会',
        partyKind: 'corporation',
        appliedOn: '2026-03-01',
        startsOn: '2026-04-01',
      },
    ],
    ['POST /service-contracts/c/facilities', { facilityId: 'f', validFrom: '2026-04-01' }],
    ['POST /service-contracts/c/end', { endsOn: '2027-03-31', reason: '廃院' }],
  ])
})

t.test('histories are tables of what was changed', async (t) => {
  const revision = { at: '2026-04-01', by: 'staff:sato', reason: '合併', changed: { name: { from: 'A', to: 'B' } } }
  const { door, call } = await withManagement(t, ({ path }) =>
    json(200, path.endsWith('/counts') ? { registeredPatients: 12, linkedPatients: 7 } : [revision]),
  )
  for (const argv of [
    ['facility', 'changes', 'f'],
    ['system', 'history', 's'],
    ['union', 'history', 'u'],
  ])
    t.match((await call(...argv)).text, /2026-04-01 +staff:sato +.*"from":"A","to":"B".* 合併/)
  t.match((await call('facility', 'counts', 'f')).text, /registeredPatients +linkedPatients\n12 +7/)
  t.strictSame(JSON.parse((await call('facility', 'counts', 'f', '--json')).text), {
    registeredPatients: 12,
    linkedPatients: 7,
  })
  await call('patient', 'support', 'X1')
  t.equal(door.heard.at(-1)?.path, '/admin/v1/patients/X1/support-stops')
})

t.test('C-11: a ledger goes to standard output or to a file that is the owner’s alone', async (t) => {
  const csv = '\ufeffTime,Event\r\n2026/04/01 09:00:00,link\r\n'
  const { door, call, place } = await withManagement(t, () => ({ status: 200, contentType: 'text/csv', body: csv }))
  t.match((await call('facility', 'ledger', 'f', '--month', '2026-04')).text, '2026/04/01 09:00:00,link')
  const file = join(place.dataDir, 'ledger.csv')
  const { code } = await call('facility', 'ledger', 'f', '--month', '2026-04', '--ledger', 'consents', '--out', file)
  t.equal(code, 0)
  t.equal(await readFile(file, 'utf8'), csv)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.strictSame(
    door.heard.map(({ path }) => path),
    [
      '/admin/v1/facilities/f/ledger?month=2026-04&ledger=links&format=csv',
      '/admin/v1/facilities/f/ledger?month=2026-04&ledger=consents&format=csv',
    ],
  )
})

t.test('C-11: of a ledger that is refused, or that cannot be put where it should, no part stays', async (t) => {
  const { call, place } = await withManagement(t, ({ path }) =>
    path.includes('/nobody/')
      ? json(404, { code: 'NOT_FOUND', message: 'nothing', hint: 'h', ja: 'j' })
      : { status: 200, contentType: 'text/csv', body: 'Time' },
  )
  const before = await readdir(place.dataDir)
  const into = (facilityId: string, out: string) =>
    call('facility', 'ledger', facilityId, '--month', '2026-04', '--out', join(place.dataDir, out))
  t.match(await into('nobody', 'ledger.csv'), { code: 1, err: /NOT_FOUND/ })
  t.match(await into('f', 'config'), { code: 2, err: /config is a directory; name a file .* ディレクトリです/ })
  t.match(await into('f', join('none', 'ledger.csv')), { code: 2, err: /ledger\.csv\.part is not there/ })
  t.match(await call('patient', 'export', join(place.dataDir, 'config')), { code: 2, err: /is a directory/ })
  t.strictSame(await readdir(place.dataDir), before)
})

t.test('what cannot be meant is refused before anything is sent', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, {}))
  const wrong = [
    ['facility', 'profile', 'f'],
    ['facility', 'profile', 'f', '--beds', '二百'],
    ['facility', 'profile', 'f', '--beds', ''],
    ['system', 'set', 's'],
    ['system', 'set', 's', '--roles', 'king'],
    ['union', 'set', 'u'],
    ['union', 'end', 'u'],
    ['union', 'member', 'u', 'f', '--remove', '--to', '2026-12-31T00:00:00+09:00'],
    ['union', 'member', 'u', 'f', '--remove', '--from', '2026-12-31T00:00:00+09:00'],
    ['agreement', 'add', '--title', 't', '--from', 'a', '--to', 'b'],
    ['agreement', 'add', '--title', 't', '--from', 'a', '--to', 'b', '--community', '1.2', '--with-union', 'u'],
    ['patient', 'stop-support', 'X1'],
    ['consent', 'change', '7'],
    ['consent', 'change', '7', '--reason', 'x'],
    ['patient', 'import', '/'],
    ['facility', 'ledger', 'f'],
  ]
  for (const argv of wrong) t.equal((await call(...argv)).code, 2, argv.join(' '))
  t.equal(door.heard.length, 0)
})

t.test('X-4: a neighbouring community is registered, tried, changed, paused and removed', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, { status: 'ok' }))
  const url = 'https://gateway.example.jp/xca'
  await call('partner', 'add', 'east', '--community', '2.25.9', '--query-url', url, '--query-seconds', '2.5', '--test')
  await call('partner', 'try', 'east', '--systems', 'a,b', '--reason', '接続試験')
  await call(
    'partner',
    'change',
    'east',
    '--identity',
    'xcpd',
    '--discovery-url',
    url,
    '--no-async',
    '--reason',
    '合意',
  )
  await call('partner', 'change', 'east', '--clear', 'pix-url,assertion', '--async')
  await call('partner', 'pause', 'east')
  await call('partner', 'resume', 'east', '--reason', '復旧')
  await call('partner', 'remove', 'east', '--reason', '終了')
  await call('partner', 'show', 'east')
  await call('partner', 'history', 'east')
  t.strictSame(door.heard.map(asked), [
    [
      'POST /partners',
      { facilityId: 'east', community: '2.25.9', status: 'test', queryUrl: url, retrieveUrl: url, queryMs: 2500 },
    ],
    ['PATCH /partners/east', { status: 'test', testSystems: ['a', 'b'], reason: '接続試験' }],
    ['PATCH /partners/east', { discoveryUrl: url, identity: 'xcpd', isAsynchronous: false, reason: '合意' }],
    ['PATCH /partners/east', { isAsynchronous: true, pixUrl: null, assertionAudience: null }],
    ['PATCH /partners/east', { status: 'paused' }],
    ['PATCH /partners/east', { status: 'active', reason: '復旧' }],
    ['DELETE /partners/east', { reason: '終了' }],
    ['GET /partners/east'],
    ['GET /partners/east/revisions'],
  ])
  const before = door.heard.length
  const until = ['--until', '2027-03-31', '--reason', '改修予定']
  await call('partner', 'tolerance', 'add', 'east', 'home-without-urn', ...until)
  await call('partner', 'tolerance', 'end', 'east', '7')
  await call('partner', 'tolerance', 'list', 'east')
  t.strictSame(door.heard.slice(before).map(asked), [
    ['POST /partners/east/tolerances', { tolerance: 'home-without-urn', until: '2027-03-31', reason: '改修予定' }],
    ['DELETE /partners/east/tolerances/7'],
    ['GET /partners/east/tolerances'],
  ])
  t.match(await call('partner', 'tolerance', 'kinds'), { code: 0, out: /home-without-urn.*urn:oid:/ })
  t.match(await call('partner', 'change', 'east'), { code: 2 })
  t.match(await call('partner', 'change', 'east', '--clear', 'community'), { code: 2 })
  t.match(await call('partner', 'change', 'east', '--query-seconds', 'soon'), { code: 2 })
})

t.test('3.55: who a patient is in a neighbouring community is asked, shown and left for staff', async (t) => {
  const outcome = { outcome: 'open', reason: 'several' }
  const { door, call } = await withManagement(t, () => json(200, outcome))
  t.match((await call('partner', 'discover', 'east', '--patient', 'X1')).out, /nobody was chosen.*: several/)
  await call('partner', 'discover', 'east', '--patient', 'X1', '--for', 'clinic')
  await call('partner', 'questions')
  await call('patient', 'correlations', 'X1')
  t.strictSame(door.heard.map(asked), [
    ['POST /partners/east/discover', { patient: 'X1' }],
    ['POST /partners/east/discover', { patient: 'X1', forFacility: 'clinic' }],
    ['GET /discovery-questions'],
    ['GET /patients/X1/correlations'],
  ])
  t.match(await call('partner', 'discover', 'east'), { code: 2 })
})

t.test('repositories apart: added, changed, paused, removed (ITI TF-2 3.43)', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, []))
  const url = 'https://repository.hospital-x.example.jp/xds/repository'
  await call('repository', 'add', '2.25.9', '--url', url, '--facility', 'x', '--seconds', '2.5')
  await call('repository', 'list')
  await call('repository', 'change', '2.25.9', '--pause', '--own-authority', '--reason', '保守作業')
  await call('repository', 'change', '2.25.9', '--resume', '--url', url)
  await call('repository', 'remove', '2.25.9', '--reason', '廃止')
  await call('repository', 'history', '2.25.9')
  t.strictSame(door.heard.map(asked), [
    ['POST /repositories', { repositoryUniqueId: '2.25.9', url, facilityId: 'x', retrieveMs: 2500 }],
    ['GET /repositories'],
    ['PATCH /repositories/2.25.9', { status: 'paused', facilityId: null, reason: '保守作業' }],
    ['PATCH /repositories/2.25.9', { url, status: 'active' }],
    ['DELETE /repositories/2.25.9', { reason: '廃止' }],
    ['GET /repositories/2.25.9/revisions'],
  ])
  for (const wrong of [[], ['--pause', '--resume'], ['--facility', 'x', '--own-authority'], ['--seconds', 'soon']])
    t.equal((await call('repository', 'change', '2.25.9', ...wrong)).code, 2, wrong.join(' '))
  t.equal(door.heard.length, 6, 'what contradicts itself is not asked')
})
