// The admin API over HTTP on a real PostgreSQL: registration, idempotence, conflicts, history and audit (design §4, §5; security: administration).

import t from 'tap'
import { createAuthority, issueClientCertificate } from '../../src/certificates/authority.ts'
import { readCertificate } from '../../src/certificates/certificate.ts'
import { findSystem } from '../../src/db/access-store.ts'
import { openAdministration } from './administration.ts'

const { call, url, pool, config, auditRows, audited, logged } = await openAdministration(t)

const hospital = {
  facilityId: 'hospital-x',
  oid: '2.25.1001',
  code: '1310000001',
  name: '想像病院',
  kind: 'gateway',
  patientIdForm: 'pad:10',
  patientDomain: { oid: '2.25.1002', name: 'HOSPITAL-X' },
}
const clinic = {
  facilityId: 'clinic-y',
  oid: '2.25.2001',
  name: '例題医院',
  kind: 'viewing',
  patientDomain: { oid: '2.25.2002', name: 'CLINIC-Y' },
}
const system = { systemId: 'ehr-x', facilityId: 'hospital-x', roles: ['store-client', 'document-consumer'] }

t.test('readiness writes to the database', async (t) => {
  const response = await fetch(`${url}/readyz`)
  t.match(await response.json(), { checks: { database: 'ok' } })
})

t.test('the network tells what a vendor has to configure', async (t) => {
  t.match((await call('GET', '/network')).body, {
    homeCommunityId: config.community.homeCommunityId,
    repositoryUniqueId: config.repository.uniqueId,
    affinityDomainAuthority: config.identity.affinityDomainAuthority,
    accessMode: 'consent',
    endpoints: { DocumentRegistry: '/xds/registry' },
    mllpPort: 2575,
  })
})

t.test('a facility is registered once: 201, the same again 200, other content 409', async (t) => {
  t.strictSame(
    await audited(async () => {
      t.match(await call('POST', '/facilities', hospital), { status: 201, body: { ...hospital, status: 'active' } })
      t.match(await call('POST', '/facilities', hospital), { status: 200, body: hospital })
    }),
    ['facility hospital-x registered'],
    'what changes nothing leaves no event',
  )
  t.match(await call('POST', '/facilities', clinic), { status: 201, body: { patientIdForm: 'exact' } })
  const others = [
    { ...hospital, name: '別の病院' },
    { ...hospital, patientDomain: { oid: '2.25.1003', name: 'OTHER' } },
    { ...hospital, facilityId: 'hospital-z' },
    { ...clinic, facilityId: 'clinic-z', oid: '2.25.2003' },
  ]
  for (const other of others)
    t.match(await call('POST', '/facilities', other), { status: 409, body: { code: 'CONFLICT', hint: /\w/, ja: /\S/ } })
  t.strictSame(
    (await call('GET', '/facilities')).list.map(({ facilityId }) => facilityId),
    ['clinic-y', 'hospital-x'],
    'a refused one leaves nothing behind',
  )
  t.notOk('code' in (await call('GET', '/facilities/clinic-y')).body, 'what was not given is absent')
  t.match(await call('GET', '/facilities/nobody'), { status: 404 })
})

t.test('a refusal of the schema names key, value and what would do', async (t) => {
  const cases = [
    [{ ...hospital, kind: 'castle' }, /kind "castle".*gateway, store-client, manual, viewing/],
    [{ ...hospital, code: '4810000001' }, /code "4810000001".*ten digits/],
    [{ ...hospital, oid: 'urn:oid:1.2' }, /oid "urn:oid:1.2".*OID without urn:oid:/],
    [{ ...hospital, patientIdForm: 'pad:0' }, /patientIdForm "pad:0".*pad:<digits>/],
    [{ ...hospital, color: 'red' }, /"color" is not a member/],
    [{ ...hospital, oid: undefined }, /"oid" is required/],
    [{ ...hospital, name: 7 }, /name 7 must be string/],
  ] as const
  for (const [body, message] of cases)
    t.match(await call('POST', '/facilities', body), {
      status: 400,
      body: { code: 'INVALID', message, hint: /\w/, ja: /入力/ },
    })
  const patient = { demographics: { names: [{ representation: 'IDE', family: '秘密' }], sex: 'Z' } }
  const refused = await call('POST', '/patients', patient)
  t.equal(refused.status, 400)
  t.notMatch(JSON.stringify(refused.body), '秘密')
})

