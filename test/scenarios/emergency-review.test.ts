// What follows emergency access: notices, contacts, disaster mode, lists and the report, over a real database (docs/emergency.md).

import t from 'tap'
import { remindOverdue } from '../../src/db/access/emergency-ending.ts'
import type { Principal } from '../../src/model/user.ts'
import { takeAsLong } from './alike-times.ts'
import { FORM, ICHIRO, operator, startEmergencyNetwork } from './emergency-network.ts'

t.setTimeout(170_000)

const network = await startEmergencyNetwork(t, { 'access.emergencyMisses': '1000' })
const { pool, call, rows, staff, administrator, open, byHospital, published } = network

const clinicAdmin = await administrator('clinic-admin', 'clinic-b')
const hospitalAdmin = await administrator('hospital-admin', 'hospital-a')

t.test(
  'the publisher finds a notice, the user tells it within 7 days, or it is overdue and reminded of once (idlink E-3)',
  async (t) => {
    const doctor = await staff('doctor-8', { facilityId: 'clinic-b' })
    await published(await byHospital(ICHIRO))
    const { body } = await open(doctor, `${ICHIRO}#EMS`)
    const { grantId } = body
    const inbox = async (principal: Principal, state = '') => {
      const { list } = await call(principal, ['GET', `/emergency/notices${state}`])
      return list.filter((notice) => notice.grantId === grantId)
    }
    t.equal((await call(doctor, ['GET', '/emergency/notices'])).status, 403, 'the inbox is the administrator’s')
    t.equal((await call(operator, ['GET', '/emergency/notices'])).status, 403)
    t.strictSame(await inbox(clinicAdmin), [], 'the notice is the publisher’s')
    const [notice] = await inbox(hospitalAdmin)
    t.match(notice, {
      facilityId: 'clinic-b',
      user: '職員 doctor-8',
      job: 'doctor',
      numbers: [ICHIRO],
      reason: FORM.reason,
      consentBy: '本人',
      state: 'due',
      notedAt: null,
    })
    const noted = `/emergency/notices/${notice?.noticeId}/acknowledge`
    t.equal((await call(clinicAdmin, ['POST', noted])).status, 404)
    t.equal((await call(hospitalAdmin, ['POST', noted])).status, 200)
    t.equal((await call(hospitalAdmin, ['POST', noted])).status, 200)
    t.match((await inbox(hospitalAdmin))[0], { notedBy: 'staff:hospital-admin', notedAt: /^\d/ })
    t.strictSame(await inbox(hospitalAdmin, '?state=unread'), [])

    await pool.query(`update access.emergency_notice set due_at = now() - interval '1 second' where grant_id = $1`, [
      grantId,
    ])
    t.match((await inbox(hospitalAdmin, '?state=overdue'))[0], { state: 'overdue' })
    const overdue = await call(clinicAdmin, ['GET', '/emergency?state=overdue'])
    t.match(
      overdue.list.find((grant) => grant.grantId === grantId),
      { contact: 'overdue', contacts: [{ facilityId: 'hospital-a', state: 'overdue' }] },
    )
    t.match((await call(operator, ['GET', '/emergency/counts'])).body, { overdue: 1 })
    const reminded = (await Promise.all([remindOverdue(pool), remindOverdue(pool)])).flat()
    t.ok(reminded.length <= 1, 'the job of the server may have been first')
    t.strictSame(await remindOverdue(pool), [], 'once')
    t.match((await call(doctor, ['GET', `/emergency/${grantId}`])).body, { contacts: [{ remindedAt: /^\d/ }] })

    const told = `/emergency/${grantId}/contacted`
    const at = new Date().toISOString()
    t.equal((await call(hospitalAdmin, ['POST', told, { at }])).status, 404)
    t.equal((await call(operator, ['POST', told, { at }])).status, 403)
    t.equal((await call(doctor, ['POST', told, {}])).status, 400)
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
    t.equal((await call(doctor, ['POST', told, { at: tomorrow }])).status, 400)
    t.equal((await call(doctor, ['POST', told, { at: '2020-01-01T00:00:00Z' }])).status, 400)
    t.equal((await call(doctor, ['POST', told, { at, facility: 'pharmacy-c' }])).status, 404)
    t.equal((await call(doctor, ['POST', told, { at }])).status, 200)
    t.equal((await call(doctor, ['POST', told, { at }])).status, 200)
    t.equal((await call(clinicAdmin, ['POST', told, { at: new Date().toISOString() }])).status, 409)
    t.match((await call(doctor, ['GET', `/emergency/${grantId}`])).body, {
      contact: 'contacted',
      contacts: [{ contactBy: 'staff:doctor-8' }],
    })
    t.match((await call(operator, ['GET', '/emergency/counts'])).body, { overdue: 0 })
  },
)

