// Staff, accounts and sessions over the admin API on a real PostgreSQL (idlink, S-2 to S-5, L-3; security e.36, f).

import t from 'tap'
import { login } from '../../src/access/accounts/login.ts'
import { sessionDigest } from '../../src/access/accounts/one-time.ts'
import { changePassword } from '../../src/access/accounts/own-account.ts'
import { accountPorts } from '../../src/app/accounts.ts'
import { endLapsedSessions, endSessions } from '../../src/db/access/sessions.ts'
import { transaction } from '../../src/db/pool.ts'
import { TEST_PASSWORDS } from '../access/passwords.ts'
import { faultsOf, renderedEvents } from '../audit/rendered.ts'
import { openAdministration } from './administration.ts'
import { amidStep, type Call, codeOf, enterPerson, firstLogin, type NewPerson, newPassword } from './persons.ts'

t.setTimeout(120_000)

const { call: send, url, pool, config, auditRows, logged } = await openAdministration(t)
const call: Call = (method, path, { body, session } = {}) =>
  send(method, path, body, session === undefined ? {} : { authorization: `Bearer ${session}` })

for (const [index, facilityId] of ['clinic-a', 'clinic-b'].entries())
  await send('POST', '/facilities', {
    facilityId,
    oid: `2.25.100${index}`,
    name: facilityId === 'clinic-a' ? '架空医院' : '見本医院',
    kind: 'viewing',
    patientDomain: { oid: `2.25.200${index}`, name: facilityId.toUpperCase() },
  })

const administratorA = await enterPerson(call, person('admin-a', ['facility-administrator'], 'clinic-a'))
const administratorB = await enterPerson(call, person('admin-b', ['facility-administrator'], 'clinic-b'))
const clinician = await enterPerson(call, person('sato', ['clinician'], 'clinic-a', 'doctor'), {
  by: administratorA.session,
})

function person(staffId: string, roles: NewPerson['roles'], facilityId?: string, job = 'clerk'): NewPerson {
  return { staffId, roles, job, ...(facilityId === undefined ? {} : { facilityId }) }
}

async function logIn(user: string, password: string, oneTimeCode?: string) {
  return call('POST', '/login', { body: { user, password, ...(oneTimeCode === undefined ? {} : { oneTimeCode }) } })
}

/** The wait after failures is not what this test is about. */
async function unlockAll(): Promise<void> {
  await pool.query('delete from access.login_guard')
}

t.beforeEach(unlockAll)

const me = async (session: string) => (await call('GET', '/me', { session })).status
const staffIds = (answer: { body: unknown }) => (answer.body as { staffId: string }[]).map(({ staffId }) => staffId)

t.test('a job is mandatory, a role fits the person, and a system is no person (idlink A-9)', async (t) => {
  const nurse = { ...person('nurse-1', ['clinician'], 'clinic-a', 'nurse'), name: '看護 花子' }
  const { job: _, ...jobless } = nurse
  const by = { session: administratorA.session }
  t.match(await call('POST', '/staff', { body: jobless, ...by }), {
    status: 400,
    body: { message: /"job" is required/ },
  })
  for (const wrong of [
    { ...nurse, job: 'system' },
    { ...nurse, job: 'wizard' },
    { ...nurse, roles: ['network-operator'] },
    { ...nurse, roles: ['auditor'] },
    { ...nurse, roles: ['registrar'], mayUseEms: true },
    { ...nurse, validFrom: '2027-04-01T00:00:00+09:00', validTo: '2027-03-31T00:00:00+09:00' },
    { ...nurse, staffId: 'Nurse 1' },
    { ...nurse, password: 'x' },
  ])
    t.match(await call('POST', '/staff', { body: wrong, ...by }), { status: 400, body: { ja: /\S/, hint: /\S/ } })
  t.match(await call('POST', '/staff', { body: nurse, ...by }), {
    status: 201,
    body: { job: 'nurse', account: 'none' },
  })
  t.match(await call('POST', '/staff', { body: nurse, ...by }), { status: 200 }, 'the same again')
  t.match(await call('POST', '/staff', { body: { ...nurse, job: 'clerk' }, ...by }), { status: 409 })
  t.match(await call('POST', '/staff', { body: { ...nurse, staffId: 'x', facilityId: 'nobody' } }), { status: 403 })
  t.match(await call('POST', '/staff', { body: { ...person('x', ['facility-administrator'], 'nobody'), name: 'x' } }), {
    status: 404,
  })
})