t.test('suspending and resuming is idempotent and audited once each', async (t) => {
  const suspend = () => call('PATCH', '/facilities/clinic-y', { status: 'suspended' })
  t.strictSame(
    await audited(async () => {
      t.match(await suspend(), { status: 200 })
      t.match(await suspend(), { status: 200 })
      t.match(await call('POST', '/facilities', clinic), { status: 200, body: { status: 'suspended' } })
      await call('PATCH', '/facilities/clinic-y', { status: 'active' })
    }),
    ['facility clinic-y suspended', 'facility clinic-y active'],
  )
  t.match(await call('PATCH', '/facilities/nobody', { status: 'active' }), { status: 404 })
})

t.test('a system with its own assigning authority gets the identifier domain of it', async (t) => {
  t.match(await call('POST', '/systems', system), {
    status: 201,
    body: { confidentialityCeiling: 'N', repositories: [] },
  })
  t.match(await call('POST', '/systems', system), { status: 200 })
  t.match(await call('POST', '/systems', { ...system, roles: ['pix-consumer'] }), { status: 409 })
  t.match(await call('POST', '/systems', { ...system, systemId: 'lost', facilityId: 'nobody' }), { status: 404 })
  const tester = { ...system, systemId: 'tester-x', accessMode: 'affinity-domain', assigningAuthority: '2.25.3001' }
  t.match(await call('POST', '/systems', tester), { status: 201 })
  t.match(await call('POST', '/systems', tester), { status: 200 })
  t.match((await pool.query(`select kind, facility_id from identity.domain where oid = '2.25.3001'`)).rows, [
    { kind: 'affinity', facility_id: 'hospital-x' },
  ])
  for (const assigningAuthority of ['2.25.2002', config.identity.affinityDomainAuthority])
    t.match(
      await call('POST', '/systems', { ...tester, systemId: 'thief', assigningAuthority }),
      { status: 409 },
      'an authority that is somebody else’s',
    )
  t.match(
    await call('POST', '/systems', { ...tester, systemId: 'thief', facilityId: 'clinic-y' }),
    { status: 409 },
    'another facility’s own authority',
  )
  t.match(await call('GET', '/systems/thief'), { status: 404 })
  const source = { ...system, systemId: 'xad-x', roles: ['patient-identity-source', 'affinity-domain-source'] }
  t.match(await call('POST', '/systems', source), { status: 201 })
  t.match(
    await call('POST', '/systems', { ...source, systemId: 'xad-y', facilityId: 'clinic-y' }),
    { status: 409 },
    'the affinity domain has one source',
  )
  t.match(await call('PATCH', '/systems/ehr-x', { status: 'suspended' }), { status: 200 })
  t.match(await call('PATCH', '/systems/ehr-x', { status: 'active' }), { status: 200 })
  const switches = { 'XDS-OBJECT-SLOT-NAME': 'accept', 'XDS-AUTHOR-IDENTIFIED': 'warn' }
  t.match(await call('PUT', '/systems/ehr-x/rules', switches), { status: 200 })
  t.match(await call('GET', '/systems/ehr-x'), { status: 200, body: { ruleSwitches: switches } })
  t.match(await call('PUT', '/systems/ehr-x/rules', switches), { status: 200 })
  t.match(await call('PUT', '/systems/ehr-x/rules', {}), { status: 200 })
  t.strictSame((await call('GET', '/systems/ehr-x')).body.ruleSwitches, {})
  t.match(await call('PUT', '/systems/nobody/rules', {}), { status: 404 })
  t.match(await call('PUT', '/systems/ehr-x/rules', { 'XDS-OBJECT-SLOT-NAME': 'off' }), { status: 400 })
  t.match(
    await call('PUT', '/systems/ehr-x/rules', { 'XDS-DE-PATIENTID-CX': 'accept' }),
    { status: 400 },
    'what identifies a patient always holds',
  )
})

