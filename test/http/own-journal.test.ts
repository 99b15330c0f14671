// Looks of systems into their journal wait for each other, so that messages keep the connections of the database (docs/journal.md).

import fastify from 'fastify'
import t from 'tap'
import { registerOwnJournal } from '../../src/http/own-journal.ts'
import type { CallingSystem } from '../../src/model/caller.ts'

t.test('of many looks at once two of a system and four in all are at work, and all are answered', async (t) => {
  const atWork = { now: 0, most: 0 }
  const waiting: (() => void)[] = []
  const app = fastify()
  t.teardown(() => app.close())
  registerOwnJournal(app, {
    door: {
      recorder: { record: async () => {} },
      keeper: { keeping: 'none', keep: () => {} },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      meter: { exchange: () => {}, opened: () => () => {}, turnedAway: () => {} },
    },
    journal: {
      search: async () => {
        atWork.now += 1
        atWork.most = Math.max(atWork.most, atWork.now)
        await new Promise<void>((resolve) => waiting.push(resolve))
        atWork.now -= 1
        return { entries: [] }
      },
      find: async () => undefined,
      kept: async () => [],
      looked: async () => {},
    },
    systemOf: ({ headers }) => ({
      system: { systemId: String(headers['x-system']), facilityId: 'f' } as CallingSystem,
      active: 'yes',
    }),
  })
  await app.ready()
  const look = (system: string) => app.inject({ url: '/journal', headers: { 'x-system': system } })
  const drained = async (answers: readonly Promise<{ readonly statusCode: number }>[]) => {
    let left = answers.length
    for (const answer of answers) void answer.then(() => (left -= 1))
    while (left > 0) {
      await new Promise(setImmediate)
      waiting.shift()?.()
    }
    return (await Promise.all(answers)).map(({ statusCode }) => statusCode)
  }
  t.same(new Set(await drained(Array.from({ length: 40 }, () => look('clinic-b')))), new Set([200]))
  t.equal(atWork.most, 2)
  atWork.most = 0
  await drained(['a', 'b', 'c'].flatMap((system) => Array.from({ length: 10 }, () => look(system))))
  t.equal(atWork.most, 4)
})