t.test('the network enters administrators, they enter their own staff (idlink A-7)', async (t) => {
  const registrar = person('reg-a', ['registrar'], 'clinic-a')
  t.match(await call('POST', '/staff', { body: { ...registrar, name: '登録 係' } }), {
    status: 403,
    body: { code: 'NOT_YOURS' },
  })
  const both = person('both', ['facility-administrator', 'clinician'], 'clinic-a', 'doctor')
  t.match(await call('POST', '/staff', { body: { ...both, name: '両方' } }), { status: 403 })
  const operator = { ...person('op', ['network-operator']), name: '運用 者' }
  t.match(await call('POST', '/staff', { body: operator, session: administratorA.session }), { status: 403 })
  t.match(await call('POST', '/staff', { body: { ...registrar, name: '登録 係' }, session: administratorA.session }), {
    status: 201,
  })
  t.match(
    await call('PATCH', '/staff/reg-a', { body: { roles: ['registrar', 'clinician'] } }),
    { status: 403 },
    'the network changes nobody into a clinician',
  )
  t.match(await call('PATCH', '/staff/sato', { body: { roles: ['facility-administrator'] } }), { status: 403 })
  t.match(
    await call('POST', '/staff/sato/access-code', { body: { reason: 'test' } }),
    { status: 403 },
    'nor gets a way into a clinician’s account',
  )
})

t.test('an administrator sees and touches the staff of the own facility only (idlink A-7)', async (t) => {
  const { session } = administratorB
  t.strictSame(staffIds(await call('GET', '/staff', { session })), ['admin-b'])
  t.match(await call('GET', '/staff?facility=clinic-a', { session }), { status: 404 })
  t.match(await call('POST', '/staff', { body: { ...person('spy', ['clinician'], 'clinic-a'), name: 'x' }, session }), {
    status: 404,
  })
  const reason = 'test'
  const nobody = { code: 'NOT_FOUND' }
  for (const [method, path, body] of [
    ['GET', '/staff/sato'],
    ['GET', '/staff/sato/history'],
    ['PATCH', '/staff/sato', { name: 'x' }],
    ['POST', '/staff/sato/suspend', { reason }],
    ['POST', '/staff/sato/resume', { reason }],
    ['POST', '/staff/sato/end', { reason }],
    ['POST', '/staff/sato/access-code', { reason }],
    ['POST', '/staff/sato/unlock', { reason }],
    ['GET', '/facilities/clinic-a/idle-minutes'],
    ['PUT', '/facilities/clinic-a/idle-minutes', { minutes: 5 }],
  ] as const)
    t.match(await call(method, path, { body, session }), { status: 404, body: nobody }, `${method} ${path}`)
  t.ok(staffIds(await call('GET', '/staff')).includes('admin-a'), 'the network sees all')
  t.match(await call('GET', '/staff', { session: clinician.session }), { status: 403 })
})

t.test(
  'history says who changed what, and the audit has each change as one of security attributes (110137)',
  async (t) => {
    const by = { session: administratorA.session }
    const before = (await auditRows()).length
    t.match(await call('PATCH', '/staff/sato', { body: { mayUseEms: true, reason: '当直' }, ...by }), { status: 200 })
    t.match(await call('PATCH', '/staff/sato', { body: { mayUseEms: true }, ...by }), { status: 200 })
    const events = (await auditRows()).slice(before)
    t.match(events, [
      { event_code: '110113', reason: 'person sato changed: mayUseEms', objects: { by: 'staff:admin-a' } },
    ])
    t.equal(events.length, 1, 'what changes nothing leaves no event')
    const history = (await call('GET', '/staff/sato/history', by)).body as unknown as Record<string, unknown>[]
    t.match(history[0], { changedBy: 'staff:admin-a', reason: '当直', state: { mayUseEms: true, job: 'doctor' } })
    t.equal(history.at(-1)?.operation, 'person sato entered')
    t.match((await call('GET', '/me', { session: clinician.session })).body, { mayUseEms: true })
    await call('PATCH', '/staff/sato', { body: { mayUseEms: false }, ...by })
  },
)

t.test('nobody gives the own entry roles, states or access codes', async (t) => {
  const { session } = administratorA
  const reason = 'test'
  for (const [method, path, body] of [
    ['PATCH', '/staff/admin-a', { roles: ['facility-administrator', 'clinician'] }],
    ['PATCH', '/staff/admin-a', { validTo: null }],
    ['POST', '/staff/admin-a/suspend', { reason }],
    ['POST', '/staff/admin-a/access-code', { reason }],
    ['POST', '/staff/admin-a/unlock', { reason }],
  ] as const)
    t.match(await call(method, path, { body, session }), { status: 403, body: { code: 'YOURSELF' } }, path)
  t.match(await call('PATCH', '/staff/admin-a', { body: { name: '管理 太郎' }, session }), { status: 200 })
})

