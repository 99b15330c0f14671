// tsunagi journal replay: what a message would do now, told to people, and the word that it shall (docs/replay.md).

import t, { type Test } from 'tap'
import { makePlace, openManagement, run } from './fake-door.ts'

const ID = '01a2001b-5d70-7d0f-bda1-f72c501c9d96'

interface Said {
  readonly status: number
  readonly answer: unknown
}

async function withManagement(t: Test, say: (body: object) => Said) {
  const place = await makePlace()
  const door = await openManagement(({ body }) => {
    const { status, answer } = say(JSON.parse(String(body)))
    return { status, contentType: 'application/json', body: JSON.stringify(answer) }
  })
  t.teardown(() => Promise.all([door.close(), place.remove()]))
  const here = ['--data-dir', place.dataDir, '--set', `management.port=${door.port}`]
  return { door, call: (...argv: readonly string[]) => run(['journal', 'replay', ID, ...argv, ...here]) }
}

const SHOWN = {
  outcome: 'dry run',
  transaction: 'StoreClient',
  systemId: 'hospital-a',
  facilityId: 'hospital-a',
  former: { journalId: ID, result: 'failure', errors: [{ code: 'HL7_KIND', at: 'MSH-9' }], documents: 0 },
  now: { journalId: 'new', result: 'success', errors: [], documents: 1 },
  effect: 'changes',
  changes: [
    { about: 'document', change: 'registered', uniqueId: '2.25.7' },
    { about: 'number', change: 'moved', domain: '2.25.8' },
  ],
  isNamed: true,
  tables: [{ table: 'registry.document_entry', inserted: 1, updated: 0, deleted: 0 }],
  confirmation: { token: 'abc', expiresAt: '2026-11-21T12:40:00.000Z' },
}

t.test('a dry run tells then and now, what would become of what, and the command that does it', async (t) => {
  const { door, call } = await withManagement(t, () => ({ status: 200, answer: SHOWN }))
  const { code, text } = await call()
  t.equal(code, 0)
  t.match(door.heard[0], { method: 'POST', path: `/admin/v1/journal/${ID}/replay` })
  t.same(JSON.parse(String(door.heard[0]?.body)), {})
  t.match(text, /then \/ 当時 +failure +0 +HL7_KIND at MSH-9\n/)
  t.match(text, /now \/ 現在 +success +1\n/)
  t.match(text, '  document 2.25.7: registered / 登録\n')
  t.match(text, '  number of 2.25.8: moved to another person / 別の患者へ移動\n')
  t.match(text, /registry\.document_entry +1 +0 +0\n/)
  t.match(text, `tsunagi journal replay ${ID} --commit abc --reason '...'`)
})

t.test('a commit sends token and reason, both or none', async (t) => {
  const { door, call } = await withManagement(t, () => ({
    status: 200,
    answer: { ...SHOWN, outcome: 'done', confirmation: undefined },
  }))
  const { code, text } = await call('--commit', 'abc', '--reason', '契約の変更')
  t.equal(code, 0)
  t.same(JSON.parse(String(door.heard[0]?.body)), { token: 'abc', reason: '契約の変更' })
  t.match(text, 'done / 実行しました: journal new\n')
  t.notMatch(text, '--commit')
  t.equal((await call('--commit', 'abc')).code, 2)
  t.equal(door.heard.length, 1)
})

t.test('what was done before is told as such', async (t) => {
  const answer = { outcome: 'done before', journalId: 'earlier' }
  const { call } = await withManagement(t, () => ({ status: 200, answer }))
  t.match((await call('--commit', 'abc', '--reason', 'x')).text, /done before, as journal earlier/)
})

t.test('what has changed in between is refused, and shown anew', async (t) => {
  const changed = { code: 'REPLAY_CHANGED', message: 'It would not do any more what the dry run showed' }
  const { door, call } = await withManagement(t, (body) =>
    'token' in body ? { status: 409, answer: changed } : { status: 200, answer: { ...SHOWN, effect: 'none' } },
  )
  const { code, text, err } = await call('--commit', 'abc', '--reason', 'x')
  t.equal(code, 1)
  t.match(err, /REPLAY_CHANGED: It would not do any more/)
  t.match(text, 'it would be accepted without effect')
  t.equal(door.heard.length, 2)
})
