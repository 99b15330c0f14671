// Commands over the admin API: what is asked, and what a refusal looks like.

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

t.test('facility add sends what was given and nothing else, with the token', async (t) => {
  const { door, call } = await withManagement(t, () => json(201, { facilityId: 'f' }))
  const { code, text } = await call(
    ...[
      'facility',
      'add',
      'clinic-d',
      '--oid',
      '2.25.4',
      '--name',
      '仮想医院',
      '--kind',
      'viewing',
      '--domain',
      '2.25.5',
    ],
  )
  t.equal(code, 0)
  t.match(text, 'clinic-d registered')
  const [heard] = door.heard
  t.match(heard, { method: 'POST', path: '/admin/v1/facilities', headers: { authorization: 'Bearer secret-token' } })
  t.same(JSON.parse(String(heard?.body)), {
    facilityId: 'clinic-d',
    oid: '2.25.4',
    name: '仮想医院',
    kind: 'viewing',
    patientDomain: { oid: '2.25.5', name: 'CLINIC-D' },
  })
})

t.test('system rules replaces the switches of a system, and knows which rules may be switched', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, { status: 'ok' }))
  const { code } = await call('system', 'rules', 's', 'XDS-AUTHOR-IDENTIFIED=warn', 'XDS-OBJECT-SLOT-NAME=accept')
  t.equal(code, 0)
  const [heard] = door.heard
  t.match(heard, { method: 'PUT', path: '/admin/v1/systems/s/rules' })
  t.same(JSON.parse(String(heard?.body)), { 'XDS-AUTHOR-IDENTIFIED': 'warn', 'XDS-OBJECT-SLOT-NAME': 'accept' })
  for (const wrong of ['XDS-DE-HASH-SHA1=accept', 'XDS-AUTHOR-IDENTIFIED=off', 'XDS-AUTHOR-IDENTIFIED'])
    t.not((await call('system', 'rules', 's', wrong)).code, 0, wrong)
  t.equal(door.heard.length, 1, 'a wrong switch is not sent')
})

t.test('system tolerances shows what was tolerated, how often, and what it means in Japanese', async (t) => {
  const row = { code: 'HL7_TERMINATOR', count: 12, firstSeen: '2026-04-01', lastSeen: '2026-04-02', ja: '終端' }
  const { door, call } = await withManagement(t, () => json(200, [row]))
  const { text } = await call('system', 'tolerances', 'hospital-a')
  t.match(text, /HL7_TERMINATOR +12 +2026-04-01 +2026-04-02 .*終端/)
  t.match(door.heard[0], { method: 'GET', path: '/admin/v1/systems/hospital-a/tolerances' })
})

t.test('the other registrations reach their resources', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, { xad: 'X1' }))
  await call('facility', 'suspend', 'clinic/d')
  await call('system', 'add', 's', '--facility', 'f', '--roles', 'store-client,pix-consumer')
  await call('union', 'member', 'u', 'f', '--from', '2026-04-01T00:00:00+09:00')
  await call('union', 'member', 'u', 'f', '--remove')
  await call('patient', 'add', '--name-kanji', '架空 太郎', '--birth', '1958-04-12')
  await call('patient', 'link', 'X1', 'f', '00 1', '--reason', '本人確認')
  await call('patient', 'unlink', 'X1', 'f', '00 1', '--reason', 'mistake')
  await call('consent', 'add', 'X1', '--kind', 'individual', '--facilities', 'f,g')
  await call('consent', 'withdraw', '7')
  t.same(
    door.heard.map(({ method, path }) => `${method} ${path.replace('/admin/v1', '')}`),
    [
      'PATCH /facilities/clinic%2Fd',
      'POST /systems',
      'POST /unions/u/members',
      'DELETE /unions/u/members/f',
      'POST /patients',
      'POST /patients/X1/links',
      'DELETE /patients/X1/links/f/00%201?reason=mistake',
      'POST /patients/X1/consents',
      'POST /consents/7/withdraw',
    ],
  )
  t.same(JSON.parse(String(door.heard[1]?.body)).roles, ['store-client', 'pix-consumer'])
  t.equal(JSON.parse(String(door.heard[4]?.body)).demographics.birthTime, '19580412')
  t.same(JSON.parse(String(door.heard[7]?.body)), { kind: 'individual', facilities: ['f', 'g'] })
})

t.test('what cannot be meant is refused before anything is sent', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, {}))
  const wrong = [
    ['facility', 'add', 'f', '--oid', '1.2', '--name', 'n', '--kind', 'castle', '--domain', '1.3'],
    ['system', 'add', 's', '--facility', 'f', '--roles', 'king'],
    ['consent', 'add', 'X', '--kind', 'individual'],
    ['patient', 'add', '--birth', '19580412'],
    ['patient', 'add', '--name-kanji', 'x', '--birth', 'spring'],
  ]
  for (const argv of wrong) t.equal((await call(...argv)).code, 2, argv.join(' '))
  t.equal(door.heard.length, 0)
})

