// Facilities, systems, unions, agreements and contracts of use over the admin API on a real PostgreSQL (idlink, U-1, U-2, U-9).

import t from 'tap'
import { runningAgreements } from '../../src/db/access/agreements.ts'
import { findActiveSystem } from '../../src/db/access-store.ts'
import { openAdministration } from './administration.ts'

const { call, pool, config, audited, auditRows } = await openAdministration(t)

const facility = (facilityId: string, index: number) => ({
  facilityId,
  oid: `2.25.30${index}`,
  name: `想像施設${index}`,
  kind: 'viewing',
  patientDomain: { oid: `2.25.40${index}`, name: facilityId.toUpperCase() },
})
const hospital = { ...facility('hospital-x', 0), code: '1310000001', nameEnglish: 'Imaginary Hospital', beds: 300 }
await call('POST', '/facilities', hospital)
await call('POST', '/facilities', facility('clinic-y', 1))
await call('POST', '/facilities', facility('pharmacy-z', 2))

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()
const dayIn = (days: number) => inDays(days + 9 / 24).slice(0, 10)

t.test('A-3: a profile is kept, changed member by member, and taken away by null', async (t) => {
  t.match(await call('GET', '/facilities/hospital-x'), {
    body: { nameEnglish: 'Imaginary Hospital', beds: 300, code: '1310000001' },
  })
  const said = await audited(async () => {
    t.match(
      await call('PATCH', '/facilities/hospital-x/profile', {
        address: '架空県想定町一丁目1-1',
        postalCode: '000-0000',
        phone: '+81 3-0000-0000',
        email: 'info@hospital.example.jp',
        area: 'souteicho',
        nameEnglish: null,
        reason: '移転',
      }),
      { status: 200, body: { address: '架空県想定町一丁目1-1', area: 'souteicho', beds: 300 } },
    )
    t.match(await call('PATCH', '/facilities/hospital-x/profile', { area: 'souteicho' }), { status: 200 })
  })
  t.strictSame(said, ['profile of facility hospital-x changed: address, postalCode, phone, email, area, nameEnglish'])
  t.notOk('nameEnglish' in (await call('GET', '/facilities/hospital-x')).body)
  t.match(await call('POST', '/facilities', hospital), { status: 409 }, 'registered anew as it was before')
  t.match(await call('POST', '/facilities', { ...hospital, nameEnglish: undefined }), { status: 200 })
  const refused = [
    [{}, /fewer than 1/],
    [{ email: 'nowhere' }, /email/],
    [{ postalCode: '12' }, /postalCode "12".*seven digits/],
    [{ beds: -1 }, /beds -1/],
    [{ kind: 'castle' }, /castle/],
    [{ name: null }, /name/],
    [{ oid: '2.25.1' }, /oid/],
  ] as const
  for (const [body, message] of refused)
    t.match(await call('PATCH', '/facilities/hospital-x/profile', body), { status: 400, body: { message } })
  t.match(await call('PATCH', '/facilities/clinic-y/profile', { code: '1310000001' }), { status: 409 })
  t.match(await call('PATCH', '/facilities/nobody/profile', { area: 'x' }), { status: 404 })
})

t.test('A-2: when the kind of a facility changes, what it was stays readable', async (t) => {
  t.match(
    await call('PATCH', '/facilities/clinic-y/profile', { kind: 'manual', reason: '登録開始' }, { 'x-staff': 'sato' }),
    { status: 200, body: { kind: 'manual' } },
  )
  t.match((await call('GET', '/facilities/clinic-y/revisions')).list, [
    { by: 'admin-token:sato', reason: '登録開始', changed: { kind: { from: 'viewing', to: 'manual' } } },
  ])
  t.match(await call('GET', '/facilities/nobody/revisions'), { status: 404 })
  await t.rejects(pool.query(`update access.revision set by = 'nobody'`), /append-only/)
  await t.rejects(pool.query('delete from access.revision'), /append-only/)
  await t.rejects(pool.query('truncate access.revision'), /append-only/)
})

