// Emergency access over a whole server: opened by staff, seen at the doors (ITI-18, ITI-43), ended by time, link and hand (docs/emergency.md).

import t from 'tap'
import { endDue } from '../../src/db/access/emergency-ending.ts'
import { faultsOf, renderedEvents } from '../audit/rendered.ts'
import { DOMAINS } from '../faults/support.ts'
import { ICHIRO, operator, startEmergencyNetwork } from './emergency-network.ts'

t.setTimeout(170_000)

const network = await startEmergencyNetwork(t, { 'access.emergencyMisses': '5' })
const { pool, admin, call, rows, staff, administrator, open, byHospital, published, sees, alertsOf, runOut, traces } =
  network

const sato = await staff('sato', { facilityId: 'clinic-b' })
const clinicAdmin = await administrator('clinic-admin', 'clinic-b')
const hospitalAdmin = await administrator('hospital-admin', 'hospital-a')

t.test(
  'number and #EMS open a patient who is not linked: found by ITI-18, fetched by ITI-43, until it ends',
  async (t) => {
    const ichiro = await byHospital(ICHIRO)
    const document = await published(ichiro)
    t.equal(await sees('clinic-b', ichiro, document), 'hidden kept')
    const opened = await open(sato, '１２３４７＃ｅｍｓ')
    t.equal(opened.status, 201, opened.text)
    t.match(opened.body, {
      state: 'opened',
      patientId: `${ichiro.value}^^^&${ichiro.authority}&ISO`,
      calendar: `/admin/v1/calendar/${ichiro.value}?facility=clinic-b`,
    })
    t.equal(await sees('clinic-b', ichiro, document), 'found fetched')
    t.equal(await sees('pharmacy-c', ichiro, document), 'found fetched', 'who was linked before')
    const { grantId, startedAt, endsAt } = opened.body
    t.equal(Date.parse(String(endsAt)) - Date.parse(String(startedAt)), 24 * 3600_000, 'a day when nothing else is set')
    t.strictSame(await alertsOf(grantId), [
      {
        type_code: '110127',
        outcome: 0,
        facility_id: 'clinic-b',
        patients: [`${ichiro.value}^^^&${ichiro.authority}&ISO`],
        reason: `emergency access ${grantId} opened for unreferred`,
        objects: {
          by: 'staff:sato',
          alert: `emergency access ${grantId} opened for unreferred`,
          emergency: [String(grantId)],
        },
      },
    ])
    const again = await open(sato, `${ICHIRO}#EMS`)
    t.equal(again.status, 200)
    t.match(again.body, { state: 'running', grantId })
    const reads = await rows<{ reason: string; emergency: readonly string[] }>(
      `select reason, objects->'emergency' as emergency from audit.event where system_id = 'clinic-b' and type_code in ('ITI-18', 'ITI-43') order by event_id desc limit 2`,
    )
    t.strictSame(
      reads.map(({ reason, emergency }) => `${reason} ${emergency}`),
      Array(2).fill(`permit: emergency access stands ${grantId}`),
      'ITI-18 and ITI-43 say under which emergency access',
    )
    await runOut('sato')
    t.equal(await sees('clinic-b', ichiro, document), 'hidden kept', 'over by time itself, whether or not it was ended')
  },
)

t.test('what ran out is ended once with its alert, whoever ends it at the same time (110138)', async (t) => {
  await Promise.all([endDue(pool), endDue(pool), endDue(pool)])
  const [grant] = await rows<{ grant_id: string; end_reason: string; ended_by: string; same: boolean }>(
    `select grant_id, end_reason, ended_by, ended_at = ends_at as same from access.emergency_grant where staff_id = 'sato'`,
  )
  t.match(grant, { end_reason: 'expired', ended_by: 'system', same: true })
  const alerts = await alertsOf(grant?.grant_id)
  t.strictSame(
    alerts.map(({ type_code }) => type_code),
    ['110127', '110138'],
  )
  t.match(alerts[1], { objects: { by: 'system' }, patients: [/ISO$/], facility_id: 'clinic-b' })
})

t.test(
  'the same user takes a patient again after a review only; a colleague need not wait (security b.5)',
  async (t) => {
    const refused = await open(sato, `${ICHIRO}#EMS`)
    t.equal(refused.status, 409)
    t.match(refused.body, { code: 'EMS_REVIEW_NEEDED', hint: /operator/, ja: /未確認/ })
    const suzuki = await staff('suzuki', { facilityId: 'clinic-b' })
    t.equal((await open(suzuki, `${ICHIRO}#EMS`)).status, 201)
    const [{ grantId } = { grantId: '' }] = (await call(operator, ['GET', '/emergency?state=ended'])).list
    for (const principal of [sato, clinicAdmin, hospitalAdmin])
      t.equal((await call(principal, ['POST', `/emergency/${grantId}/review`, { comment: 'fine' }])).status, 403)
    t.equal((await call(operator, ['POST', `/emergency/${grantId}/review`, { comment: '妥当' }])).status, 200)
    t.equal((await call(operator, ['POST', `/emergency/${grantId}/review`, { comment: 'again' }])).status, 200)
    t.match((await call(operator, ['GET', `/emergency/${grantId}`])).body, {
      reviewedBy: 'staff:operator',
      reviewComment: '妥当',
    })
    t.match(await open(sato, `${ICHIRO}#EMS`), { status: 201, body: { state: 'opened' } })
  },
)