t.test('an access code opens nothing but the own account, until there is an own password (idlink S-3)', async (t) => {
  const by = { session: administratorA.session }
  await call('POST', '/staff', { body: { ...person('new-1', ['registrar'], 'clinic-a'), name: '新人' }, ...by })
  const reason = 'first'
  const { accessCode } = (await call('POST', '/staff/new-1/access-code', { body: { reason }, ...by })).body
  const entered = await logIn('new-1', String(accessCode))
  t.match(entered, { status: 200, body: { pending: ['password'], roles: [] } })
  const session = String(entered.body.session)
  t.match(await call('GET', '/patients?id=1', { session }), { status: 403, body: { code: 'PASSWORD_CHANGE_REQUIRED' } })
  t.match(await call('GET', '/me', { session }), { status: 200 })
  const next = newPassword()
  t.match(await call('POST', '/me/password', { body: { current: 'wrong', next }, session }), { status: 401 })
  const own = await call('POST', '/me/password', { body: { current: accessCode, next }, session })
  t.match(own, { status: 200 })
  t.equal(await me(session), 401, 'the former session has ended')
  t.match(await call('GET', '/me', { session: String(own.body.session) }), {
    status: 200,
    body: { pending: [], roles: ['registrar'] },
  })
  t.match(await logIn('new-1', String(accessCode)), { status: 401 }, 'the access code is used up')
  t.match(await logIn('NEW-1 ', next), { status: 200 }, 'the name in other letters')
})

t.test('a new access code makes the former password useless, and ends every session (idlink S-4)', async (t) => {
  const by = { session: administratorA.session }
  const lost = await enterPerson(call, person('lost', ['clinician'], 'clinic-a', 'nurse'), {
    by: by.session,
    secondFactor: true,
  })
  const { accessCode } = (await call('POST', '/staff/lost/access-code', { body: { reason: '紛失' }, ...by })).body
  t.equal(await me(lost.session), 401)
  t.match(await logIn('lost', lost.password, codeOf(lost.secret ?? '')), {
    status: 401,
    body: { code: 'LOGIN_REFUSED' },
  })
  t.match(await logIn('lost', String(accessCode)), { status: 401, body: { code: 'SECOND_FACTOR_REQUIRED' } })
  const body = { reason: '紛失', secondFactor: 'reset' }
  const again = (await call('POST', '/staff/lost/access-code', { body, ...by })).body
  t.match(await logIn('lost', String(accessCode)), { status: 401 }, 'so does a newer access code')
  const back = await firstLogin(call, { staffId: 'lost', accessCode: String(again.accessCode), secondFactor: false })
  t.equal(await me(back.session), 200)
  const before = await call('POST', '/me/password', {
    body: { current: back.password, next: lost.password },
    session: back.session,
  })
  t.match(before, { status: 400, body: { message: /used before/ } }, 'the lost one is remembered')
})

t.test('an access code ends after a week, an account that nobody used after 90 days', async (t) => {
  const by = { session: administratorA.session }
  await call('POST', '/staff', { body: { ...person('late', ['registrar'], 'clinic-a'), name: '遅刻' }, ...by })
  const { accessCode } = (await call('POST', '/staff/late/access-code', { body: { reason: 'x' }, ...by })).body
  await pool.query(`update access.account set ends_at = now() - interval '1 second' where staff_id = 'late'`)
  t.match(await logIn('late', String(accessCode)), { status: 401, body: { code: 'LOGIN_REFUSED' } })
  const idle = await enterPerson(call, person('idle', ['registrar'], 'clinic-a'), { by: by.session })
  const unusedFor = (days: number) =>
    pool.query(`update access.account set used_at = now() - $1 * interval '1 day' where staff_id = 'idle'`, [days])
  await unusedFor(89.9)
  t.match(await logIn('idle', idle.password), { status: 200 })
  await unusedFor(90.1)
  t.match(await logIn('idle', idle.password), { status: 401, body: { code: 'LOGIN_REFUSED' } })
  t.match(await call('GET', '/staff/idle', by), { body: { account: 'unused' } })
  await call('POST', '/staff/idle/access-code', { body: { reason: 'back' }, ...by })
  t.match(await call('GET', '/staff/idle', by), { body: { account: 'access-code' } })
})