t.test('a certificate is known by its fingerprint, and revoked it stays revoked', async (t) => {
  const authority = await createAuthority()
  const { certificatePem: pem } = await issueClientCertificate(authority, {
    systemId: 'ehr-x',
    facilityOid: hospital.oid,
    networkOid: '2.25.4',
  })
  const { fingerprint256: fingerprint, serial } = readCertificate(pem)
  t.match(await call('POST', '/systems/ehr-x/certificates', { pem }), { status: 201, body: { fingerprint } })
  t.match(await call('POST', '/systems/ehr-x/certificates', { pem }), { status: 200 })
  t.match(await call('POST', '/systems/tester-x/certificates', { pem }), { status: 409 })
  t.match(await call('POST', '/systems/nobody/certificates', { pem }), { status: 404 })
  t.match(await call('POST', '/systems/ehr-x/certificates', { pem: 'hello' }), {
    status: 400,
    body: { message: /pem/ },
  })
  t.match((await call('GET', '/systems/ehr-x/certificates')).list, [{ fingerprint, serial, status: 'active' }])
  const stateOf = async () => (await findSystem(pool, { fingerprint, networkMode: 'consent' }))?.certificate
  t.equal(await stateOf(), 'active')
  const path = `/certificates/${encodeURIComponent(fingerprint)}`
  for (const status of ['suspended', 'active', 'revoked', 'revoked']) {
    t.match(await call('PATCH', path, { status }), { status: 200 })
    t.equal(await stateOf(), status)
  }
  t.match(await call('PATCH', path, { status: 'active' }), { status: 409, body: { message: /revoked/ } })
  t.equal(await stateOf(), 'revoked')
  t.match(await call('PATCH', '/certificates/AA:BB', { status: 'active' }), { status: 404 })
})

t.test('membership of a union ends without losing its history, and can begin again', async (t) => {
  const union = { unionId: 'town', name: '想定町', kind: 'open' }
  t.match(await call('POST', '/unions', union), { status: 201 })
  t.match(await call('POST', '/unions', union), { status: 200 })
  t.match(await call('POST', '/unions', { ...union, kind: 'closed' }), { status: 409 })
  const join = (body: object) => call('POST', '/unions/town/members', body)
  t.match(await join({ facilityId: 'hospital-x' }), { status: 201 })
  t.match(await join({ facilityId: 'hospital-x' }), { status: 200 })
  t.match(await join({ facilityId: 'hospital-x', validTo: '2999-01-01T00:00:00Z' }), { status: 409 })
  t.match(await join({ facilityId: 'nobody' }), { status: 404 })
  const backwards = { facilityId: 'clinic-y', validFrom: '2026-02-01T00:00:00Z', validTo: '2026-01-01T00:00:00Z' }
  t.match(await join(backwards), { status: 400, body: { message: /validTo 2026-01-01T00:00:00Z/ } })
  t.match(await call('DELETE', '/unions/town/members/hospital-x'), { status: 200 })
  t.match(await call('DELETE', '/unions/town/members/hospital-x'), { status: 200 })
  t.match(await call('DELETE', '/unions/town/members/clinic-y'), { status: 404 })
  t.match(await join({ facilityId: 'hospital-x' }), { status: 201 })
  const [town] = (await call('GET', '/unions')).list
  const members = town?.members as readonly { readonly validTo: string | null }[]
  t.equal(members.length, 2)
  t.ok(members[0]?.validTo)
  t.equal(members[1]?.validTo, null)
})

/** Of so many days from now, in ISO 8601. */
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString()

t.test('a membership that was ended by mistake begins again, whatever day it began on', async (t) => {
  const members = async (unionId: string) =>
    (await call('GET', '/unions')).list.find((union) => union.unionId === unionId)?.members as readonly {
      readonly validFrom: string
      readonly validTo: string | null
    }[]
  t.match(await call('POST', '/unions', { unionId: 'ran', name: '甲', kind: 'open', validFrom: inDays(-20) }), {
    status: 201,
  })
  t.match(await call('POST', '/unions', { unionId: 'coming', name: '乙', kind: 'open', validFrom: inDays(20) }), {
    status: 201,
  })
  for (const [unionId, since] of [
    ['ran', { validFrom: inDays(-10) }],
    ['coming', {}],
  ] as const) {
    const join = () => call('POST', `/unions/${unionId}/members`, { facilityId: 'clinic-y', ...since })
    t.match(await join(), { status: 201 })
    t.match(await call('DELETE', `/unions/${unionId}/members/clinic-y`), { status: 200 })
    t.match(await join(), { status: 201 }, unionId)
    t.match(await join(), { status: 200 }, 'the same again')
    t.equal((await members(unionId)).filter(({ validTo }) => validTo === null).length, 1)
  }
  const [former, standing] = await members('ran')
  t.equal(
    Date.parse(String(standing?.validFrom)),
    Date.parse(String(former?.validTo)),
    'what it was before stays readable',
  )
})

