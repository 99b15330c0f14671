// Staff of a facility reach what is their facility's; the rest is as if it were not there (idlink, C-4 to C-7).

import t from 'tap'
import { openAdministration } from './administration.ts'
import { type Call, enterPerson } from './persons.ts'

t.setTimeout(120_000)

const { call: send } = await openAdministration(t)
const call: Call = (method, path, { body, session } = {}) =>
  send(method, path, body, session === undefined ? {} : { authorization: `Bearer ${session}` })

const FACILITIES = ['clinic-a', 'clinic-b']
for (const [index, facilityId] of FACILITIES.entries()) {
  const patientDomain = { oid: `2.25.200${index}`, name: facilityId.toUpperCase() }
  const facility = { facilityId, oid: `2.25.100${index}`, name: facilityId, kind: 'store-client', patientDomain }
  await send('POST', '/facilities', facility)
  await send('POST', '/systems', { systemId: `ehr-${facilityId}`, facilityId, roles: ['store-client'] })
}

async function staffOf(facilityId: string) {
  const administrator = await enterPerson(call, {
    staffId: `${facilityId}-admin`,
    facilityId,
    roles: ['facility-administrator'],
  })
  const registrar = { staffId: `${facilityId}-reg`, facilityId, roles: ['registrar'] as const }
  return { administrator, registrar: await enterPerson(call, registrar, { by: administrator.session }) }
}

const [a, b] = [await staffOf('clinic-a'), await staffOf('clinic-b')]
const auditor = await enterPerson(call, { staffId: 'auditor-1', roles: ['auditor'] })
const demographics = {
  names: [{ representation: 'IDE', family: '空想', given: '翠' }],
  sex: 'F',
  birthTime: '19620101',
}
const NOBODY = { status: 404, body: { code: 'NOT_FOUND' } }
const REFUSED = { status: 403, body: { code: 'ROLE_REQUIRED' } }

const registered = await call('POST', '/patients', { body: { demographics }, session: a.registrar.session })
const xad = String(registered.body.xad)
const patient = `/patients/${xad}`

t.test('a registrar links numbers of the own facility only', async (t) => {
  t.equal(registered.status, 201)
  const link = (facilityId: string, session: string) =>
    call('POST', `${patient}/links`, { body: { facilityId, id: 'A-1', reason: '窓口' }, session })
  t.match(await link('clinic-a', b.registrar.session), NOBODY)
  t.match(await link('clinic-a', a.administrator.session), REFUSED)
  t.match(await link('clinic-a', a.registrar.session), { status: 201 })
  t.match(await call('DELETE', `${patient}/links/clinic-a/A-1`, { session: b.registrar.session }), NOBODY)
})

t.test('records and consents of patients are for registrars of facilities that have the patient', async (t) => {
  const { session } = a.registrar
  const consent = { kind: 'comprehensive', evidence: '同意書' }
  const recorded = await call('POST', `${patient}/consents`, { body: consent, session })
  t.equal(recorded.status, 201)
  const { consentId } = recorded.body
  const stranger = { session: b.registrar.session }
  for (const path of [patient, `${patient}/history`, `${patient}/consents`, `${patient}/support-stops`]) {
    t.equal((await call('GET', path, { session })).status, 200, path)
    t.match(await call('GET', path, stranger), NOBODY, path)
    t.match(await call('GET', path, { session: a.administrator.session }), REFUSED, path)
    t.match(await call('GET', path, { session: auditor.session }), REFUSED, path)
  }
  const reason = 'test'
  for (const [method, path, body] of [
    ['POST', `${patient}/consents`, consent],
    ['PATCH', `/consents/${consentId}`, { exclude: { facilities: ['clinic-b'] }, reason }],
    ['POST', `/consents/${consentId}/withdraw`, { reason }],
    ['POST', `${patient}/stop-support`, { reason }],
  ] as const)
    t.match(await call(method, path, { body, ...stranger }), NOBODY, path)
  t.match(await call('POST', `/consents/${consentId}/withdraw`, { body: { reason }, session }), { status: 200 })
  t.match(await call('POST', `${patient}/stop-support`, { body: { reason }, session }), { status: 200 })
  t.match(
    await call('POST', `${patient}/resume-support`, { body: { reason }, session }),
    REFUSED,
    'for operators (C-7)',
  )
  t.match(await call('POST', `${patient}/resume-support`, { body: { reason } }), { status: 200 })
})