t.test('roles that need a second factor open nothing without it; a code is taken once (RFC 6238 5.2)', async (t) => {
  await call('POST', '/staff', { body: { ...person('op-2', ['network-operator']), name: '運用 二' } })
  const { accessCode } = (await call('POST', '/staff/op-2/access-code', { body: { reason: 'x' } })).body
  const half = await firstLogin(call, { staffId: 'op-2', accessCode: String(accessCode), secondFactor: false })
  const { session } = half
  t.match(await call('GET', '/facilities', { session }), {
    status: 403,
    body: { code: 'SECOND_FACTOR_SETUP_REQUIRED' },
  })
  t.match(await call('POST', '/me/second-factor/confirm', { body: { oneTimeCode: '123456' }, session }), {
    status: 409,
  })
  const { secret, uri } = (await call('POST', '/me/second-factor', { session })).body as Record<string, string>
  t.match(uri, /^otpauth:\/\/totp\/Tsunagi:op-2\?/)
  t.match(
    await call('POST', '/me/second-factor/confirm', { body: { oneTimeCode: codeOf(secret ?? '', 40) }, session }),
    { status: 400 },
  )
  await amidStep()
  const confirmed = await call('POST', '/me/second-factor/confirm', {
    body: { oneTimeCode: codeOf(secret ?? '', -1) },
    session,
  })
  t.match(confirmed, { status: 200 })
  t.equal(await me(session), 401, 'a new session with more rights')
  const full = String(confirmed.body.session)
  t.match(await call('GET', '/facilities', { session: full }), { status: 200 })
  t.match(await call('POST', '/me/second-factor', { session: full }), { status: 409 }, 'one in use is not replaced')
  t.match(await logIn('op-2', half.password), { status: 401, body: { code: 'SECOND_FACTOR_REQUIRED' } })
  const refused = { status: 401, body: { code: 'LOGIN_REFUSED' } }
  t.match(await logIn('op-2', half.password, codeOf(secret ?? '', -1)), refused, 'the code of the set-up')
  await unlockAll()
  const code = codeOf(secret ?? '')
  const twice = await Promise.all([logIn('op-2', half.password, code), logIn('op-2', half.password, code)])
  t.strictSame(twice.map(({ status }) => status).sort(), [200, 401], 'of two at once one')
  await unlockAll()
  t.match(await logIn('op-2', half.password, code), refused)
  await unlockAll()
  t.match(await logIn('op-2', 'wrong', codeOf(secret ?? '', 1)), refused)
  t.match(
    await logIn('op-2', half.password, codeOf(secret ?? '', 1)),
    { status: 200 },
    'a wrong password uses up no code',
  )
  const [recovery = ''] = confirmed.body.recoveryCodes as string[]
  t.match(await logIn('op-2', half.password, recovery.toUpperCase()), { status: 200 })
  t.match(await logIn('op-2', half.password, recovery), refused, 'once')
  t.strictSame((confirmed.body.recoveryCodes as string[]).length, 10)
})

t.test(
  'the secret of a second factor is sealed, sessions and codes are digests, passwords have their parameters',
  async (t) => {
    const { rows } = await pool.query(
      `select a.*, f.secret from access.account a join access.second_factor f using (staff_id) where staff_id = 'admin-a'`,
    )
    t.match(rows[0], { cost_n: 1024, block_r: 8, parallel_p: 1 })
    t.equal(rows[0].salt.length, 16)
    t.equal(rows[0].secret.length, 12 + 16 + 20)
    const dump = JSON.stringify(
      (
        await pool.query(
          `select row_to_json(s)::text as row from access.session s union all select row_to_json(r)::text from access.recovery_code r`,
        )
      ).rows,
    )
    for (const secret of [administratorA.session, ...administratorA.recoveryCodes]) t.notMatch(dump, secret)
  },
)

t.test('wrong name, wrong password, closed account: the same bytes (security e.36)', async (t) => {
  const answers = []
  const gone = await enterPerson(call, person('gone', ['registrar'], 'clinic-a'), { by: administratorA.session })
  await call('POST', '/staff/gone/suspend', { body: { reason: 'x' }, session: administratorA.session })
  for (const [user, password] of [
    ['sato', 'wrong password 1'],
    ['nobody-at-all', 'wrong password 1'],
    ['gone', gone.password],
    ['admin-a', 'wrong password 1'],
    ["'; drop table access.staff --", 'x'],
  ] as const)
    answers.push(await logIn(user, password))
  for (const answer of answers) t.strictSame(answer, answers[0])
  t.match(answers[0], { status: 401, body: { code: 'LOGIN_REFUSED', hint: /\w/, ja: /施設の管理者/ } })
})