t.test('A-3: registered and linked patients are counted live', async (t) => {
  const counts = async () => (await call('GET', '/facilities/hospital-x/counts')).body
  t.strictSame(await counts(), { registeredPatients: 0, linkedPatients: 0 })
  const persons: string[] = []
  for (const [index, name] of ['一', '二'].entries()) {
    const { body } = await call('POST', '/patients', {
      demographics: { names: [{ representation: 'IDE', family: '空想', given: name }], birthTime: `197${index}0101` },
    })
    persons.push(String(body.xad))
  }
  const link = (xad: string | undefined, facilityId: string, id: string) =>
    call('POST', `/patients/${xad}/links`, { facilityId, id, reason: '確認' })
  await link(persons[0], 'hospital-x', '1')
  await link(persons[1], 'hospital-x', '2')
  t.strictSame(await counts(), { registeredPatients: 2, linkedPatients: 0 })
  await link(persons[0], 'clinic-y', '9')
  t.strictSame(await counts(), { registeredPatients: 2, linkedPatients: 1 })
  await call('DELETE', `/patients/${persons[0]}/links/clinic-y/9`)
  t.strictSame(await counts(), { registeredPatients: 2, linkedPatients: 0 })
  t.match(await call('GET', '/facilities/nobody/counts'), { status: 404 })
})

t.test('A-6: a system is suspended and changed with a reason, and its history stays', async (t) => {
  const system = { systemId: 'ehr-x', facilityId: 'hospital-x', roles: ['store-client'] }
  t.match(await call('POST', '/systems', { ...system, delegatedFacilities: ['nobody'] }), {
    status: 400,
    body: { message: /"nobody" is no facility/ },
  })
  t.match(await call('POST', '/systems', system), { status: 201, body: { sourceIds: [], delegatedFacilities: [] } })
  const edit = (body: object) => call('PATCH', '/systems/ehr-x', body, { 'x-staff': 'sato' })
  const said = await audited(async () => {
    t.match(await edit({ status: 'suspended', reason: '調査中' }), { status: 200 })
    t.match(await edit({ status: 'suspended' }), { status: 200 })
    t.match(await edit({ status: 'active', roles: ['store-client', 'document-consumer'] }), { status: 200 })
    t.match(await edit({ sourceIds: ['2.25.7'], delegatedFacilities: ['clinic-y', 'pharmacy-z'] }), { status: 200 })
  })
  t.strictSame(said, [
    'system ehr-x suspended',
    'system ehr-x active; roles: store-client document-consumer',
    'system ehr-x sourceIds: 2.25.7; delegatedFacilities: clinic-y pharmacy-z',
  ])
  t.match(await call('GET', '/systems/ehr-x'), {
    body: { status: 'active', sourceIds: ['2.25.7'], delegatedFacilities: ['clinic-y', 'pharmacy-z'] },
  })
  const found = await findActiveSystem(pool, { systemId: 'ehr-x', networkMode: 'consent' })
  t.ok(found?.roles.has('document-consumer'), 'the doors know the new roles')
  t.match((await call('GET', '/systems/ehr-x/revisions')).list, [
    { changed: { sourceIds: { from: [], to: ['2.25.7'] } } },
    { changed: { status: { from: 'suspended', to: 'active' }, roles: { from: ['store-client'] } } },
    { by: 'admin-token:sato', reason: '調査中', changed: { status: { from: 'active', to: 'suspended' } } },
  ])
  t.match(await edit({ delegatedFacilities: ['nobody'] }), { status: 400 })
  t.match(await edit({ roles: ['king'] }), { status: 400 })
  t.match(await edit({ roles: [] }), { status: 400 })
  t.match(await edit({ systemId: 'other' }), { status: 400 })
  t.match(await edit({}), { status: 400 })
  t.match(await call('PATCH', '/systems/nobody', { status: 'active' }), { status: 404 })
  t.match(await call('GET', '/systems/nobody/revisions'), { status: 404 })
})

t.test('the affinity domain has one source, also when roles are changed (ITI TF-2 3.44.4.1.3)', async (t) => {
  const roles = ['patient-identity-source', 'affinity-domain-source']
  await call('POST', '/systems', { systemId: 'xad-x', facilityId: 'hospital-x', roles })
  await call('POST', '/systems', { systemId: 'feed-y', facilityId: 'clinic-y', roles: ['patient-identity-source'] })
  t.match(await call('PATCH', '/systems/feed-y', { roles }), { status: 409, body: { message: /already used/ } })
  t.match((await call('GET', '/systems/feed-y')).body, { roles: ['patient-identity-source'] })
  t.match(await call('PATCH', '/systems/ehr-x', { roles }), { status: 200 }, 'of the same facility')
})