t.test('lists are tables, or the answer itself as JSON', async (t) => {
  const facilities = [{ facilityId: 'hospital-a', name: '架空中央病院', patientDomain: { oid: '2.25.9', name: 'A' } }]
  const { call } = await withManagement(t, () => json(200, { facilities }))
  const table = await call('facility', 'list')
  t.match(table.text, /hospital-a +架空中央病院 .*2\.25\.9/)
  t.same(JSON.parse((await call('facility', 'list', '--json')).text), { facilities })
})

t.test('patient find shows every number of a person', async (t) => {
  const identifiers = [{ domain: '2.25.9', value: 'B-77', status: 'active' }]
  const { door, call } = await withManagement(t, () => json(200, [{ xad: 'X1', identifiers }]))
  t.match((await call('patient', 'find', 'B-77', '--domain', '2.25.9')).text, /X1 +2\.25\.9 +B-77 +active/)
  t.equal(door.heard[0]?.path, '/admin/v1/patients?id=B-77&domain=2.25.9')
})

t.test('a refusal is exit code 1 with code, hint, Japanese text and journal id', async (t) => {
  const body = { code: 'V3_UNKNOWN_KEY', message: 'no such patient', at: '/xad', journalId: 'j-1' }
  const { call } = await withManagement(t, () => json(404, body))
  const { code, err } = await call('consent', 'list', 'X9')
  t.equal(code, 1)
  t.match(err, 'V3_UNKNOWN_KEY: no such patient')
  t.match(err, 'at /xad')
  t.match(err, 'journal j-1')
  t.match(err, /[ぁ-ん]/)
})

t.test('cert issue makes the files and registers what it made', async (t) => {
  const { door, call, place } = await withManagement(t, ({ path }) => {
    if (path.endsWith('/systems')) return json(200, [{ systemId: 'pharmacy-c', facilityId: 'p' }])
    return json(200, { facilityId: 'p', oid: '2.25.3' })
  })
  const { code, text } = await call('cert', 'issue', 'pharmacy-c')
  t.equal(code, 0)
  t.match(text, `${place.dataDir}/pki/clients/pharmacy-c.crt`)
  t.match(JSON.parse(String(door.heard.at(-1)?.body)).pem, /BEGIN CERTIFICATE/)
  t.equal((await call('cert', 'issue', 'unknown')).code, 2)
})

t.test('subscription and notifications: what is sent, by the kind of the address', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, []))
  const v3 = [
    '--system',
    'clinic-b',
    '--url',
    'https://ehr.example.jp/pix',
    '--device',
    '2.25.4',
    '--domains',
    '2.25.5,2.25.6',
  ]
  t.equal((await call('subscription', 'add', 'ehr-b', ...v3)).code, 0)
  const v2 = ['--system', 'clinic-b', '--url', 'mllps://ehr.example.jp:2576', '--receiver', 'EHR,CLINIC']
  t.equal((await call('subscription', 'add', 'ehr-b2', ...v2)).code, 0)
  t.same(
    door.heard.map(({ body }) => JSON.parse(String(body))),
    [
      {
        subscriptionId: 'ehr-b',
        systemId: 'clinic-b',
        endpoint: 'https://ehr.example.jp/pix',
        domains: ['2.25.5', '2.25.6'],
        transaction: 'ITI-46',
        deviceOid: '2.25.4',
      },
      {
        subscriptionId: 'ehr-b2',
        systemId: 'clinic-b',
        endpoint: 'mllps://ehr.example.jp:2576',
        transaction: 'ITI-10',
        receivingApplication: 'EHR',
        receivingFacility: 'CLINIC',
      },
    ],
  )
  for (const wrong of [v3.slice(0, 4), v2.slice(0, 4), ['--system', 'clinic-b', '--url', 'http://ehr']])
    t.equal((await call('subscription', 'add', 'x', ...wrong)).code, 2, wrong.join(' '))
  t.equal(door.heard.length, 2, 'what lacks something is not sent')
  await call('subscription', 'list')
  await call('subscription', 'show', 'ehr/b')
  await call('subscription', 'pause', 'ehr-b', '--reason', '保守')
  await call('subscription', 'resume', 'ehr-b')
  await call('subscription', 'remove', 'ehr-b')
  await call('notifications', 'list', '--parked', '--subscription', 'ehr-b')
  await call('notifications', 'retry', '7')
  await call('notifications', 'skip', '7')
  t.same(
    door.heard.slice(2).map(({ method, path }) => `${method} ${path.replace('/admin/v1', '')}`),
    [
      'GET /subscriptions',
      'GET /subscriptions/ehr%2Fb',
      'PATCH /subscriptions/ehr-b',
      'PATCH /subscriptions/ehr-b',
      'DELETE /subscriptions/ehr-b',
      'GET /notifications?state=parked&subscription=ehr-b',
      'POST /notifications/7/retry',
      'POST /notifications/7/skip',
    ],
  )
  t.same(JSON.parse(String(door.heard[4]?.body)), { status: 'paused', reason: '保守' })
})