t.test('disaster mode relaxes what it names for its union, flags every use, and ends (idlink E-4)', async (t) => {
  const doctor = await staff('doctor-9', { facilityId: 'clinic-b' })
  const bare = { consentKind: undefined, consentBy: undefined, chartNoted: undefined, reasonCode: 'disaster' }
  t.equal((await open(doctor, `${ICHIRO}#EMS`, bare)).status, 400, 'the normal rule')
  const declaration = {
    union: 'hospital-and-clinic',
    to: new Date(Date.now() + 10 * 86_400_000).toISOString(),
    text: '架空県地震',
    relaxed: ['consentKind', 'consentBy', 'chartNoted', 'contact'],
  }
  const declare = (principal: Principal, more: object = {}) =>
    call(principal, ['POST', '/emergency/disasters', { ...declaration, ...more }])
  for (const principal of [doctor, clinicAdmin]) t.equal((await declare(principal)).status, 403)
  for (const wrong of [
    { to: new Date(Date.now() - 1000).toISOString() },
    { from: declaration.to, to: new Date().toISOString() },
    { to: new Date(Date.now() + 400 * 86_400_000).toISOString() },
    { relaxed: ['reason'] },
    { grantDays: 0 },
    { text: '' },
  ])
    t.equal((await declare(operator, wrong)).status, 400, JSON.stringify(wrong))
  t.equal((await declare(operator, { union: 'no-union' })).status, 404)
  const both = await Promise.all([declare(operator), declare(operator)])
  t.strictSame(both.map(({ status }) => status).sort(), [201, 409])
  const { disasterId } = both.find(({ status }) => status === 201)?.body ?? {}
  t.match((await call(doctor, ['GET', '/emergency/disasters'])).list, [
    { disasterId, state: 'standing', words: '架空県地震', setBy: 'staff:operator', grantDays: 30 },
  ])

  t.equal((await open(doctor, `${ICHIRO}#EMS`, { ...bare, reason: 'short' })).status, 400, 'a reason is never relaxed')
  const opened = await open(doctor, `${ICHIRO}#EMS`, bare)
  t.equal(opened.status, 201, opened.text)
  const { grantId, startedAt, endsAt } = opened.body
  t.equal(Date.parse(String(endsAt)) - Date.parse(String(startedAt)), 30 * 24 * 3600_000)
  t.match((await call(doctor, ['GET', `/emergency/${grantId}`])).body, {
    inDisaster: true,
    consentKind: 'omitted',
    consentBy: null,
    chartNoted: false,
    contact: 'waived',
  })
  const pharmacist = await staff('pharmacist-3', { facilityId: 'pharmacy-c' })
  const elsewhere = await open(pharmacist, '0000012345#EMS', bare)
  t.equal(elsewhere.status, 400, 'the pharmacy shares another union with the hospital')

  t.equal((await call(doctor, ['POST', `/emergency/disasters/${disasterId}/end`, { reason: 'x' }])).status, 403)
  t.equal((await call(operator, ['POST', `/emergency/disasters/${disasterId}/end`, { reason: '収束' }])).status, 200)
  t.equal((await call(operator, ['POST', `/emergency/disasters/${disasterId}/end`, { reason: '収束' }])).status, 200)
  const next = await staff('doctor-10', { facilityId: 'clinic-b' })
  t.equal((await open(next, `${ICHIRO}#EMS`, bare)).status, 400, 'off: the normal rule returns')
  const normal = await open(next, `${ICHIRO}#EMS`)
  t.equal(normal.status, 201)
  t.match((await call(next, ['GET', `/emergency/${normal.body.grantId}`])).body, { inDisaster: false, contact: 'due' })
  const events = await rows<{ reason: string }>(
    `select reason from audit.event where reason like 'disaster mode%' order by event_id`,
  )
  t.strictSame(
    events.map(({ reason }) => reason),
    [`disaster mode ${disasterId} of union hospital-and-clinic declared`, `disaster mode ${disasterId} ended`],
  )
})

