// Access rights and audiences over the admin API on a real PostgreSQL: validity, history, refusals, and what a viewer is read with (security b.2, b.3; idlink R-2, U-7).

import t from 'tap'
import { findViewer } from '../../src/db/access-store.ts'
import { openAdministration } from './administration.ts'
import { type Call, enterPerson } from './persons.ts'

t.setTimeout(120_000)

const { call, pool, audited } = await openAdministration(t)

for (const [index, facilityId] of ['hospital-x', 'clinic-y', 'stranger-z'].entries())
  await call('POST', '/facilities', {
    facilityId,
    oid: `2.25.${1000 + index}`,
    name: '架空施設',
    kind: 'gateway',
    patientDomain: { oid: `2.25.${2000 + index}`, name: facilityId.toUpperCase() },
  })
await call('POST', '/unions', { unionId: 'east', name: '東ユニオン', kind: 'closed' })
await call('POST', '/unions', { unionId: 'west', name: '西ユニオン', kind: 'closed' })
for (const facilityId of ['hospital-x', 'clinic-y']) await call('POST', '/unions/east/members', { facilityId })
await call('POST', '/unions/west/members', { facilityId: 'stranger-z' })
await pool.query(
  `insert into access.staff (staff_id, facility_id, name, job, registered_by)
   values ('dr-a', 'clinic-y', '架空 医師', 'doctor', 'test'), ('dr-z', 'stranger-z', '架空 医師', 'doctor', 'test')`,
)

const rules = async () => (await findViewer(pool, { facilityId: 'clinic-y', networkMode: 'consent' }))?.rules

t.test('a network that set nothing: defaults are told, and a viewer has no rules', async (t) => {
  const { body } = await call('GET', '/rights')
  t.match(body, { defaults: { doctor: 'R', nurse: 'N', clerk: 'U' }, rights: [] })
  t.same(await rules(), { unions: [], rights: [], audiences: [] })
})

t.test('a right is set once, changed by a newer one, taken back; every step is audited and kept', async (t) => {
  const right = { job: 'nurse', kind: 'REPORT', ceiling: 'none' }
  t.strictSame(
    await audited(async () => {
      t.match(await call('PUT', '/rights', right), { status: 201, body: right })
      t.match(await call('PUT', '/rights', right), { status: 200 }, 'the same again changes nothing')
      t.match(await call('PUT', '/rights', { ...right, ceiling: 'L', reason: '会議で決定' }), { status: 201 })
    }),
    ['right of the network: none, job nurse, kind REPORT', 'right of the network: L, job nurse, kind REPORT'],
  )
  t.same((await rules())?.rights, [{ holder: { of: 'network' }, job: 'nurse', kind: 'REPORT', ceiling: 'L' }])
  t.match(await call('DELETE', '/rights?job=nurse'), { status: 404 }, 'another key')
  t.match(await call('DELETE', '/rights?job=nurse&kind=REPORT'), { status: 200 })
  t.same((await rules())?.rights, [])
  const { rights } = (await call('GET', '/rights')).body as { rights: readonly Record<string, unknown>[] }
  t.match(rights, [
    { ceiling: 'L', reason: '会議で決定', setBy: 'admin-token', endedAt: String, endedBy: 'admin-token' },
    { ceiling: 'none', reason: null, endedAt: String },
  ])
})

t.test('a right holds in its period only, and the one before it again afterwards', async (t) => {
  const soon = new Date(Date.now() + 3_600_000).toISOString()
  const before = new Date(Date.now() - 3_600_000).toISOString()
  await call('PUT', '/rights', { job: 'midwife', ceiling: 'M' })
  await call('PUT', '/rights', { job: 'midwife', ceiling: 'none', validFrom: soon })
  const held = async () => (await rules())?.rights.map(({ ceiling }) => ceiling)
  t.same(await held(), ['M'], 'what begins later does not hold yet')
  await call('PUT', '/rights', { job: 'midwife', ceiling: 'L', validFrom: before, validTo: soon })
  t.same(await held(), ['L'])
  await pool.query(`update access.access_right set valid_to = now() where ceiling = 'L' and job = 'midwife'`)
  t.same(await held(), ['M'], 'an exception is over')
  await call('DELETE', '/rights?job=midwife')
  t.same(await held(), [], 'what begins later is taken back too')
})