t.test('without every field of the form nothing is opened and nothing is left (idlink E-2)', async (t) => {
  const before = await traces()
  for (const field of ['reason', 'consentKind', 'consentBy', 'chartNoted']) {
    const value = field === 'reason' ? 'too short' : field === 'chartNoted' ? false : undefined
    const answer = await open(sato, '0000012345#EMS', { [field]: value })
    t.equal(answer.status, 400, field)
    t.match(answer.body, { code: 'EMS_FORM_INCOMPLETE', message: new RegExp(field), ja: /必要/ })
  }
  for (const wrong of [
    { reasonCode: 'curiosity' },
    { reasonCode: undefined },
    { reason: undefined },
    { consentKind: 'none' },
    { facility: undefined },
    { facility: 'Hospital A' },
    { chartNoted: 'true' },
    { surplus: 1 },
  ])
    t.equal((await open(sato, '0000012345#EMS', wrong)).status, 400, JSON.stringify(wrong))
  for (const entry of ['0000012345', '#EMS', '', 'x'.repeat(201), 'a\u0000#EMS'])
    t.equal((await open(sato, entry)).status, 400, entry.slice(0, 20))
  t.equal(await traces(), before)
})

t.test(
  'who has not the EMS right in a facility opens nothing: host, operator, others, who left (idlink E-6)',
  async (t) => {
    const before = await traces()
    const without = await staff('ito', { facilityId: 'clinic-b', mayUseEms: false })
    const gone = await staff('kato', { facilityId: 'clinic-b' })
    const suspended = await staff('mori', { facilityId: 'clinic-b' })
    await pool.query(`update access.staff set valid_to = now() where staff_id = 'kato'`)
    await pool.query(`update access.staff set status = 'suspended' where staff_id = 'mori'`)
    const moved = { ...sato, facilityId: 'pharmacy-c' }
    const unknown = { ...sato, staffId: 'nobody' }
    const emsOperator = { ...operator, mayUseEms: true }
    const both = { ...emsOperator, roles: ['network-operator', 'clinician'] } as const
    for (const principal of [
      { kind: 'host' } as const,
      operator,
      emsOperator,
      both,
      without,
      gone,
      suspended,
      moved,
      unknown,
    ]) {
      const answer = await open(principal, `${ICHIRO}#EMS`)
      t.equal(answer.status, 403, JSON.stringify(principal))
      const isOfFacility = 'facilityId' in principal
      const isLetIn = isOfFacility || principal === both
      t.match(answer.body, { code: isLetIn ? 'EMS_RIGHT_REQUIRED' : 'ROLE_REQUIRED' })
    }
    t.equal(await traces(), before)
  },
)

t.test(
  'unknown number, no consent, no union, no facility, exclusion: one answer to the byte, counted, audited, limited',
  async (t) => {
    const guesser = await staff('guesser', { facilityId: 'clinic-b' })
    const pharmacist = await staff('pharmacist', { facilityId: 'pharmacy-c' })
    const since = (await rows<{ max: string }>('select max(event_id) from audit.event'))[0]?.max
    await admin.post(`/patients/${(await byHospital(ICHIRO)).value}/links`, {
      facilityId: 'network-east',
      id: 'E-1',
      reason: '登録',
    })
    const answers = [
      await open(guesser, '0000099999#EMS'),
      // 仮名 次郎 consented to nothing.
      await open(guesser, '0000012349#EMS'),
      await open(guesser, 'E-1#EMS', { facility: 'network-east' }),
      await open(guesser, `${ICHIRO}#EMS`, { facility: 'no-such-facility' }),
      await open(guesser, 'B-77#EMS', { facility: 'clinic-b' }),
      // 空想 翠 excluded the pharmacy.
      await open(pharmacist, '0000012352#EMS'),
    ]
    for (const answer of answers) {
      t.equal(answer.status, 404)
      t.strictSame(
        { text: answer.text, headers: answer.headers },
        { text: answers[0]?.text, headers: answers[0]?.headers },
      )
    }
    t.match(answers[0]?.body, { code: 'EMS_NOT_OPENED', message: /\w/, hint: /\w/, ja: /EMS/ })
    const limited = await open(guesser, '0000012349#EMS')
    t.equal(limited.status, 429)
    t.match(limited.body, { code: 'EMS_TOO_MANY' })
    t.equal((await open(guesser, `${ICHIRO}#EMS`)).status, 429, 'not even who could be opened')
    const colleague = await staff('colleague', { facilityId: 'clinic-b' })
    t.equal((await open(colleague, `${ICHIRO}#EMS`)).status, 201, 'the limit is the person’s')
    const audited = await rows<{ outcome: number; reason: string; patients: string[] }>(
      `select outcome, reason, patients from audit.event where event_id > $1 and type_code = '110132' order by event_id`,
      [since],
    )
    t.equal(audited.length, 8)
    for (const { outcome, reason, patients } of audited) {
      t.equal(outcome, 4)
      t.strictSame(patients, [])
      t.notMatch(reason, /12349|12347|99999/, 'no number in words')
    }
    await pool.query(`update access.emergency_miss set at = now() - interval '61 minutes' where staff_id = 'guesser'`)
    t.equal((await open(guesser, `${ICHIRO}#EMS`)).status, 201, 'an hour later')
  },
)

