// tsunagi emergency: what each command asks of the admin API, and what a person sees of the answers (docs/emergency.md).

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { main } from '../../src/cli/main.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { type Heard, makePlace, openManagement, type Said } from './fake-door.ts'

const SESSION = 'session-of-the-doctor'

/** A management port, with somebody logged on in this shell. */
async function withManagement(t: Test, respond: (heard: Heard) => Said) {
  const place = await makePlace()
  const door = await openManagement(respond)
  t.teardown(() => Promise.all([door.close(), place.remove()]))
  const file = join(place.dataDir, 'session.json')
  const saved = { baseUrl: `http://127.0.0.1:${door.port}`, staffId: 'sato', session: SESSION }
  await writeFile(file, JSON.stringify(saved), { mode: 0o600 })
  const here = ['--data-dir', place.dataDir, '--set', `management.port=${door.port}`]
  const callOn = async (terminal: Partial<Terminal>, argv: readonly string[]) => {
    let text = ''
    let err = ''
    const code = await main([...argv, ...here], {
      out: (data) => {
        text += String(data)
      },
      err: (line) => {
        err += line
      },
      env: { TSUNAGI_SESSION_FILE: file },
      cwd: '/',
      ...terminal,
    })
    return { code, text, err }
  }
  return { door, place, callOn, call: (...argv: readonly string[]) => callOn({}, argv) }
}

const json = (status: number, body: unknown): Said => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify(body),
})

t.test('open sends the form and shows the patient and the calendar', async (t) => {
  const { door, call } = await withManagement(t, () =>
    json(201, {
      state: 'opened',
      grantId: '12',
      endsAt: '2026-11-22T09:00:00Z',
      patientId: 'X1^^^&2.25.1&ISO',
      calendar: '/admin/v1/calendar/X1?facility=clinic-b',
    }),
  )
  const { code, text } = await call(
    ...['emergency', 'open', '１２３４＃ＥＭＳ', '--facility', 'hospital-a', '--reason-code', 'life-threat'],
    ...['--reason', '意識がなく家族とも連絡がつかない', '--consent', 'oral', '--consent-by', '長女', '--chart-noted'],
  )
  t.equal(code, 0)
  t.match(text, /emergency access 12 until 2026-11-22T09:00:00Z .*X1\^\^\^&2\.25\.1&ISO\n\/admin\/v1\/calendar\/X1/)
  t.match(door.heard[0], {
    method: 'POST',
    path: '/admin/v1/emergency',
    headers: { authorization: `Bearer ${SESSION}` },
  })
  t.same(JSON.parse(String(door.heard[0]?.body)), {
    patient: '１２３４＃ＥＭＳ',
    facility: 'hospital-a',
    reasonCode: 'life-threat',
    reason: '意識がなく家族とも連絡がつかない',
    consentKind: 'oral',
    consentBy: '長女',
    chartNoted: true,
  })
})

t.test('a contact that is overdue is red where there are colours, and a word everywhere', async (t) => {
  const grants = [
    { grantId: '2', facilityId: 'clinic-b', user: '佐藤\u001b[2J', contact: 'overdue', state: 'ended' },
    { grantId: '1', facilityId: 'clinic-b', user: '鈴木', contact: 'contacted', state: 'ended' },
  ]
  const { door, call, callOn } = await withManagement(t, () => json(200, grants))
  const plain = await call('emergency', 'list', '--state', 'overdue')
  t.match(door.heard[0], { method: 'GET', path: '/admin/v1/emergency?state=overdue' })
  t.match(plain.text, /2 .*overdue/)
  t.notMatch(plain.text, '\u001b')
  const { code, text: colored } = await callOn({ isColored: true }, ['emergency', 'list'])
  t.equal(code, 0)
  const lines = colored.trimEnd().split('\n')
  t.equal(lines.length, 3)
  t.match(lines[1]?.replaceAll('\u001b[31m', '<').replaceAll('\u001b[0m', '>'), /^<2 .*overdue>$/)
  t.notMatch(lines[2], '\u001b')
})

t.test('each command asks its route', async (t) => {
  const { door, call, place } = await withManagement(t, ({ path }) =>
    path.startsWith('/admin/v1/emergency/report')
      ? { status: 200, contentType: 'text/csv; charset=utf-8', body: '\ufeffGrantID\r\n' }
      : json(200, { status: 'ok' }),
  )
  const at = '2026-11-21T10:00:00Z'
  const to = '2026-12-21T00:00:00Z'
  const cases: readonly (readonly [readonly string[], string, string, unknown?])[] = [
    [['show', '7'], 'GET', '/emergency/7'],
    [['end', '7', '--reason', 'over'], 'POST', '/emergency/7/end', { reason: 'over' }],
    [['contacted', '7', '--at', at], 'POST', '/emergency/7/contacted', { at }],
    [['notices', '--state', 'unread'], 'GET', '/emergency/notices?state=unread'],
    [['note', '3'], 'POST', '/emergency/notices/3/acknowledge', {}],
    [['review', '7', '--comment', 'fine'], 'POST', '/emergency/7/review', { comment: 'fine' }],
    [['report', '--month', '2026-11'], 'GET', '/emergency/report?month=2026-11'],
    [['assertions', 'clinic-b', 'no'], 'PUT', '/emergency/assertions/clinic-b', { allowed: 'no' }],
    [['disaster', 'list'], 'GET', '/emergency/disasters'],
    [
      [
        'disaster',
        'declare',
        'sample-city',
        '--to',
        to,
        '--text',
        '地震',
        '--relax',
        'consentBy,contact',
        '--days',
        '14',
      ],
      'POST',
      '/emergency/disasters',
      { union: 'sample-city', to, text: '地震', relaxed: ['consentBy', 'contact'], grantDays: 14 },
    ],
    [['disaster', 'end', '2', '--reason', 'over'], 'POST', '/emergency/disasters/2/end', { reason: 'over' }],
  ]
  for (const [argv, method, path, body] of cases) {
    const { code, err } = await call('emergency', ...argv)
    t.equal(code, 0, err)
    const heard = door.heard.at(-1)
    const isPersonal = ['contacted', 'notices', 'note'].includes(String(argv[0]))
    const authorization = `Bearer ${isPersonal ? SESSION : 'secret-token'}`
    t.match(heard, { method, path: `/admin/v1${path}`, headers: { authorization } })
    if (body !== undefined) t.same(JSON.parse(String(heard?.body)), body)
  }
  const file = join(place.dataDir, 'report.csv')
  await call('emergency', 'report', '--month', '2026-11', '--out', file)
  t.equal(await readFile(file, 'utf8'), '\ufeffGrantID\r\n')
  await call('--as-me', 'emergency', 'list')
  t.match(door.heard.at(-1), { headers: { authorization: `Bearer ${SESSION}` } })
  const heard = door.heard.length
  t.equal((await call('emergency', 'assertions', 'clinic-b', 'maybe')).code, 2)
  t.equal((await call('emergency', 'disaster', 'declare', 'u', '--to', to, '--text', 'x', '--days', 'many')).code, 2)
  t.equal((await call('emergency', 'open', '1#EMS', '--facility', 'f')).code, 2)
  t.equal(door.heard.length, heard)
})
