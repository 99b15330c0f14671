// tsunagi audit events, who-saw, references, claims: what is asked of the admin API, and what people read (idlink L-1 to L-6).

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Heard, makePlace, openManagement, run, type Said } from './fake-door.ts'

async function withManagement(t: Test, respond: (heard: Heard) => Said) {
  const place = await makePlace()
  const door = await openManagement(respond)
  t.teardown(() => Promise.all([door.close(), place.remove()]))
  const here = ['--data-dir', place.dataDir, '--set', `management.port=${door.port}`]
  return { door, call: (...argv: readonly string[]) => run(['audit', ...argv, ...here]), place }
}

const json = (body: unknown): Said => ({ status: 200, contentType: 'application/json', body: JSON.stringify(body) })

t.test('L-3: events as a table, with where to go on', async (t) => {
  const event = {
    at: '2026-11-21T01:15:00Z',
    kindName: { ja: '検索・照会' },
    typeCode: 'ITI-18',
    outcome: 0,
    personName: '見本 医師',
  }
  const { door, call } = await withManagement(t, () => json({ events: [event], next: 'x_1' }))
  const { text, err } = await call('events', '--person', 'sato', '--kind', 'query', '--from', '2026-11-01')
  t.match(text, /2026-11-21 10:15:00 +検索・照会 +ITI-18 +0 +見本 医師/)
  t.match(err, '--after x_1')
  t.equal(door.heard[0]?.path, '/admin/v1/audit/events?person=sato&kind=query&from=2026-11-01')
  await call('event', '12')
  t.equal(door.heard.at(-1)?.path, '/admin/v1/audit/events/12')
  t.match(JSON.parse((await call('events', '--json')).text), { events: [{ typeCode: 'ITI-18' }] })
})

t.test('who saw a patient is read to the patient: both languages, and what is not in it', async (t) => {
  const looks = [{ ja: '見本クリニックの\u0007医師', en: 'a doctor of the clinic' }]
  let answer: object = { looks, scope: { ja: '自施設のみ', en: 'own only' } }
  const { door, call } = await withManagement(t, () => json(answer))
  const { text } = await call('who-saw', '1^^^&2.25.1&ISO')
  t.match(text, /見本クリニックの·医師\n {4}a doctor of the clinic\n\n※ 自施設のみ/)
  t.equal(door.heard[0]?.path, '/admin/v1/audit/who-saw?patient=1%5E%5E%5E%262.25.1%26ISO')
  answer = { looks: [] }
  t.match((await call('who-saw', '1')).text, 'この期間に記録を閲覧した人はいません')
})

t.test('L-1, L-6: records go to a file that is the owner’s alone, byte for byte', async (t) => {
  const csv = Buffer.from([0x83, 0x5c, 0x0d, 0x0a])
  const { door, call, place } = await withManagement(t, () => ({ status: 200, contentType: 'text/csv', body: csv }))
  const file = join(place.dataDir, 'references.csv')
  const of = ['--month', '2026-11', '--of', 'own-content', '--encoding', 'shift_jis', '--extended', '--out', file]
  t.equal((await call('references', ...of)).code, 0)
  t.ok((await readFile(file)).equals(csv))
  t.equal((await stat(file)).mode & 0o777, 0o600)
  await call('claims', '--month', '2026-11', '--facility', 'f', '--patient', '7')
  t.strictSame(
    door.heard.map(({ path }) => path.replace('/admin/v1', '')),
    [
      '/audit/content-references?month=2026-11&of=own-content&encoding=shift_jis&extended=true',
      '/audit/claims?month=2026-11&facility=f&patient=7',
    ],
  )
  t.equal((await call('references', '--month', '2026-11')).code, 2, 'which of the two has to be said')
})
