// Emergency access through the doors as people use it: logged on at the admin API, and by a signed assertion over ITI-18 and ITI-43 (ITI TF-2 3.40).

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import { readAssert } from '../../src/cli/assertion.ts'
import { createSystemClient } from '../../src/cli/client.ts'
import { readCredentials } from '../../src/cli/credentials.ts'
import { ask } from '../../src/cli/query.ts'
import { fetchDocuments } from '../../src/cli/retrieve.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import { makeKey } from '../codec/saml/assertions.ts'
import { temporaryDirectory } from '../faults/support.ts'
import { type Call, enterPerson } from '../http/persons.ts'
import { FORM, ICHIRO, startEmergencyNetwork } from './emergency-network.ts'

t.setTimeout(170_000)

const network = await startEmergencyNetwork(t)
const { server, pool, rows, byHospital, published, sees, alertsOf } = network
const { managementUrl, httpsUrl } = localAddresses(server)
const directory = await temporaryDirectory(t)

/** The admin API, as the session of a person or as the host. */
const call: Call = async (method, path, { body, session = server.adminToken } = {}) => {
  const response = await request(`${managementUrl}/admin/v1${path}`, {
    method: method as 'GET',
    // Between two calls keys are made, so long that the server may be closing an idle connection at the moment of the next one.
    reset: true,
    headers: {
      authorization: `Bearer ${session}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.statusCode, body: (await response.body.json()) as Record<string, unknown> }
}

const clinicAdministrator = await enterPerson(call, {
  staffId: 'clinic-admin',
  facilityId: 'clinic-b',
  roles: ['facility-administrator'],
})
const doctor = await enterPerson(
  call,
  { staffId: 'sato', facilityId: 'clinic-b', roles: ['clinician'], job: 'doctor', mayUseEms: true },
  { by: clinicAdministrator.session },
)
const administrator = await enterPerson(call, {
  staffId: 'hospital-admin',
  facilityId: 'hospital-a',
  roles: ['facility-administrator'],
})
const operator = await enterPerson(call, { staffId: 'operator', roles: ['network-operator'] })
const ichiro = await byHospital(ICHIRO)
const document = await published(ichiro)

const key = await makeKey('idp')
await writeFile(join(directory, 'key.pem'), key.key)
await writeFile(join(directory, 'certificate.pem'), key.pem)
const issuer = 'https://idp.clinic-b.example'
await call('POST', '/issuers', {
  body: { issuerId: 'clinic-b', entityId: issuer, scope: 'facilities', facilities: [{ facilityId: 'clinic-b' }] },
})
const registered = await call('POST', '/issuers/clinic-b/certificates', { body: { pem: key.pem } })
if (registered.status !== 201) throw new Error('the issuer of the assertions was not registered')

const open = (session?: string) =>
  call('POST', '/emergency', {
    body: { ...FORM, patient: `${ICHIRO}#EMS` },
    ...(session === undefined ? {} : { session }),
  })

t.test(
  'a doctor who logged on opens the patient and reads the calendar; host and operator do not (idlink E-1, E-6)',
  async (t) => {
    t.match(await open(), { status: 403, body: { code: 'ROLE_REQUIRED' } })
    t.match(await open(operator.session), { status: 403, body: { code: 'ROLE_REQUIRED' } })
    t.match(await open(administrator.session), { status: 403, body: { code: 'ROLE_REQUIRED' } })
    const period = 'from=2026-02-01&to=2026-02-28'
    const before = await call('GET', `/calendar/${ichiro.value}?${period}`, doctor)
    t.match(before, { status: 200, body: { rows: [] } })
    const opened = await open(doctor.session)
    t.equal(opened.status, 201)
    const { grantId, calendar } = opened.body
    const address = String(calendar).slice('/admin/v1'.length)
    const { status, body } = await call('GET', `${address}&${period}`, doctor)
    t.equal(status, 200)
    t.ok((body.rows as readonly unknown[]).length > 0, 'the calendar has rows')
    t.equal(await sees('clinic-b', ichiro, document), 'found fetched')
    const [alert, looked] = await alertsOf(grantId)
    t.equal(looked, undefined)
    const [look] = await rows<{ reason: string }>(
      `select reason from audit.event where objects->>'by' = 'staff:sato' and event_code <> '110113' and objects->'emergency' ? $1`,
      [grantId],
    )
    t.equal(look?.reason, 'permit: emergency access stands')
    t.match(alert, { type_code: '110127', objects: { by: 'staff:sato' } })
    const inbox = await call('GET', '/emergency/notices', administrator)
    t.match(inbox.body, [{ grantId, facilityId: 'clinic-b', numbers: [ICHIRO], state: 'due' }])
    t.match(await call('GET', `/emergency/${grantId}`, operator), { status: 200, body: { number: null, reason: null } })
    t.match(await call('POST', `/emergency/${grantId}/end`, { body: { reason: '転院' }, ...doctor }), { status: 200 })
    t.equal(await sees('clinic-b', ichiro, document), 'hidden kept')
    const metrics = await (await request(`${managementUrl}/metrics`)).body.text()
    t.match(metrics, /^tsunagi_emergency_running 0$/m)
    t.match(metrics, /^tsunagi_emergency_unreviewed 1$/m)
    t.match(metrics, /^tsunagi_emergency_contacts_overdue 0$/m)
  },
)

t.test('a session whose password is not its own yet opens nobody', async (t) => {
  const person = {
    staffId: 'new',
    facilityId: 'clinic-b',
    roles: ['clinician'],
    job: 'doctor',
    name: '新人',
    mayUseEms: true,
  }
  const by = { session: clinicAdministrator.session }
  await call('POST', '/staff', { body: person, ...by })
  const { body } = await call('POST', '/staff/new/access-code', { body: { reason: 'test' }, ...by })
  const entered = await call('POST', '/login', { body: { user: 'new', password: body.accessCode } })
  t.equal((await open(String(entered.body.session))).status, 403)
})

/** What the clinic's system finds and fetches for a person. */
async function assertedFor(subject: string, said: Readonly<Record<string, string>>, patientId: PatientId = ichiro) {
  const file = join(directory, `${subject}.json`)
  await writeFile(file, JSON.stringify({ issuer, key: 'key.pem', certificate: 'certificate.pem', subject, ...said }))
  const client = createSystemClient({
    baseUrl: httpsUrl,
    credentials: await readCredentials(server.config, 'clinic-b'),
    assert: await readAssert(file, server.config.community.homeCommunityId),
  })
  const as = { config: server.config, client }
  try {
    const { response } = await ask(as, writeFindDocuments({ patientId, returnType: 'LeafClass' }))
    const { documents } = await fetchDocuments(as, [document])
    return `${response.objects.length > 0 ? 'found' : 'hidden'} ${documents.length === 1 ? 'fetched' : 'kept'}`
  } finally {
    await client.close()
  }
}

t.test(
  'a signed assertion of the purpose emergency opens the patient it asks for; no other does (ITI-40)',
  async (t) => {
    await pool.query('update access.emergency_grant set ended_at = now() where ended_at is null')
    t.equal(await assertedFor('yamada', { role: 'doctor', purpose: 'TREAT' }), 'hidden kept')
    t.equal(await assertedFor('yamada', { role: 'doctor' }), 'hidden kept')
    t.equal(await assertedFor('office', { role: 'clerk', purpose: 'ETREAT' }), 'hidden kept')
    t.equal((await rows(`select from access.emergency_grant where origin = 'assertion'`)).length, 0)
    t.equal(await assertedFor('yamada', { role: 'doctor', purpose: 'ETREAT' }), 'found fetched')
    const grants = await rows<Record<string, string>>(`select * from access.emergency_grant where origin = 'assertion'`)
    t.equal(grants.length, 1)
    t.match(grants[0], {
      user_name: `<yamada@${issuer}>`,
      facility_id: 'clinic-b',
      reason_code: 'asserted',
      job: 'doctor',
    })
    const events = await rows<{ type_code: string; reason: string }>(
      'select type_code, reason from audit.event where exchange_id = $1 order by event_id',
      [grants[0]?.exchange_id],
    )
    t.strictSame(
      events.map(({ type_code, reason }) => `${type_code} ${reason}`),
      [`110127 emergency access ${grants[0]?.grant_id} opened for asserted`, 'ITI-18 permit: emergency access stands'],
      'in the exchange of the query that asked',
    )
  },
)

t.test('an assertion about another patient than the one it asks for opens nobody (resource-id)', async (t) => {
  await pool.query('update access.emergency_grant set ended_at = now() where ended_at is null')
  const taro = await byHospital('0000012345')
  const patient = `${taro.value}^^^&${taro.authority}&ISO`
  await assertedFor('kimura', { role: 'doctor', purpose: 'EMERGENCY', patient }).catch(() => 'refused')
  t.equal((await rows(`select from access.emergency_grant where user_name = $1`, [`<kimura@${issuer}>`])).length, 0)
})

t.test(
  'emergency access ends with the person who took it: suspended for misuse, at once (idlink R-7, E-5)',
  async (t) => {
    await pool.query('update access.emergency_grant set ended_at = now() where ended_at is null')
    await pool.query(
      "update access.emergency_grant set reviewed_at = now(), reviewed_by = 'operator' where reviewed_at is null",
    )
    const opened = await open(doctor.session)
    t.equal(opened.status, 201)
    t.equal(await sees('clinic-b', ichiro, document), 'found fetched')
    const suspended = await call('POST', '/staff/sato/suspend', {
      body: { reason: '不正な利用' },
      ...clinicAdministrator,
    })
    t.equal(suspended.status, 200)
    t.equal(await sees('clinic-b', ichiro, document), 'hidden kept')
    const [, ended] = await alertsOf(opened.body.grantId)
    t.match(ended, { type_code: '110138', objects: { by: 'staff:clinic-admin' } })
  },
)
