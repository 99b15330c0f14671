// tsunagi rights and tsunagi facility audience: what is asked of the admin API (idlink R-2, U-7).

import t, { type Test } from 'tap'
import { type Heard, makePlace, openManagement, run, type Said } from './fake-door.ts'

async function withManagement(t: Test, respond: (heard: Heard) => Said) {
  const place = await makePlace()
  const door = await openManagement(respond)
  t.teardown(() => Promise.all([door.close(), place.remove()]))
  const here = ['--data-dir', place.dataDir, '--set', `management.port=${door.port}`]
  return { door, call: (...argv: readonly string[]) => run([...argv, ...here]) }
}

const json = (body: unknown): Said => ({ status: 200, contentType: 'application/json', body: JSON.stringify(body) })

t.test('rights are set, listed and taken back', async (t) => {
  const rows = [
    { holder: { of: 'network' }, job: 'nurse', kind: 'REPORT', ceiling: 'none', setBy: 'admin-token' },
    { holder: { of: 'person', staffId: 'dr-a' }, ceiling: 'V', setBy: 'admin-token' },
  ]
  const { door, call } = await withManagement(t, () => json({ defaults: {}, rights: rows }))
  t.equal((await call('rights', 'set', 'none', '--job', 'nurse', '--kind', 'REPORT', '--reason', '会議')).code, 0)
  t.match(door.heard[0], { method: 'PUT', path: '/admin/v1/rights' })
  t.same(JSON.parse(String(door.heard[0]?.body)), { job: 'nurse', kind: 'REPORT', ceiling: 'none', reason: '会議' })
  const { text } = await call('rights', 'list')
  t.match(text, /network +nurse +REPORT +none/)
  t.match(text, /person dr-a .* V/)
  await call('rights', 'remove', '--person', 'dr/a', '--kind', 'A&B')
  t.match(door.heard[2], { method: 'DELETE', path: '/admin/v1/rights?staffId=dr%2Fa&kind=A%26B' })
  await call('rights', 'list', '--union', 'east')
  t.match(door.heard[3], { method: 'GET', path: '/admin/v1/rights?unionId=east' })
})

t.test('a facility says what it publishes to whom', async (t) => {
  const { door, call } = await withManagement(t, () => json([{ kind: 'REPORT', jobs: ['doctor'] }]))
  await call('facility', 'audience', 'set', 'hospital-a', '--kind', 'REPORT', '--jobs', 'doctor,dentist')
  await call('facility', 'audience', 'set', 'hospital-a', '--jobs', 'none')
  await call('facility', 'audience', 'set', 'hospital-a', '--jobs', 'all')
  t.same(
    door.heard.map(({ body }) => JSON.parse(String(body))),
    [{ kind: 'REPORT', jobs: ['doctor', 'dentist'] }, { jobs: [] }, { jobs: 'all' }],
  )
  t.not((await call('facility', 'audience', 'set', 'hospital-a', '--jobs', ',')).code, 0)
  t.match((await call('facility', 'audience', 'list', 'hospital-a')).text, /REPORT +doctor/)
  await call('facility', 'audience', 'remove', 'hospital-a', '--kind', 'REPORT')
  t.match(door.heard.at(-1), { method: 'DELETE', path: '/admin/v1/facilities/hospital-a/audience?kind=REPORT' })
})
