// Roles and purposes of assertions: every row of the table is reached, and a site's file lies over it (ITI TF-2 3.40.4.1.2).

import t from 'tap'
import { roleTable, withSiteRoles } from '../../profiles/access/index.ts'
import { JOBS } from '../../src/model/user.ts'

t.test('every job but that of a system can be asserted, by our own words at least', async (t) => {
  for (const job of JOBS.filter((one) => one !== 'system'))
    t.ok(
      roleTable.roles.some((row) => row.system === roleTable.ownSystem && row.code === job && row.job === job),
      job,
    )
  t.notOk(roleTable.roles.some(({ job }) => job === 'system'))
})

t.test('no code of a system means two things', async (t) => {
  for (const rows of [roleTable.roles, roleTable.purposes]) {
    const keys = rows.map(({ system, code }) => `${system} ${code}`)
    t.same([...new Set(keys)], keys)
  }
})

t.test('what nobody knows has the least right and opens nothing', async (t) => {
  t.match(roleTable, { unknownRole: 'clerk', withoutRole: 'clerk', withoutPurpose: 'treatment' })
})

t.test('rows of a site come before ours; what will not do is named', async (t) => {
  const site = { unknownRole: 'care-worker', roles: [{ system: '2.25.1', code: '01', job: 'doctor' }] }
  const laid = withSiteRoles(site)
  t.match(laid, { roles: { unknownRole: 'care-worker', roles: [{ system: '2.25.1', code: '01', job: 'doctor' }] } })
  if ('roles' in laid) t.equal(laid.roles.roles.length, roleTable.roles.length + 1)
  for (const [wrong, word] of [
    [{ roles: [{ system: 'x', code: 'y', job: 'king' }] }, /roles\.0\.job: must be one of doctor/],
    [{ purposes: [{ system: 'x', code: 'y', purpose: 'fun' }] }, /purposes\.0\.purpose/],
    [{ role: [] }, /role is not known here/],
    [{ roles: 'all' }, /roles: must be array/],
    [[], /must be an object/],
  ] as const) {
    const checked = withSiteRoles(wrong)
    t.match('problems' in checked ? checked.problems.join('\n') : '', word)
  }
})