t.test('facility contract set sends the terms that were named, a quota in bytes or taken back', async (t) => {
  const { door, call } = await withManagement(t, () => json(200, {}))
  const set = ['facility', 'contract', 'set', 'pharmacy-c']
  t.equal(
    (await call(...set, '--kinds', 'ADT-00,OMP-11', '--unlinked', 'hold', '--quota', '20 GiB', '--reason', 'why')).code,
    0,
  )
  t.equal((await call(...set, '--kinds', 'all', '--quota', 'none')).code, 0)
  t.match(door.heard[0], { method: 'PATCH', path: '/admin/v1/facilities/pharmacy-c/contract' })
  t.same(
    door.heard.map(({ body }) => JSON.parse(String(body))),
    [
      { kinds: ['ADT-00', 'OMP-11'], unlinked: 'hold', quotaBytes: 21_474_836_480, reason: 'why' },
      { kinds: 'all', quotaBytes: null },
    ],
  )
  for (const wrong of [[], ['--quota', 'much'], ['--reason', 'only']]) t.not((await call(...set, ...wrong)).code, 0)
  t.equal(door.heard.length, 2, 'what will not do is not sent')
})

t.test('facility contract show lists the contract in force and those before it', async (t) => {
  const contract = { kinds: ['ADT-00'], unlinked: 'hold', shrinkGuard: 'keep-parts', quotaBytes: 10, setBy: 'yamada' }
  const { call } = await withManagement(t, () => json(200, { facilityId: 'p', contract, history: [contract] }))
  const { code, text } = await call('facility', 'contract', 'show', 'p')
  t.equal(code, 0)
  t.match(text, /ADT-00 +hold +keep-parts +10 +yamada/)
})

t.test('a facility is suspended with a reason, and its history is told', async (t) => {
  const { door, call } = await withManagement(t, ({ method }) =>
    json(200, method === 'GET' ? [{ setAt: '2027-04-01', status: 'suspended', setBy: 'yamada', reason: '未納' }] : {}),
  )
  t.equal((await call('facility', 'suspend', 'p', '--reason', '未納')).code, 0)
  t.same(JSON.parse(String(door.heard[0]?.body)), { status: 'suspended', reason: '未納' })
  t.match((await call('facility', 'history', 'p')).text, /suspended +yamada +未納/)
})

t.test('held and quarantine ask for a reason and say what is asked of which room', async (t) => {
  const { door, call } = await withManagement(t, ({ method }) =>
    json(200, method === 'GET' ? [{ withheldId: '7', number: '0001', kind: 'OML-11', state: 'waiting' }] : {}),
  )
  t.match((await call('held', 'list', '--facility', 'p')).text, /7 +0001 +OML-11/)
  t.equal((await call('quarantine', 'release', '7', '--reason', 'asked')).code, 0)
  t.equal((await call('held', 'drop', '7', '--reason', 'asked')).code, 0)
  t.not((await call('held', 'drop', '7')).code, 0)
  t.same(
    door.heard.map(({ method, path }) => `${method} ${path}`),
    ['GET /admin/v1/held?facility=p', 'POST /admin/v1/quarantine/7/release', 'POST /admin/v1/held/7/drop'],
  )
})

t.test('usage shows bytes, fees and warnings of a month', async (t) => {
  const { door, call } = await withManagement(t, () =>
    json(200, [
      {
        facilityId: 'p',
        month: '2026-04',
        isFixed: true,
        documents: 3,
        bytes: 5_100_000_000,
        steps: 1,
        feeYen: 0,
        nextFeeYen: 2980,
        stepPercent: 2,
        warnings: ['step-begun'],
      },
    ]),
  )
  const { code, text } = await call('usage', '--month', '2026-04')
  t.equal(code, 0)
  t.equal(door.heard[0]?.path, '/admin/v1/usage?month=2026-04')
  t.match(text, /p +2026-04 +3 +5100000000 +1 +0 +2980 +2 % .*翌月から段階加算/)
})
