// tsunagi invite: what is asked of the admin API, and what the operator reads.

import t, { type Test } from 'tap'
import { type Heard, makePlace, openManagement, run, type Said } from './fake-door.ts'

async function withManagement(t: Test, respond: (heard: Heard) => Said) {
  const place = await makePlace()
  const door = await openManagement(respond)
  t.teardown(() => Promise.all([door.close(), place.remove()]))
  const here = ['--data-dir', place.dataDir, '--set', `management.port=${door.port}`]
  return { door, call: (...argv: readonly string[]) => run([...argv, ...here]) }
}

const json = (status: number, body: unknown): Said => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify(body),
})

t.test('create sends system and days, and prints the letter as it is', async (t) => {
  const letter = '接続のご案内\nINVITATION=K7QF-2M9X\n'
  const { door, call } = await withManagement(t, () => json(201, { letter }))
  const { code, text } = await call(
    ...['invite', 'create', 'ehr-x', '--facility', 'f', '--roles', 'store-client,document-consumer'],
    ...['--repositories', '2.25.7', '--days', '7', '--note', '想像ベンダ'],
  )
  t.equal(code, 0)
  t.equal(text, letter)
  t.match(door.heard[0], { method: 'POST', path: '/admin/v1/invitations' })
  t.same(JSON.parse(String(door.heard[0]?.body)), {
    systemId: 'ehr-x',
    facilityId: 'f',
    roles: ['store-client', 'document-consumer'],
    repositories: ['2.25.7'],
    days: 7,
    note: '想像ベンダ',
  })
  await call('invite', 'create', 'ehr-x')
  t.same(JSON.parse(String(door.heard[1]?.body)), { systemId: 'ehr-x' })
  for (const wrong of [
    ['--days', 'x'],
    ['--days', '0'],
    ['--facility', 'f', '--roles', 'king'],
  ])
    t.equal((await call('invite', 'create', 'ehr-x', ...wrong)).code, 2, wrong.join(' '))
  t.equal(door.heard.length, 2, 'what is wrong is not sent')
})

t.test('list, show and withdraw reach their resources', async (t) => {
  const one = { invitationId: '7', systemId: 'ehr-x', state: 'open', note: 'a\u001b[31m' }
  const { door, call } = await withManagement(t, ({ path }) => json(200, path.endsWith('/7') ? one : [one]))
  t.match((await call('invite', 'list')).text, /7 +ehr-x +open/)
  const shown = (await call('invite', 'show', '7')).text
  t.match(shown, 'state: open')
  t.notMatch(shown, '\u001b', 'what somebody wrote does not act on the terminal')
  await call('invite', 'withdraw', '7')
  t.match(
    door.heard.map(({ method, path }) => `${method} ${path}`),
    ['GET /admin/v1/invitations', 'GET /admin/v1/invitations/7', 'POST /admin/v1/invitations/7/withdraw'],
  )
})

t.test('checklist shows steps, what comes next, and the last refusal in words', async (t) => {
  const list = {
    steps: [
      { step: 'certificate-issued', at: '2026-04-01T00:00:00.000Z', en: 'Certificate issued', ja: '証明書の発行' },
      { step: 'first-message', en: 'First message received', ja: '最初の電文の受信' },
    ],
    next: { step: 'first-message', en: 'Send one', ja: '送信してください' },
    lastRefusal: {
      ...{ at: '2026-04-01T00:01:00.000Z', transaction: 'StoreClient', code: 'HL7_FACILITY', place: 'MSH-4' },
      ...{ message: 'wrong code', hint: 'use yours', ja: '施設コード', journal: 'j-1' },
    },
  }
  const { door, call } = await withManagement(t, () => json(200, list))
  const { text } = await call('invite', 'checklist', 'ehr-x')
  t.match(door.heard[0], { method: 'GET', path: '/admin/v1/systems/ehr-x/checklist' })
  t.match(text, /x +Certificate issued \/ 証明書の発行 +2026-04-01/)
  t.match(text, 'Next / 次: Send one / 送信してください')
  t.match(text, /HL7_FACILITY MSH-4\nwrong code\. use yours\n施設コード\njournal j-1/)
})