t.test('a membership without a beginning begins now, and one that begins later is another', async (t) => {
  const join = (body: object) => call('POST', '/unions/ran/members', { facilityId: 'hospital-x', ...body })
  t.match(await join({ validFrom: inDays(30) }), { status: 201 })
  t.match(await join({}), { status: 409 }, 'it is no member yet')
})

const person = {
  demographics: {
    names: [{ representation: 'IDE', family: '空想', given: '花' }],
    sex: 'F',
    birthTime: '19700101',
    addresses: [{ postalCode: '000-0000', text: '架空県想定町一丁目' }],
    telecoms: ['tel:000-000-0000'],
  },
}

async function newPatient(): Promise<string> {
  const { status, body } = await call('POST', '/patients', person)
  if (status !== 201) throw new Error(`a patient was not registered: ${status}`)
  return String(body.xad)
}

t.test('a patient is linked, found by number and unlinked; only the number of that facility goes', async (t) => {
  const xad = await newPatient()
  const other = await newPatient()
  const link = (to: string, facilityId: string, id: string) =>
    call('POST', `/patients/${to}/links`, { facilityId, id, reason: '窓口で確認' })
  t.match(await link(xad, 'hospital-x', '0000000001'), { status: 201 })
  t.match(await link(xad, 'hospital-x', '0000000001'), { status: 200 })
  t.match(await link(other, 'clinic-y', '0000000001'), { status: 201 }, 'the same digits elsewhere are another number')
  t.match(await link(xad, 'hospital-x', '0000000002'), { status: 409, body: { code: 'V3_SEVERAL_IDS', hint: /\w/ } })
  t.match(await link(xad, 'nobody', '1'), { status: 404 })
  t.match(await link('no-such-patient', 'clinic-y', '9'), { status: 404 })
  const found = await call('GET', '/patients?id=0000000001&domain=2.25.1002')
  t.match(found.list, [{ xad }])
  t.notOk('key' in (found.list[0] ?? {}))
  t.equal((await call('GET', '/patients?id=0000000001')).list.length, 2)
  t.match(await call('DELETE', `/patients/${xad}/links/clinic-y/0000000001`), { status: 404 }, 'not this person’s')
  t.match((await call('GET', '/patients?id=0000000001&domain=2.25.2002')).list, [{ xad: other }])
  t.match(await call('DELETE', `/patients/${xad}/links/hospital-x/0000000001`), { status: 200 })
  t.notMatch((await call('GET', '/patients?id=0000000001&domain=2.25.1002')).list, [{ xad }])
  t.match(await call('GET', `/patients/${xad}`), { status: 200, body: { xad } })
  t.match(await call('GET', '/patients/nobody'), { status: 404 })
})

t.test('a number longer than most is unlinked by its path', async (t) => {
  const xad = await newPatient()
  const id = '長'.repeat(150)
  t.match(await call('POST', `/patients/${xad}/links`, { facilityId: 'clinic-y', id, reason: '試験' }), { status: 201 })
  t.match(await call('DELETE', `/patients/${xad}/links/clinic-y/${encodeURIComponent(id)}`), { status: 200 })
})

t.test('C-3, C-4, C-5: consents are recorded once, exclude only what exists, and end at once', async (t) => {
  const xad = await newPatient()
  const path = `/patients/${xad}/consents`
  const consent = { kind: 'comprehensive', excludedFacilities: ['clinic-y'], evidence: '同意書 1' }
  const [first, ...rest] = await Promise.all(Array.from({ length: 5 }, () => call('POST', path, consent)))
  const answers = [first, ...rest]
  t.strictSame(answers.map((answer) => answer?.status).sort(), [200, 200, 200, 200, 201], 'sent at once it stands once')
  const id = String(first?.body.consentId)
  t.ok(answers.every((answer) => answer?.body.consentId === id))
  t.match(
    await call('POST', path, { ...consent, excludedKinds: ['LAB'] }),
    { status: 201 },
    'other content is another consent',
  )
  t.match(await call('POST', path, { ...consent, excludedFacilities: ['clinic-yy'] }), {
    status: 400,
    body: { message: /clinic-yy/ },
  })
  t.match(await call('POST', path, { kind: 'individual' }), { status: 400, body: { message: /facilities/ } })
  t.match(await call('POST', path, { kind: 'comprehensive', validTo: '2001-01-01T00:00:00Z' }), { status: 400 })
  t.match(await call('POST', path, { kind: 'comprehensive', validFrom: 'tomorrow' }), { status: 400 })
  t.match(await call('POST', '/patients/nobody/consents', consent), { status: 404 })
  t.strictSame(
    await audited(async () => {
      t.match(await call('POST', `/consents/${id}/withdraw`), { status: 200 })
      t.match(await call('POST', `/consents/${id}/withdraw`), { status: 200 })
    }),
    [`consent ${id} withdrawn`],
  )
  t.match(await call('POST', '/consents/999999/withdraw'), { status: 404 })
  t.match(await call('POST', path, consent), { status: 201 }, 'given again after withdrawal it is a new one')
  const list = (await call('GET', path)).list
  t.equal(list.length, 3, 'history stays')
  t.ok(list.find(({ consentId }) => consentId === id)?.withdrawnAt)
})