t.test('five failures lock the name, whether anybody has it, and the right password waits too', async (t) => {
  for (const user of ['sato', 'nobody-has-this-name']) {
    const failed = async () => {
      const answer = await logIn(user, 'wrong password 1')
      await pool.query('update access.login_guard set blocked_until = null where failures > 0')
      return answer.status
    }
    const statuses = [await failed(), await failed(), await failed(), await failed(), await failed(), await failed()]
    t.strictSame(statuses, [401, 401, 401, 401, 401, 429], user)
  }
  const locked = await logIn('sato', clinician.password)
  t.match(locked, { status: 429, body: { code: 'LOGIN_WAIT', ja: /ロック/ } })
  const strange = await logIn('nobody-has-this-name', clinician.password)
  t.strictSame(
    { ...strange.body, message: '' },
    { ...locked.body, message: '', ja: strange.body.ja },
    'nothing tells the two apart but the seconds',
  )
  const body = { reason: '本人確認' }
  t.match(await call('POST', '/staff/sato/unlock', { body, session: administratorA.session }), { status: 200 })
  t.match(await logIn('sato', clinician.password), { status: 200 })
})

t.test('who was told to come again was not judged, and did not fail: a flood locks nobody out', async (t) => {
  const busy = await accountPorts({ config, pool }, { ...TEST_PASSWORDS, atOnce: 0, waiting: 0 })
  const from = { address: '127.0.0.1', peer: '127.0.0.1:1' }
  const own = { ...from, staffId: 'sato', secondFactor: false }
  const change = { by: 'staff:sato', peer: from.peer, operation: 'test' }
  const thrown = (error: unknown): unknown => error
  const BUSY = { row: { code: 'BUSY' } }
  for (let attempt = 0; attempt < 4; attempt += 1) {
    t.match(await login({ ...from, user: 'sato', password: clinician.password }, busy).catch(thrown), BUSY)
    const next = newPassword()
    t.match(await changePassword({ current: clinician.password, next, own, change }, busy).catch(thrown), BUSY)
  }
  t.match(await logIn('sato', clinician.password), { status: 200 })
})

t.test('a log-on with a password that is replaced while it is compared opens nothing (idlink S-4)', async (t) => {
  const { session, password } = await enterPerson(call, person('mori', ['clinician'], 'clinic-a', 'doctor'), {
    by: administratorA.session,
  })
  const ports = await accountPorts({ config, pool }, TEST_PASSWORDS)
  const next = newPassword()
  const slow = {
    ...ports,
    hasher: {
      ...ports.hasher,
      verify: async (...compared: Parameters<typeof ports.hasher.verify>) => {
        const isRight = await ports.hasher.verify(...compared)
        t.match(await call('POST', '/me/password', { session, body: { current: password, next } }), { status: 200 })
        return isRight
      },
    },
  }
  const entered = await login({ user: 'mori', password, address: '127.0.0.2', peer: '127.0.0.2:1' }, slow)
  t.same(entered, { kind: 'refused' })
  const { rows } = await pool.query(
    `select count(*)::int as open from access.session where staff_id = 'mori' and ended_at is null`,
  )
  t.same(rows, [{ open: 1 }], 'the one of whoever replaced it')
  t.match(await logIn('mori', next), { status: 200 })
})

t.test('attempts that come together are each counted before the next is let in', async (t) => {
  const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => logIn('sato', `wrong password ${index}`)))
  t.ok(answers.filter(({ status }) => status === 401).length <= 2, 'the others wait')
  t.ok(answers.every(({ status }) => status === 401 || status === 429))
})

