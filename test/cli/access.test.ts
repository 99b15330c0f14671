// tsunagi access: what is asked of the admin API, and how the answer is told (docs/access-rights.md).

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makePlace, openManagement, run } from './fake-door.ts'

async function withManagement(t: Test, answer: unknown) {
  const place = await makePlace()
  const said = { status: 200, contentType: 'application/json', body: JSON.stringify(answer) }
  const door = await openManagement(() => said)
  t.teardown(() => Promise.all([door.close(), place.remove()]))
  const here = ['--data-dir', place.dataDir, '--set', `management.port=${door.port}`]
  return { door, place, call: (...argv: readonly string[]) => run(['access', ...argv, ...here]) }
}

const EXPLAINED = {
  verdict: { allowed: false, reason: 'no consent stands', en: 'no consent', ja: '同意なし' },
  factors: [
    {
      factor: 'facility',
      factorJa: '施設',
      outcome: 'holds',
      en: 'stands',
      ja: '満たす',
      behind: [{ status: 'active' }],
    },
    { factor: 'consent', factorJa: '同意', outcome: 'closes', en: 'no consent', ja: '同意なし', behind: [] },
  ],
  toBeSeen: [{ factor: 'consent', en: 'record one', ja: '登録する' }],
  publishers: [{ facilityId: 'hospital-a', upTo: 'N', kinds: { REPORT: 'none' }, reason: 'emergency access stands' }],
}

t.test('access explain asks with what was given, and tells each factor in both languages', async (t) => {
  const { door, call } = await withManagement(t, EXPLAINED)
  const { code, text } = await call(
    'explain',
    '--patient',
    'P1^^^&2.25.1&ISO',
    '--facility',
    'clinic-b',
    '--job',
    'nurse',
  )
  t.equal(code, 0)
  t.match(door.heard[0], { method: 'POST', path: '/admin/v1/access/explain' })
  t.same(JSON.parse(String(door.heard[0]?.body)), { patient: 'P1^^^&2.25.1&ISO', facility: 'clinic-b', job: 'nurse' })
  t.match(text, 'not seen / 閲覧できません: no consent / 同意なし')
  t.match(text, '○ facility / 施設: stands / 満たす\n    status active\n× consent / 同意: no consent / 同意なし')
  t.match(text, '- record one / 登録する')
  t.match(text, /hospital-a +N +REPORT none +emergency access stands/)
  t.same(JSON.parse((await call('explain', '--patient', 'x', '--facility', 'b', '--json')).text), EXPLAINED)
  t.equal((await call('explain', '--patient', 'x')).code, 2)
})

t.test('access simulate sends the file with the day', async (t) => {
  const { door, place, call } = await withManagement(t, { day: '2026-11-20', accesses: 3, groups: [] })
  const file = join(place.dataDir, 'change.json')
  const changes = [{ change: 'exclude-kind', kind: 'REPORT' }]
  await writeFile(file, JSON.stringify({ changes }))
  const { code, text } = await call('simulate', '--change', file, '--day', '2026-11-20')
  t.equal(code, 0)
  t.same(JSON.parse(String(door.heard[0]?.body)), { changes, day: '2026-11-20' })
  t.match(text, /2026-11-20: 3 accesses/)
  t.match(text, 'nothing would change / 変化なし')
  await writeFile(file, '[]')
  t.equal((await call('simulate', '--change', file)).code, 2)
  t.equal((await call('simulate', '--change', `${file}.not-there`)).code, 2)
})