t.test('a viewer is read with the rights of its unions, of itself and of its own staff', async (t) => {
  for (const right of [
    { unionId: 'east', job: 'nurse', ceiling: 'R' },
    { unionId: 'west', job: 'nurse', ceiling: 'none' },
    { staffId: 'dr-a', ceiling: 'V' },
    { staffId: 'dr-z', ceiling: 'V' },
    { facilityId: 'stranger-z', ceiling: 'none' },
  ])
    t.equal((await call('PUT', '/rights', right)).status, 201, JSON.stringify(right))
  t.equal((await call('PUT', '/facilities/clinic-y/rights', { job: 'clerk', ceiling: 'none' })).status, 201)
  const found = await rules()
  t.same(found?.rights.map(({ holder, ceiling }) => `${JSON.stringify(Object.values(holder))} ${ceiling}`).sort(), [
    '["facility","clinic-y"] none',
    '["person","dr-a"] V',
    '["union","east"] R',
  ])
  t.match(found?.unions, [{ unionId: 'east', emergencyOpensV: false }])
  t.equal((await call('PUT', '/unions/east/emergency-confidentiality', { opensV: true })).status, 200)
  t.match((await rules())?.unions, [{ unionId: 'east', emergencyOpensV: true }])
  t.equal((await call('PUT', '/unions/south/emergency-confidentiality', { opensV: true })).status, 404)
})

t.test('U-7: what a facility publishes to whom, with its history', async (t) => {
  const path = '/facilities/hospital-x/audience'
  t.equal((await call('PUT', path, { kind: 'REPORT', jobs: ['doctor', 'dentist'] })).status, 201)
  t.equal((await call('PUT', path, { kind: 'REPORT', jobs: ['dentist', 'doctor'] })).status, 200, 'order means nothing')
  t.equal((await call('PUT', path, { jobs: [] })).status, 201)
  t.same((await rules())?.audiences, [
    { facilityId: 'hospital-x', kind: 'REPORT', jobs: ['dentist', 'doctor'] },
    { facilityId: 'hospital-x', jobs: [] },
  ])
  const stranger = await findViewer(pool, { facilityId: 'stranger-z', networkMode: 'consent' })
  t.same(stranger?.rules?.audiences, [], 'who shares no union with it need not know')
  t.equal((await call('DELETE', path)).status, 200)
  t.same(
    (await call('GET', path)).list.map(({ kind, jobs, endedAt }) => [kind, jobs, endedAt === null]),
    [
      [undefined, [], false],
      ['REPORT', ['dentist', 'doctor'], true],
    ],
  )
  t.equal((await call('GET', '/facilities/nowhere/audience')).status, 404)
  t.equal((await call('PUT', '/facilities/nowhere/audience', { jobs: 'all' })).status, 404)
})

t.test(
  'a facility administrator narrows and publishes for the own facility, and for no other (idlink A-7)',
  async (t) => {
    const as: Call = async (method, path, { body, session } = {}) =>
      call(method, path, body, session === undefined ? {} : { authorization: `Bearer ${session}` })
    const { session } = await enterPerson(as, {
      staffId: 'admin-y',
      facilityId: 'clinic-y',
      roles: ['facility-administrator'],
    })
    const status = async (method: string, path: string, body?: unknown) =>
      (await as(method, path, { session, ...(body === undefined ? {} : { body }) })).status
    const narrowed = { job: 'dietitian', ceiling: 'L' }
    t.equal(await status('PUT', '/facilities/clinic-y/rights', narrowed), 201)
    t.equal(await status('GET', '/facilities/clinic-y/rights'), 200)
    t.equal(await status('DELETE', '/facilities/clinic-y/rights?job=dietitian'), 200)
    t.equal(await status('PUT', '/facilities/clinic-y/audience', { kind: 'REPORT', jobs: [] }), 201)
    t.equal(await status('DELETE', '/facilities/clinic-y/audience?kind=REPORT'), 200)
    t.equal(await status('PUT', '/facilities/hospital-x/rights', narrowed), 404, 'as if it were not there')
    t.equal(await status('PUT', '/facilities/hospital-x/audience', { jobs: [] }), 404)
    t.equal(await status('GET', '/facilities/hospital-x/audience'), 404)
    t.equal(await status('PUT', '/rights', narrowed), 403)
    t.equal(await status('DELETE', '/rights?job=nurse'), 403)
    t.equal(await status('PUT', '/unions/east/emergency-confidentiality', { opensV: false }), 403)
  },
)

