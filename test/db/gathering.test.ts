// Requests gathered into batches: who arrives together goes together, answers keep their order, one failure takes no other with it (design §2).

import t from 'tap'
import { createGathering } from '../../src/db/gathering.ts'

class Refused extends Error {}

function gathering(fails: (batch: readonly number[]) => Error | undefined = () => undefined, maxRunning = 2) {
  const batches: (readonly number[])[] = []
  let atWork = 0
  let most = 0
  const ask = createGathering<number, string>({
    maxRunning,
    batchOf: (waiting) => Math.min(waiting.length, 3),
    divides: (error) => error instanceof Refused,
    run: async (batch) => {
      batches.push(batch)
      atWork += 1
      most = Math.max(most, atWork)
      await new Promise<void>((resolve) => setImmediate(resolve))
      atWork -= 1
      const failure = fails(batch)
      if (failure !== undefined) throw failure
      return batch.map((request) => `answer to ${request}`)
    },
  })
  return { ask, batches, most: () => most }
}

const settled = (ask: (request: number) => Promise<string>, count: number) =>
  Promise.allSettled(Array.from({ length: count }, (_, index) => ask(index)))

t.test('each request gets its own answer, in batches of at most the size asked, few at a time', async (t) => {
  const { ask, batches, most } = gathering()
  const answers = await settled(ask, 10)
  t.strictSame(
    answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : 'failed')),
    Array.from({ length: 10 }, (_, index) => `answer to ${index}`),
  )
  t.ok(batches.every(({ length }) => length >= 1 && length <= 3))
  t.strictSame(
    batches.flat().toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
  t.equal(most(), 2)
  t.equal(await ask(11), 'answer to 11', 'and it goes on afterwards')
})

t.test('a request that fails alone is found by itself; the others of its batch are answered', async (t) => {
  const { ask } = gathering((batch) => (batch.includes(4) ? new Refused('4') : undefined))
  const answers = await settled(ask, 9)
  t.strictSame(
    answers.flatMap(({ status }, index) => (status === 'rejected' ? [index] : [])),
    [4],
  )
})

t.test('a failure that is not of one request is that of the whole batch, and not tried again', async (t) => {
  const { ask, batches } = gathering((batch) => (batch.includes(1) ? new Error('connection lost') : undefined))
  const answers = await settled(ask, 3)
  t.strictSame(
    answers.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  t.equal(batches.length, 1)
})

t.test('whoever asks again while the last batch ends is heard, whenever in that turn it asks', async (t) => {
  for (let turns = 0; turns <= 8; turns += 1) {
    const { ask } = gathering(() => undefined, 1)
    await ask(1)
    for (let turn = 0; turn < turns; turn += 1) await undefined
    // Nobody else comes who would take it along.
    const answer = await Promise.race([ask(2), nothingHappens()])
    t.equal(answer, 'answer to 2', `after ${turns} turns`)
  }
})

/** The event loop has turned more often than any batch that has begun takes. */
async function nothingHappens(): Promise<string> {
  for (let turn = 0; turn < 100; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
  return 'waits for ever'
}