t.test('log-on, failure and log-off are in the audit, and what was typed is not (L-3; DICOM 110114)', async (t) => {
  const before = (await auditRows()).length
  const typed = 'this-is-a-password-in-the-wrong-field'
  await logIn(typed, typed)
  await logIn('sato', typed)
  await unlockAll()
  const entered = await logIn('sato', clinician.password)
  await call('POST', '/logout', { session: String(entered.body.session) })
  const { rows } = await pool.query(
    'select event_code, type_code, outcome, facility_id, objects, reason from audit.event order by event_id offset $1',
    [before],
  )
  t.strictSame(rows, [
    {
      event_code: '110114',
      type_code: '110122',
      outcome: 4,
      facility_id: null,
      objects: { by: 'unknown user' },
      reason: 'unknown user',
    },
    {
      event_code: '110114',
      type_code: '110122',
      outcome: 4,
      facility_id: 'clinic-a',
      objects: { by: 'staff:sato' },
      reason: 'wrong password',
    },
    {
      event_code: '110114',
      type_code: '110122',
      outcome: 0,
      facility_id: 'clinic-a',
      objects: { by: 'staff:sato' },
      reason: 'logged on',
    },
    {
      event_code: '110114',
      type_code: '110123',
      outcome: 0,
      facility_id: 'clinic-a',
      objects: { by: 'staff:sato' },
      reason: 'logged off',
    },
  ])
  t.equal(await me(String(entered.body.session)), 401)
  const { rows: guards } = await pool.query('select encode(subject, $1) as subject from access.login_guard', ['escape'])
  t.notMatch(JSON.stringify(guards), typed)
})

t.test(
  'suspended, ended, out of time, facility suspended: the next request of an open session is refused (idlink A-6, R-7)',
  async (t) => {
    const by = { session: administratorA.session }
    const reason = 'test'
    const nurse = await enterPerson(call, person('nurse-2', ['clinician'], 'clinic-a', 'nurse'), { by: by.session })
    const open = async () => String((await logIn('nurse-2', nurse.password)).body.session)
    const session = await open()
    const { accounts: elsewhere } = await accountPorts({ config, pool })
    t.ok(await elsewhere.session(sessionDigest(session)), 'a session opens every process')
    t.equal(await me(session), 200)
    t.match(await call('POST', '/staff/nurse-2/suspend', { body: { reason }, ...by }), { status: 200 })
    t.equal(await me(session), 401, 'suspended')
    t.equal(await elsewhere.session(sessionDigest(session)), undefined, 'nor does any other process take it')
    t.match(await logIn('nurse-2', nurse.password), { status: 401 })
    await unlockAll()
    t.match(await call('POST', '/staff/nurse-2/resume', { body: { reason }, ...by }), { status: 200 })
    t.equal(await me(session), 401, 'resumed: a new log-on, not the old session')
    const second = await open()
    const past = { validTo: new Date(Date.now() - 1000).toISOString(), validFrom: '2026-01-01T00:00:00+09:00' }
    t.match(await call('PATCH', '/staff/nurse-2', { body: past, ...by }), { status: 200 })
    t.equal(await me(second), 401, 'expired')
    await call('PATCH', '/staff/nurse-2', { body: { validTo: null }, ...by })
    t.equal(await me(second), 200)
    await send('PATCH', '/facilities/clinic-a', { status: 'suspended' })
    t.equal(await me(second), 401, 'facility suspended')
    t.equal(await me(by.session), 401)
    t.match(await logIn('nurse-2', nurse.password), { status: 401 })
    await unlockAll()
    await send('PATCH', '/facilities/clinic-a', { status: 'active' })
    t.equal(await me(second), 401, 'and what was open before stays closed')
    // The further tests go on with the sessions they have.
    await pool.query(`delete from access.facility_status where facility_id = 'clinic-a'`)
    t.match(await call('POST', '/staff/nurse-2/suspend', { body: { reason } }), { status: 200 }, 'by the network')
    t.match(
      await call('POST', '/staff/nurse-2/resume', { body: { reason }, ...by }),
      { status: 403, body: { code: 'NOT_YOURS' } },
      'whom the network stopped, the facility does not let in again',
    )
    t.match(await call('POST', '/staff/nurse-2/resume', { body: { reason } }), { status: 200 })
    for (const first of [by, {}]) {
      // Twice, as whoever is not sure whether the first time was heard.
      for (const who of [first, first === by ? {} : by, first])
        t.match(await call('POST', '/staff/nurse-2/suspend', { body: { reason }, ...who }), { status: 200 })
      t.match(
        await call('POST', '/staff/nurse-2/resume', { body: { reason }, ...by }),
        { status: 403, body: { code: 'NOT_YOURS' } },
        'nor whom both have stopped, whoever was first',
      )
      const said = (await call('GET', '/staff/nurse-2/history')).body as unknown as { operation: string }[]
      const times = said.findIndex(({ operation }) => !operation.endsWith(' suspended'))
      t.equal(times, 2, 'each of them once')
      t.match(await call('POST', '/staff/nurse-2/resume', { body: { reason } }), { status: 200 })
    }
    const third = await open()
    t.match(await call('POST', '/staff/nurse-2/end', { body: { reason }, ...by }), { status: 200 })
    t.equal(await me(third), 401, 'ended')
    t.match(await call('POST', '/staff/nurse-2/resume', { body: { reason }, ...by }), { status: 409 }, 'for good')
    t.match(await call('POST', '/staff/nurse-2/access-code', { body: { reason }, ...by }), { status: 409 })
  },
)