t.test('systems, contract, usage and history of a facility are for its administrator', async (t) => {
  const { session } = a.administrator
  const systems = (await call('GET', '/systems', { session })).body as unknown as { systemId: string }[]
  t.strictSame(
    systems.map(({ systemId }) => systemId),
    ['ehr-clinic-a'],
  )
  const paths = (facilityId: string) => [
    `/systems/ehr-${facilityId}`,
    `/systems/ehr-${facilityId}/certificates`,
    `/systems/ehr-${facilityId}/revisions`,
    `/systems/ehr-${facilityId}/tolerances`,
    `/facilities/${facilityId}/contract`,
    `/facilities/${facilityId}/counts`,
    `/facilities/${facilityId}/revisions`,
    `/facilities/${facilityId}/statuses`,
    `/facilities/${facilityId}/idle-minutes`,
    `/usage?facility=${facilityId}`,
  ]
  for (const path of paths('clinic-a')) {
    t.equal((await call('GET', path, { session })).status, 200, path)
    t.match(await call('GET', path, { session: b.administrator.session }), NOBODY, path)
    t.match(await call('GET', path, { session: a.registrar.session }), REFUSED, path)
    t.equal((await call('GET', path, { session: auditor.session })).status, 200, `auditor ${path}`)
  }
  t.match(await call('GET', '/systems/nobody', { session }), NOBODY)
  const usage = (await call('GET', '/usage', { session })).body as unknown as { facilityId: string }[]
  t.ok(usage.every(({ facilityId }) => facilityId === 'clinic-a'))
})

t.test(
  'a facility that is none stores nothing and nothing waits for it, which is not said of one that was mistyped',
  async (t) => {
    for (const path of ['/usage', '/held', '/quarantine']) {
      t.match(await call('GET', `${path}?facility=clinic-aa`), NOBODY, path)
      t.equal((await call('GET', `${path}?facility=clinic-a`)).status, 200, path)
    }
  },
)

t.test('a month of a year that the database does not have is refused in words', async (t) => {
  t.match(await call('GET', '/usage?month=0000-01'), { status: 400, body: { code: 'INVALID', message: /month/ } })
  t.equal((await call('GET', '/usage?month=1000-01')).status, 200)
})

t.test('what runs the network is closed to staff of facilities, and to auditors', async (t) => {
  for (const [method, path, body] of [
    ['POST', '/facilities', {}],
    ['PATCH', '/facilities/clinic-a', { status: 'suspended' }],
    ['PATCH', '/facilities/clinic-a/contract', { quotaBytes: 1 }],
    ['POST', '/unions', { unionId: 'u', name: 'u', kind: 'open' }],
    ['PATCH', '/systems/ehr-clinic-a', { status: 'suspended' }],
    ['GET', '/patients/export', undefined],
    ['POST', `${patient}/merge`, { into: 'x', reason: 'x' }],
    ['GET', '/reviews', undefined],
  ] as const)
    for (const { session } of [a.administrator, a.registrar, auditor])
      t.match(await call(method, path, { body, session }), { status: 403 }, `${method} ${path}`)
})

t.test('of held and quarantined messages a registrar sees those of the own facility', async (t) => {
  for (const room of ['/held', '/quarantine']) {
    t.equal((await call('GET', room, { session: a.registrar.session })).status, 200)
    t.match(await call('GET', `${room}?facility=clinic-b`, { session: a.registrar.session }), NOBODY)
    t.match(await call('GET', room, { session: a.administrator.session }), REFUSED)
  }
})