t.test('U-1, U-2: a union has areas, a published notice and an end, and its members end with it', async (t) => {
  const union = {
    unionId: 'town',
    name: '想定町',
    kind: 'open',
    areas: ['souteicho'],
    noticeUrl: 'https://example.jp/notice',
    validTo: inDays(100),
  }
  t.match(await call('POST', '/unions', union), { status: 201 })
  t.match(await call('POST', '/unions', union), { status: 200 })
  t.match(await call('POST', '/unions', { ...union, unionId: 'past', validTo: inDays(-1) }), { status: 400 })
  t.match(await call('POST', '/unions', { ...union, unionId: 'odd', noticeUrl: 'javascript:alert(1)' }), {
    status: 400,
  })
  await call('POST', '/unions/town/members', { facilityId: 'hospital-x' })
  await call('POST', '/unions/town/members', { facilityId: 'clinic-y', validFrom: inDays(10) })
  const town = async () => (await call('GET', '/unions')).list.find(({ unionId }) => unionId === 'town')
  const members = async () =>
    (await town())?.members as readonly { readonly validFrom: string; readonly validTo: string }[]
  t.ok(
    (await members()).every(({ validTo }) => Date.parse(validTo) === Date.parse(union.validTo)),
    'no membership is longer than the union',
  )
  const sharing = async () =>
    (await findActiveSystem(pool, { systemId: 'ehr-x', networkMode: 'consent' }))?.unionFacilities
  t.strictSame(await sharing(), ['hospital-x'])
  t.match(await call('PATCH', '/unions/town', { name: '想定市', noticeUrl: null, reason: '合併' }), { status: 200 })
  t.match(await town(), { name: '想定市', noticeUrl: null, areas: ['souteicho'] })
  t.match(await call('POST', '/unions/town/end', {}), { status: 400 })
  t.match(await call('POST', '/unions/town/end', { reason: '解散' }), { status: 200 })
  t.match(await call('POST', '/unions/town/end', { reason: '解散' }), { status: 200 })
  t.strictSame(await sharing(), [])
  t.ok((await members()).every(({ validFrom, validTo }) => Date.parse(validTo) >= Date.parse(validFrom)))
  t.match(await call('POST', '/unions/town/members', { facilityId: 'pharmacy-z' }), { status: 409 }, 'it has ended')
  t.match((await call('GET', '/unions/town/revisions')).list, [
    { reason: '解散', changed: { state: { to: 'ended' } } },
    { reason: '合併', changed: { name: { from: '想定町', to: '想定市' } } },
  ])
  t.match(await call('PATCH', '/unions/nowhere', { name: 'x' }), { status: 404 })
  t.match(await call('POST', '/unions/nowhere/end', { reason: 'x' }), { status: 404 })
})

t.test('U-9: an agreement has one partner and a period, and runs until it expires or is ended', async (t) => {
  await call('POST', '/unions', { unionId: 'valley', name: '例題谷', kind: 'open' })
  const agreement = {
    title: '広域的利用に係る合意書',
    partnerCommunity: '2.25.99',
    direction: 'both',
    kinds: ['LAB', 'MEDICATION'],
    validFrom: inDays(-10),
    validTo: inDays(10),
  }
  const add = (more: object) => call('POST', '/agreements', { ...agreement, ...more })
  const refused = [
    [{ partnerUnion: 'valley' }, /one partner/],
    [{ partnerCommunity: undefined }, /one partner/],
    [{ partnerCommunity: undefined, partnerUnion: 'valley', unionId: 'valley' }, /one partner/],
    [{ validTo: inDays(-11) }, /validTo/],
    [{ kinds: ['GOSSIP'] }, /GOSSIP/],
    [{ direction: 'sideways' }, /outgoing, incoming, both/],
    [{ validTo: undefined }, /"validTo" is required/],
  ] as const
  for (const [more, message] of refused) t.match(await add(more), { status: 400, body: { message, ja: /\S/ } })
  t.match(await add({ unionId: 'nowhere' }), { status: 404 })
  const first = await add({})
  t.match(first, { status: 201, body: { agreementId: /\d/ } })
  t.match(await add({}), { status: 200, body: first.body })
  t.match(await add({ unionId: 'valley', direction: 'outgoing', validFrom: inDays(1) }), { status: 201 })
  t.match(await add({ direction: 'incoming', validFrom: inDays(-20), validTo: inDays(-1) }), { status: 201 })
  const other = await add({ partnerCommunity: undefined, partnerUnion: 'valley', kinds: undefined })
  t.match(other, { status: 201 })
  const running = async (partner?: { readonly community: string }) =>
    (await runningAgreements(pool, partner)).map(({ agreementId }) => agreementId)
  const [firstId, otherId] = [String(first.body.agreementId), String(other.body.agreementId)]
  t.strictSame(await running(), [firstId, otherId], 'neither one to come nor one that has expired')
  t.strictSame(await running({ community: '2.25.99' }), [firstId])
  t.strictSame(await running({ community: '2.25.98' }), [])
  t.equal((await call('GET', '/agreements?running=true')).list.length, 2)
  t.match(await call('POST', `/agreements/${firstId}/end`, { reason: '合意の解除' }), { status: 200 })
  t.match(await call('POST', `/agreements/${firstId}/end`, { reason: '再度' }), { status: 200 })
  t.strictSame(await running({ community: '2.25.99' }), [])
  const all = (await call('GET', '/agreements')).list
  t.equal(all.length, 4)
  t.match(
    all.find(({ agreementId }) => agreementId === firstId),
    { isRunning: false, endReason: '合意の解除', kinds: ['LAB', 'MEDICATION'] },
  )
  t.match(await call('POST', '/agreements/999999/end', { reason: 'x' }), { status: 404 })
})