t.test(
  'a facility named by no individual consent is opened in an emergency too; who is linked needs no grant',
  async (t) => {
    const sakura = await byHospital('0000012348')
    const document = await published(sakura)
    const pharmacist = await staff('pharmacist-2', { facilityId: 'pharmacy-c' })
    t.equal(await sees('pharmacy-c', sakura, document), 'hidden kept')
    t.equal((await open(pharmacist, '0000012348#EMS')).status, 201)
    t.equal(await sees('pharmacy-c', sakura, document), 'found fetched')
    const before = await traces()
    const linked = await open(sato, '0000012345#EMS')
    t.equal(linked.status, 200)
    t.match(linked.body, { state: 'linked', patientId: /ISO$/, grantId: undefined })
    t.equal(await traces(), before)
  },
)

t.test('consent withdrawn and support stopped close what a grant opened, at once (ADR 24)', async (t) => {
  const noboru = await byHospital('0000012351')
  const document = await published(noboru)
  const doctor = await staff('doctor-2', { facilityId: 'clinic-b' })
  t.equal((await open(doctor, '0000012351#EMS')).status, 201)
  t.equal(await sees('clinic-b', noboru, document), 'found fetched')
  const key = `(select person_key from identity.identifier where domain = '${DOMAINS['hospital-a']}' and value = '0000012351')`
  await pool.query(`insert into access.support_stop (person_key, stopped_by, reason) values (${key}, 'test', 'wish')`)
  t.equal(await sees('clinic-b', noboru, document), 'hidden kept')
  await pool.query(`update access.support_stop set lifted_at = now(), lifted_by = 'test' where person_key = ${key}`)
  t.equal(await sees('clinic-b', noboru, document), 'found fetched')
  await pool.query(`update access.consent set withdrawn_at = now(), withdrawn_by = 'test' where person_key = ${key}`)
  t.equal(await sees('clinic-b', noboru, document), 'hidden kept')
  t.equal((await open(doctor, '0000012351#EMS')).status, 404, 'the grant that runs tells nothing any more')
  await pool.query(`update access.consent set withdrawn_at = null, withdrawn_by = null where person_key = ${key}`)
})

t.test('the same entry many times at once is one grant with one alert', async (t) => {
  const doctor = await staff('doctor-3', { facilityId: 'clinic-b' })
  const answers = await Promise.all(Array.from({ length: 6 }, () => open(doctor, '0000012351#EMS')))
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 201])
  const [{ grantId } = { grantId: undefined }] = answers.map(({ body }) => body)
  t.equal(new Set(answers.map(({ body }) => body.grantId)).size, 1)
  t.equal((await alertsOf(grantId)).length, 1)
  t.equal((await rows(`select from access.emergency_notice where grant_id = $1`, [grantId])).length, 1)
})

/** The next audit event of this type cannot be written: what it belongs to must not stand either. */
async function withoutAudit(typeCode: string, work: () => Promise<void>): Promise<void> {
  await pool.query(
    `create function audit.fail() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$`,
  )
  await pool.query(
    `create trigger fail before insert on audit.event for each row when (new.type_code = '${typeCode}') execute function audit.fail()`,
  )
  await work()
  await pool.query('drop trigger fail on audit.event')
  await pool.query('drop function audit.fail')
}

