// Answers that come on a connection of their own reach the call that waits, whichever process hears them, once (ITI TF-2 Appendix V.3.3).

import { createHash, randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { createAwaitedAnswers } from '../../src/db/awaited-answers.ts'
import { type Awaiting, createAwaiting, type HeardAnswer } from '../../src/gateway/awaiting.ts'
import type { StagedContent } from '../../src/model/staged-document.ts'
import { openDatabase } from './database.ts'

t.setTimeout(60_000)

const pool = await openDatabase(t, 6)
const { host = '', port, user, password, database } = pool.options
const connection = { host, port, user, password, database }
const EAST = 'network-east'
const LONG_MS = 30_000

interface House {
  readonly awaiting: Awaiting
  readonly store: ReturnType<typeof createAwaitedAnswers>
  readonly discarded: StagedContent[]
}

/** A process of the network. */
function house(t: Test, is: 'listening' | 'deaf' = 'listening'): House {
  const store = createAwaitedAnswers({ pool, connection, log: { warn: () => {} } })
  const discarded: StagedContent[] = []
  const awaiting = createAwaiting(store, async (content) => void discarded.push(content))
  if (is === 'listening') store.listen(() => void awaiting.look())
  t.teardown(store.close)
  return { awaiting, store, discarded }
}

const [asks, hears] = [house(t), house(t)]

function call(withinMs = LONG_MS) {
  return { messageId: `urn:uuid:${randomUUID()}`, facilityId: EAST, transaction: 'ITI-39', withinMs }
}

function answer(text: string): HeardAnswer {
  const bytes = Buffer.from(text)
  const digests = {
    sha1: createHash('sha1').update(bytes).digest('hex'),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }
  const small: StagedContent = { content: { kind: 'row', bytes }, sizeBytes: bytes.length, ...digests }
  const large: StagedContent = { content: { kind: 'file', key: randomUUID() }, sizeBytes: 10_000_000, ...digests }
  const parts = new Map([
    ['small@x', small],
    ['large@x', large],
  ])
  const root = Buffer.from(`<${text}/>`)
  return {
    contentType: 'multipart/related',
    packed: { packaging: 'mtom', root, charset: 'UTF-8', parts, bytes: 10_000_200 },
  }
}

const soon = (): AbortSignal => AbortSignal.timeout(LONG_MS)

t.test('heard by the process that waits, and by another one, it is the same answer, documents and all', async (t) => {
  for (const hearing of [asks, hears]) {
    const { messageId, ...rest } = call()
    const expected = await asks.awaiting.expect({ messageId, ...rest })
    t.same(await hears.awaiting.owed(EAST), new Set(['ITI-39']))
    const sent = answer('whole')
    const heard = await hearing.awaiting.heard({ messageId, facilityId: EAST }, sent)
    t.same(heard, { kind: 'taken', transaction: 'ITI-39' })
    t.same(await expected.answer(soon()), sent)
    await expected.end()
    t.same(await hears.awaiting.owed(EAST), new Set())
    t.same(
      await hears.awaiting.heard({ messageId, facilityId: EAST }, answer('again')),
      { kind: 'answered', transaction: 'ITI-39' },
      'a second one is not taken',
    )
  }
  t.same([...asks.discarded, ...hears.discarded], [], 'what was taken is with the call')
  const { rows } = await pool.query('select from journal.awaited_answer where root is not null')
  t.equal(rows.length, 0, 'and nowhere else')
})

t.test('only the community that was asked can answer, and only by the MessageID of the call', async (t) => {
  const { messageId, ...rest } = call()
  const expected = await asks.awaiting.expect({ messageId, ...rest })
  for (const { awaiting } of [asks, hears]) {
    t.same(await awaiting.heard({ messageId, facilityId: 'network-west' }, answer('x')), { kind: 'unknown' })
    t.same(await awaiting.heard({ messageId: 'urn:uuid:1', facilityId: EAST }, answer('x')), { kind: 'unknown' })
  }
  const sent = answer('theirs')
  t.match(await hears.awaiting.heard({ messageId, facilityId: EAST }, sent), { kind: 'taken' })
  t.same(await expected.answer(soon()), sent, 'it was waited for all the while')
  await expected.end()
})

t.test('what comes after the call was given up is late, wherever it is heard', async (t) => {
  const { messageId, ...rest } = call()
  const expected = await asks.awaiting.expect({ messageId, ...rest })
  const given = new AbortController()
  const waiting = expected.answer(given.signal)
  given.abort(new Error('no time left'))
  await t.rejects(waiting, /no time left/)
  await expected.end()
  for (const { awaiting } of [asks, hears])
    t.same(await awaiting.heard({ messageId, facilityId: EAST }, answer('x')), { kind: 'late', transaction: 'ITI-39' })
})

t.test('an answer that comes while its call is given up is disposed of', async (t) => {
  const deaf = house(t, 'deaf')
  const { messageId, ...rest } = call()
  const expected = await deaf.awaiting.expect({ messageId, ...rest })
  const sent = answer('between')
  t.match(await hears.awaiting.heard({ messageId, facilityId: EAST }, sent), { kind: 'taken' })
  await expected.end()
  t.same(deaf.discarded, [...sent.packed.parts.values()])
  const { messageId: own, ...more } = call()
  const second = await asks.awaiting.expect({ messageId: own, ...more })
  const local = answer('here')
  t.match(await asks.awaiting.heard({ messageId: own, facilityId: EAST }, local), { kind: 'taken' })
  await second.end()
  t.same(asks.discarded.splice(0), [...local.packed.parts.values()])
})

t.test('what was told while nobody listened is found when listening begins', async (t) => {
  const late = house(t, 'deaf')
  const { messageId, ...rest } = call()
  const expected = await late.awaiting.expect({ messageId, ...rest })
  const sent = answer('before')
  await hears.awaiting.heard({ messageId, facilityId: EAST }, sent)
  late.store.listen(() => void late.awaiting.look())
  t.same(await expected.answer(soon()), sent)
  await expected.end()
})

t.test('of a process that was killed nothing stays: neither its wait nor what was laid down for it', async (t) => {
  const killed = house(t, 'deaf')
  const { messageId, ...rest } = call(1)
  await killed.awaiting.expect({ messageId, ...rest })
  const { messageId: laid, ...more } = call()
  await killed.awaiting.expect({ messageId: laid, ...more })
  t.match(await hears.awaiting.heard({ messageId: laid, facilityId: EAST }, answer('for nobody')), { kind: 'taken' })
  t.match(await hears.awaiting.heard({ messageId, facilityId: EAST }, answer('x')), { kind: 'late' })
  const after = async (hours: number) => {
    await pool.query(`update journal.awaited_answer set expires_at = now() - $1 * interval '1 hour'`, [hours])
    await hears.store.forget()
    return (await pool.query('select root is null as "isEmpty" from journal.awaited_answer')).rows
  }
  t.ok((await after(1)).every(({ isEmpty }) => isEmpty))
  t.same(await after(25), [])
})