t.test('C-3: a consent without a beginning stands from now on, though the same will stand later', async (t) => {
  const path = `/patients/${await newPatient()}/consents`
  const later = { kind: 'comprehensive', validFrom: inDays(30) }
  t.match(await call('POST', path, later), { status: 201 })
  t.match(await call('POST', path, later), { status: 200 })
  t.match(await call('POST', path, { kind: 'comprehensive' }), { status: 201 })
  t.match(await call('POST', path, { kind: 'comprehensive' }), { status: 200 }, 'now it stands')
  const begun = (await call('GET', path)).list.filter(({ validFrom }) => Date.parse(String(validFrom)) <= Date.now())
  t.equal(begun.length, 1)
})

t.test('a setting is a note that can be read again', async (t) => {
  t.match(await call('GET', '/settings/marker'), { status: 404 })
  t.strictSame(
    await audited(async () => {
      t.match(await call('PUT', '/settings/marker', { value: 'one' }), { status: 200 })
      t.match(await call('PUT', '/settings/marker', { value: 'one' }), { status: 200 })
    }),
    ['setting marker written'],
  )
  t.match(await call('GET', '/settings/marker'), { body: { name: 'marker', value: 'one' } })
  t.match(await call('PUT', '/settings/Not%20A%20Slug', { value: 'one' }), { status: 400 })
})

t.test('e.22: a zero character in a path names nothing, and is no failure of the server', async (t) => {
  for (const [method, path] of [
    ['GET', '/settings/x%00y'],
    ['GET', '/patients/a%00b'],
    ['GET', '/patients/a%00b/consents'],
    ['GET', '/facilities/a%00/audience'],
    ['GET', '/facilities/a%00/contract'],
    ['GET', '/facilities/a%00/idle-minutes'],
    ['DELETE', '/facilities/a%00/rights'],
    ['DELETE', '/trust-anchors/a%00'],
    ['DELETE', '/unions/a%00/members/b%00'],
  ] as const)
    t.match(await call(method, path), { status: 404, body: { code: 'NOT_FOUND' } }, path)
})

t.test('a change and its audit event are one transaction: without the event there is no change', async (t) => {
  await pool.query(
    `create function audit.fail() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$`,
  )
  await pool.query('create trigger fail before insert on audit.event for each row execute function audit.fail()')
  const lost = {
    ...clinic,
    facilityId: 'clinic-lost',
    oid: '2.25.4001',
    patientDomain: { oid: '2.25.4002', name: 'LOST' },
  }
  const answer = await call('POST', '/facilities', lost)
  await pool.query('drop trigger fail on audit.event')
  t.equal(answer.status, 500)
  t.notMatch(JSON.stringify(answer.body), 'disk full')
  t.match(await call('GET', '/facilities/clinic-lost'), { status: 404 })
  t.match(await call('POST', '/facilities', lost), { status: 201 })
})

t.test(
  'events are security alerts, and queries for looks, with the peer, without system and without personal data',
  async (t) => {
    const rows = await auditRows()
    t.ok(rows.length > 10)
    for (const row of rows) {
      const isLook = / shown$/.test(row.reason)
      t.match(row, { event_code: isLook ? '110112' : '110113', system_id: null, peer: /^127\.0\.0\.1:\d+$/ })
      t.notMatch(row.reason, /空想|架空県|同意書|0000000001/)
    }
    t.notMatch(JSON.stringify(logged), /空想|架空県|token-of-the-test/)
  },
)