t.test(
  'log-off after 1 to 180 idle minutes, of the network or of the facility; 0 and 181 are refused (idlink S-5)',
  async (t) => {
    const by = { session: administratorA.session }
    const path = '/facilities/clinic-a/idle-minutes'
    t.match((await call('GET', path, by)).body, { minutes: 30, origin: 'network' })
    for (const minutes of [0, 181, -1, 1.5, '5'])
      t.match(
        await call('PUT', path, { body: { minutes }, ...by }),
        { status: 400, body: { message: /minutes/ } },
        String(minutes),
      )
    const idleFor = (session: string, minutes: number) =>
      pool.query(
        `update access.session set used_at = now() - $1 * interval '1 minute' where session_hash = sha256($2::bytea)`,
        [minutes, session],
      )
    const session = String((await logIn('sato', clinician.password)).body.session)
    await idleFor(session, 29.9)
    t.equal(await me(session), 200)
    t.equal(await me(session), 200, 'the request counts as use')
    await idleFor(session, 30.1)
    t.equal(await me(session), 401)
    const next = String((await logIn('sato', clinician.password)).body.session)
    for (const minutes of [1, 180]) {
      t.match(await call('PUT', path, { body: { minutes }, ...by }), { status: 200 })
      await idleFor(next, minutes - 0.1)
      t.equal(await me(next), 200, `within ${minutes}`)
    }
    t.match((await call('GET', '/me', { session: next })).body, { idleMinutes: 180 })
    await idleFor(next, 180.1)
    t.equal(await me(next), 401)
    t.match(await call('PUT', path, { body: { minutes: null }, ...by }), { status: 200 })
    t.match((await call('GET', path, by)).body, { minutes: 30, origin: 'network' })
  },
)

t.test(
  'who is logged off without asking is audited so: run out, too many, password changed (PS3.15 A.5.3.12)',
  async (t) => {
    const { password } = await enterPerson(call, person('away', ['registrar'], 'clinic-a'), {
      by: administratorA.session,
    })
    await transaction(pool, (client) => endSessions(client, 'away', 'before'))
    await endLapsedSessions(pool, 30)
    const session = String((await logIn('away', password)).body.session)
    const stays = String((await logIn('away', password)).body.session)
    const before = (await auditRows()).length
    await pool.query(
      `update access.session set used_at = now() - interval '31 minutes' where session_hash = sha256($1::bytea)`,
      [session],
    )
    t.equal(await endLapsedSessions(pool, 30), 1)
    t.equal(await endLapsedSessions(pool, 30), 0, 'each of them once')
    t.equal(await me(stays), 200)
    await transaction(pool, (client) => endSessions(client, 'away', 'password changed'))
    const { rows } = await pool.query(
      'select type_code, outcome, facility_id, peer, objects, reason from audit.event order by event_id offset $1',
      [before],
    )
    const loggedOff = {
      type_code: '110123',
      outcome: 0,
      facility_id: 'clinic-a',
      peer: /^127\.0\.0\.1:\d+$/,
      objects: { by: 'staff:away', automatic: true },
    }
    t.match(rows, [
      { ...loggedOff, reason: 'ran out' },
      { ...loggedOff, reason: 'password changed' },
    ])
    t.equal(rows.length, 2)
    const [message] = (await renderedEvents(pool)).slice(-1)
    t.match(message?.message.participants, [{}, { userId: 'staff:away', isRequestor: false }])
  },
)

t.test('a session ends after twelve hours, however much is asked for; each log-on is a new one', async (t) => {
  const one = String((await logIn('sato', clinician.password)).body.session)
  const other = String((await logIn('sato', clinician.password)).body.session)
  t.not(one, other)
  t.match(one, /^[A-Za-z0-9_-]{43}$/, '256 random bits')
  const { rows } = await pool.query(
    'select extract(epoch from ends_at - started_at)::int as s from access.session where session_hash = sha256($1::bytea)',
    [one],
  )
  t.equal(rows[0].s, 12 * 3600)
  await pool.query('update access.session set ends_at = now() where session_hash = sha256($1::bytea)', [one])
  t.equal(await me(one), 401)
  t.equal(await me(other), 200)
})