t.test('a grant, its notices and its alert stand together or not at all, and so does its end', async (t) => {
  const doctor = await staff('doctor-4', { facilityId: 'clinic-b' })
  const before = await traces()
  await withoutAudit('110127', async () => {
    t.equal((await open(doctor, '0000012351#EMS')).status, 500)
  })
  t.equal(await traces(), before)
  const { status, body } = await open(doctor, '0000012351#EMS')
  t.equal(status, 201)
  await withoutAudit('110138', async () => {
    await runOut('doctor-4')
    await t.rejects(endDue(pool))
    t.match(await rows('select ended_at from access.emergency_grant where grant_id = $1', [body.grantId]), [
      { ended_at: null },
    ])
  })
  await endDue(pool)
  t.strictSame(
    (await alertsOf(body.grantId)).map(({ type_code }) => type_code),
    ['110127', '110138'],
  )
})

t.test('it ends by hand, of the facility and of the operator, not of others (110138)', async (t) => {
  const doctor = await staff('doctor-5', { facilityId: 'clinic-b' })
  const { body } = await open(doctor, '0000012351#EMS')
  const path = `/emergency/${body.grantId}/end`
  t.equal((await call(hospitalAdmin, ['POST', path, { reason: 'ours' }])).status, 404)
  t.equal((await call(doctor, ['POST', path, {}])).status, 400)
  t.equal((await call(doctor, ['POST', path, { reason: '搬送先へ引継ぎ' }])).status, 200)
  t.equal((await call(operator, ['POST', path, { reason: 'again' }])).status, 200)
  t.match((await call(doctor, ['GET', `/emergency/${body.grantId}`])).body, {
    state: 'ended',
    endedBy: 'staff:doctor-5',
    endReason: '搬送先へ引継ぎ',
  })
  t.strictSame(
    (await alertsOf(body.grantId)).map(({ objects }) => objects.by),
    ['staff:doctor-5', 'staff:doctor-5'],
  )
  t.equal((await call(operator, ['POST', '/emergency/999999/end', { reason: 'x' }])).status, 404)
})

t.test('it ends when the normal link follows, and when the number turns out to be another person’s', async (t) => {
  const doctor = await staff('doctor-6', { facilityId: 'clinic-b' })
  const twin = await byHospital('0000012351')
  const document = await published(twin)
  const first = await open(doctor, '0000012351#EMS')
  await admin.post(`/patients/${twin.value}/links`, { facilityId: 'clinic-b', id: 'B-9001', reason: '登録' })
  await endDue(pool)
  const [ended] = await rows<{ end_reason: string }>(
    'select end_reason from access.emergency_grant where grant_id = $1',
    [first.body.grantId],
  )
  t.equal(ended?.end_reason, 'normal access follows')
  t.equal(await sees('clinic-b', twin, document), 'found fetched', 'by the link now')
  await admin.delete(`/patients/${twin.value}/links/clinic-b/B-9001`)
  const other = await staff('doctor-7', { facilityId: 'clinic-b' })
  const second = await open(other, '0000012351#EMS')
  t.equal(second.status, 201)
  await admin.delete(`/patients/${twin.value}/links/hospital-a/0000012351`)
  await endDue(pool)
  t.match(await rows('select end_reason from access.emergency_grant where grant_id = $1', [second.body.grantId]), [
    { end_reason: 'the number is another person’s' },
  ])
})

t.test(
  'a number of one’s own ends it where the consents give as much then, and not before (docs/adr/0031)',
  async (t) => {
    const doctor = await staff('doctor-11', { facilityId: 'clinic-b' })
    const patient = await byHospital('0000012353')
    const path = `/patients/${patient.value}`
    const consent = (...facilities: readonly string[]) =>
      admin.post(`${path}/consents`, { kind: 'individual', facilities })
    const standing = (await admin.get(`${path}/consents`)).body as readonly { readonly consentId: string }[]
    for (const { consentId } of standing) await admin.post(`/consents/${consentId}/withdraw`, { reason: '個別同意へ' })
    t.equal((await consent('hospital-a', 'pharmacy-c')).status, 201)
    t.equal((await consent('clinic-b', 'pharmacy-c')).status, 201)
    const document = await published(patient)
    t.equal(await sees('clinic-b', patient, document), 'hidden kept', 'no consent names both')
    const { status, body } = await open(doctor, '0000012353#EMS')
    t.equal(status, 201)
    await endDue(pool)
    t.equal(await sees('clinic-b', patient, document), 'found fetched', 'the link alone does not open it')
    t.equal((await consent('hospital-a', 'clinic-b')).status, 201)
    await endDue(pool)
    t.match(await rows('select end_reason from access.emergency_grant where grant_id = $1', [body.grantId]), [
      { end_reason: 'normal access follows' },
    ])
    t.equal(await sees('clinic-b', patient, document), 'found fetched', 'by consent and link now')
  },
)

t.test('every audit event of this is a message by the tables of its transaction (ITI TF-2 3.20.4.1)', async (t) => {
  const rendered = await renderedEvents(pool)
  t.same(faultsOf(rendered), [])
})