t.test('what a right may not say is refused in words', async (t) => {
  const refused = async (body: unknown) => {
    const answer = await call('PUT', '/rights', body)
    t.equal(answer.status, 400)
    return String(answer.body.message)
  }
  t.match(await refused({ job: 'doctor', ceiling: 'V' }), /V: what is very restricted/)
  t.match(await refused({ staffId: 'dr-a', job: 'doctor', ceiling: 'R' }), /does not depend on a job/)
  t.match(await refused({ unionId: 'east', facilityId: 'clinic-y', ceiling: 'R' }), /one of them/)
  t.match(await refused({ kind: 'NO-SUCH', ceiling: 'R' }), /"NO-SUCH" is no kind/)
  t.match(await refused({ job: 'wizard', ceiling: 'R' }), /job/)
  t.match(await refused({ ceiling: 'X' }), /ceiling/)
  const past = '2020-01-01T00:00:00Z'
  t.match(await refused({ ceiling: 'N', validTo: past }), /not later than validFrom/)
  t.equal((await call('PUT', '/rights', { staffId: 'nobody', ceiling: 'R' })).status, 404)
  t.equal((await call('PUT', '/rights', { unionId: 'south', ceiling: 'R' })).status, 404)
})

t.test('what PostgreSQL cannot keep is answered 400 and names its key, wherever it stands', async (t) => {
  const dr = { staffId: 'dr-a', ceiling: 'L' }
  const profile = '/facilities/hospital-x/profile'
  const { body: born } = await call('POST', '/patients', {
    demographics: { names: [{ representation: 'IDE', family: '空想', given: '太郎' }] },
  })
  const asked: readonly (readonly [string, string, object | undefined, RegExp])[] = [
    ['PUT', '/rights', { ...dr, staffId: 'dr-a\0' }, /staffId/],
    ['PUT', '/rights', { ...dr, kind: 'LAB\0' }, /kind/],
    ['GET', '/rights?staffId=%00', undefined, /staffId/],
    ['DELETE', '/rights?kind=L%00', undefined, /kind/],
    ['POST', '/access/explain', { patient: 'x', facility: 'clinic-y', user: '\0' }, /user/],
    ['POST', '/access/simulate', { changes: [{ change: 'exclude-kind', kind: '\0' }] }, /changes.0.kind/],
    ['POST', '/patients', { demographics: { names: [{ representation: 'IDE', family: '\0' }] } }, /names.0.family/],
    ['PATCH', profile, { name: '架空\ud800' }, /name/],
    ['PUT', '/rights', { ...dr, validFrom: '0000-01-01T00:00:00Z' }, /validFrom/],
    ['PUT', '/rights', { ...dr, validFrom: '2026-01-01T00:00:00+23:00' }, /validFrom/],
    ['PUT', '/rights', { ...dr, validTo: '0000-01-01T00:00:00Z' }, /validTo/],
    ['POST', `/patients/${born.xad}/consents`, { kind: 'comprehensive', givenOn: '0000-01-01' }, /0000-01-01/],
  ]
  for (const [method, path, body, message] of asked)
    t.match(await call(method, path, body), { status: 400, body: { code: 'INVALID', message, ja: /\S/ } }, path)
})