t.test('A-1, A-5: a contract of use has a party, facilities and days by the terms of use', async (t) => {
  const contract = {
    contractId: 'kousei',
    party: '医療法人 想像会',
    partyKind: 'corporation',
    appliedOn: '2024-03-01',
    startsOn: '2024-04-21',
  }
  t.match(await call('POST', '/service-contracts', { ...contract, startsOn: '2024-05-31' }), {
    status: 400,
    body: { message: /90 days/, hint: /2024-05-30/, ja: /90日/ },
  })
  t.match(await call('POST', '/service-contracts', { ...contract, startsOn: '2024-02-30' }), { status: 400 })
  t.match(await call('POST', '/service-contracts', { ...contract, startsOn: '2024-02-01' }), { status: 400 })
  t.match(await call('POST', '/service-contracts', contract), { status: 201 })
  t.match(await call('POST', '/service-contracts', contract), { status: 200 })
  t.match(await call('POST', '/service-contracts', { ...contract, party: '別の法人' }), { status: 409 })
  const under = (contractId: string, body: object) => call('POST', `/service-contracts/${contractId}/facilities`, body)
  t.match(await under('kousei', { facilityId: 'hospital-x', validFrom: '2024-04-21' }), { status: 201 })
  t.match(await under('kousei', { facilityId: 'hospital-x', validFrom: '2024-04-21' }), { status: 200 })
  t.match(
    await under('kousei', { facilityId: 'clinic-y', validFrom: '2024-04-20' }),
    { status: 409 },
    'before it starts',
  )
  t.match(await under('kousei', { facilityId: 'clinic-y' }), { status: 201 }, 'several facilities under one contract')
  t.match(await under('kousei', { facilityId: 'nobody' }), { status: 404 })
  t.match(await under('nothing', { facilityId: 'clinic-y' }), { status: 404 })
  await call('POST', '/service-contracts', { ...contract, contractId: 'second' })
  t.match(await under('second', { facilityId: 'hospital-x' }), { status: 409 }, 'a facility is under one contract')
  const shown = async () =>
    (await call('GET', '/service-contracts')).list.find(({ contractId }) => contractId === 'kousei')
  t.match(await shown(), { state: 'running', termEndsOn: /^\d{4}-03-31$/, lastNoticeOn: /^\d{4}-03-01$/ })
  const end = (body: object) => call('POST', '/service-contracts/kousei/end', { reason: '廃院', ...body })
  t.match(await end({ endsOn: dayIn(29) }), { status: 400, body: { message: /30 days/, ja: /30日/ } })
  t.match(await end({ noticeOn: dayIn(0), endsOn: dayIn(40) }), { status: 200 })
  t.match(await end({ noticeOn: dayIn(0), endsOn: dayIn(40) }), { status: 200 })
  t.match(await end({ noticeOn: dayIn(0), endsOn: dayIn(50) }), { status: 409, body: { message: /already/ } })
  t.match(await shown(), { endsOn: dayIn(40), endReason: '廃院', facilities: [{ validTo: dayIn(40) }, {}] })
  t.match(await under('kousei', { facilityId: 'pharmacy-z' }), { status: 409 }, 'it takes none any more')
  t.match(await call('POST', '/service-contracts/nothing/end', { endsOn: dayIn(40), reason: 'x' }), { status: 404 })
})

t.test('every change is a security alert (DICOM PS3.15 110113), written with it', async (t) => {
  const rows = await auditRows()
  for (const row of rows) t.match(row, { event_code: '110113', peer: /^127\.0\.0\.1:\d+$/ })
  for (const reason of ['contract of use kousei recorded', 'agreement recorded: agreement 1', 'union town ended'])
    t.ok(
      rows.some((row) => row.reason === reason),
      reason,
    )
  t.ok(config.identity.affinityDomainAuthority)
})