t.test('lists and the report of a month show each reader their part (idlink E-5, A-8)', async (t) => {
  const own = await call(clinicAdmin, ['GET', '/emergency'])
  t.ok(own.list.length > 2)
  t.ok(
    own.list.every(({ facilityId, number, reason }) => facilityId === 'clinic-b' && number !== null && reason !== null),
  )
  t.match(await call(clinicAdmin, ['GET', '/emergency?facility=pharmacy-c']), { status: 200, list: [] })
  t.match(await call(hospitalAdmin, ['GET', '/emergency']), { status: 200, list: [] })
  const pharmacist = await staff('pharmacist-4', { facilityId: 'pharmacy-c' })
  const formula = { reason: '=HYPERLINK("http://evil.example","開く")', consentBy: '@本人' }
  t.equal((await open(pharmacist, '0000012345#EMS', formula)).status, 201)
  const all = await call(operator, ['GET', '/emergency?limit=1000'])
  t.ok(all.list.length > own.list.length)
  t.notMatch(all.text, /00000123|紹介状なし|本人/, 'staff of the network see no patient')
  const [newest, second] = all.list
  t.strictSame((await call(operator, ['GET', `/emergency?limit=1&after=${newest?.grantId}`])).list, [second])
  const month = new Date(Date.now() + 9 * 3600_000).toISOString().slice(0, 7)
  const csv = await call(clinicAdmin, ['GET', `/emergency/report?month=${month}`])
  t.match(csv.headers, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': /emergency-\d{4}-\d\d\.csv/,
  })
  t.equal(
    csv.text.split('\r\n').length - 2,
    own.list.filter(({ startedAt }) => String(startedAt).startsWith(month)).length,
  )
  t.match(csv.text, ICHIRO)
  const pharmacyAdmin = await staff('pharmacy-admin', { facilityId: 'pharmacy-c', roles: ['facility-administrator'] })
  const { text } = await call(pharmacyAdmin, ['GET', `/emergency/report?month=${month}`])
  t.match(text, /^\ufeffGrantID,FacilityName,PersonName,[\w,]*\r\n/)
  t.match(text, /,"'=HYPERLINK\(""http:\/\/evil.example"",""開く""\)",oral,'@本人,1,0,due,/, 'no cell is a formula')
  t.notMatch((await call(operator, ['GET', `/emergency/report?month=${month}`])).text, /00000123|紹介状なし/)
  const doctor = await staff('doctor-11', { facilityId: 'clinic-b' })
  t.equal((await call(doctor, ['GET', `/emergency/report?month=${month}`])).status, 403)
  for (const none of ['2026-13', '0000-01', '9999-12'])
    t.equal((await call(operator, ['GET', `/emergency/report?month=${none}`])).status, 400, none)
  const used = await rows(
    `select action from audit.event where event_code = '110101' and type_code = 'emergency-report'`,
  )
  t.strictSame(used, [{ action: 'R' }, { action: 'R' }, { action: 'R' }])
  const counts = (await call(operator, ['GET', '/emergency/counts'])).body
  t.equal(counts.running, all.list.filter(({ state }) => state === 'running').length)
})

t.test('an unknown number and a patient without consent take as long (security b.4)', async (t) => {
  const doctor = await staff('doctor-12', { facilityId: 'clinic-b' })
  const asking = (entry: string) => async () => {
    const { status } = await open(doctor, entry)
    if (status !== 404) t.equal(status, 404)
  }
  await takeAsLong(t, 'EMS', [asking('0000099999#EMS'), asking('0000012349#EMS')], 150)
})