t.test('/me tells of other open sessions of the person (idlink S-3)', async (t) => {
  const lonely = await enterPerson(call, person('two-places', ['registrar'], 'clinic-a'), {
    by: administratorA.session,
  })
  t.match((await call('GET', '/me', { session: lonely.session })).body, {
    staffId: 'two-places',
    facilityId: 'clinic-a',
    others: [],
  })
  const entered = await logIn('two-places', lonely.password)
  t.equal((entered.body.others as unknown[]).length, 1)
  const { others } = (await call('GET', '/me', { session: lonely.session })).body as {
    others: Record<string, unknown>[]
  }
  t.equal(others.length, 1)
  t.match(others[0], { startedAt: /^\d{4}-/, peer: /^127\./ })
  t.notMatch(JSON.stringify(others), String(entered.body.session))
})

t.test('a session opens what its roles open, and no token of ours is anybody’s', async (t) => {
  const { session } = clinician
  t.match(await call('GET', '/staff', { session }), { status: 403, body: { code: 'ROLE_REQUIRED' } })
  t.match(await call('GET', '/me', { session: 'A'.repeat(43) }), { status: 401, body: { code: 'SESSION_ENDED' } })
  t.match((await call('GET', '/me')).body, { kind: 'host', roles: ['network-operator'] })
  t.match(
    await call('POST', '/me/password', { body: { current: 'x', next: 'y' } }),
    { status: 409 },
    'the host has no account',
  )
  const { status } = await send('GET', '/me', undefined, {
    authorization: `Bearer ${session}`,
    origin: 'https://evil.example',
  })
  t.equal(status, 403, 'never from a web page')
})

t.test(
  'a prototype, a member of nobody, control characters: refused, and nothing is repeated (security e.33, e.35)',
  async (t) => {
    const post = async (body: string) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${url}/admin/v1/login`, { method: 'POST', headers, body })
      return { status: response.status, text: await response.text() }
    }
    for (const body of [
      '{"user":"sato","password":"planted-1","__proto__":{"roles":["network-operator"]}}',
      '{"user":"sato","password":"planted-1","constructor":{"prototype":{"x":1}}}',
      '{"user":"sato","password":"planted-1","roles":["network-operator"]}',
      '{"user":"sa\\u0000to","password":"planted-1"}',
      '{"user":{"$ne":""},"password":"planted-1"}',
      '{"user":["sato"],"password":["planted-1"]}',
      '{"user":"sato"}',
      'planted-1',
    ]) {
      const answer = await post(body)
      t.equal(answer.status, 400, body)
      t.notMatch(answer.text, 'planted-1', body)
    }
    const injected = 'sato\r\n\u001b[31m{"level":50}\u202e'
    t.equal((await logIn(injected, 'planted-1')).status, 401)
    t.notMatch(JSON.stringify(logged), 'planted-1')
    t.notMatch(JSON.stringify(await auditRows()), 'planted-1')
    t.notMatch(JSON.stringify(await auditRows()), '\u202e')
  },
)

t.test('refused passwords say which rule, in both languages, and repeat nothing', async (t) => {
  const { session, password } = await enterPerson(call, person('picky', ['registrar'], 'clinic-a'), {
    by: administratorA.session,
  })
  for (const [next, message] of [
    ['kurz1', /fewer than 13/],
    ['onlyletterswithoutanydigit', /letters and digits/],
    ['Password12345678', /everybody tries/],
    [`${password}9`, /too much like/],
    [password, /too much like/],
  ] as const) {
    const answer = await call('POST', '/me/password', { body: { current: password, next }, session })
    t.match(answer, { status: 400, body: { code: 'INVALID', message, hint: /\S/, ja: /パスワード/ } }, next)
    t.notMatch(JSON.stringify(answer.body), next)
  }
  const long = await call('POST', '/me/password', { body: { current: password, next: 'a1'.repeat(200) }, session })
  t.equal(long.status, 400)
  t.notMatch(JSON.stringify(long.body), 'a1a1')
  t.notMatch(JSON.stringify(logged), password)
})

t.test('every audit event of this is a message by the tables of its transaction (ITI TF-2 3.20.4.1)', async (t) => {
  const rendered = await renderedEvents(pool)
  t.same(faultsOf(rendered), [])
})
