// Turns of pushed messages: bounded in work, fair across systems whatever their connections, late ones sent away (StoreClient doors).

import t from 'tap'
import { createTurns, type TurnLimits } from '../../src/mllp/turns.ts'
import type { IheError } from '../../src/model/error.ts'

const LIMITS: TurnLimits = { overall: 2, perSystem: 1, waitMs: 60_000, waitingBytes: 1000 }

/** Lets promises that are settled tell it. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

t.test('no more in work than agreed, of one system and over all', async (t) => {
  const turns = createTurns(LIMITS)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const take = (system: string, name: string) =>
    turns.take(system, 1).then((end) => {
      begun.push(name)
      ends.set(name, end)
    })
  void take('a', 'a1')
  void take('a', 'a2')
  void take('b', 'b1')
  void take('c', 'c1')
  await settle()
  t.same(begun, ['a1', 'b1'], 'a2 waits for its system, c1 for everybody')
  ends.get('b1')?.()
  await settle()
  t.same(begun, ['a1', 'b1', 'c1'])
  ends.get('a1')?.()
  ends.get('a1')?.()
  await settle()
  t.same(begun, ['a1', 'b1', 'c1', 'a2'], 'ending twice frees one place')
  void take('d', 'd1')
  await settle()
  t.equal(begun.length, 4)
  for (const end of ends.values()) end()
  await settle()
  t.same(begun.slice(4), ['d1'])
})

t.test('a system with many messages waits for others after each', async (t) => {
  const turns = createTurns({ ...LIMITS, overall: 1 })
  const begun: string[] = []
  const all: Promise<void>[] = []
  const take = (system: string) =>
    all.push(
      turns.take(system, 1).then((end) => {
        begun.push(system)
        setImmediate(end)
      }),
    )
  for (let count = 0; count < 5; count++) take('greedy')
  take('modest')
  take('third')
  take('modest')
  await Promise.all(all)
  t.same(begun.slice(0, 6), ['greedy', 'greedy', 'modest', 'third', 'greedy', 'modest'])
})

t.test('a wait over the bound, and bytes over the bound, are BUSY (AR 207 SC-RETRY)', async (t) => {
  const turns = createTurns({ ...LIMITS, waitMs: 10 })
  const end = await turns.take('a', 1)
  const late = turns.take('a', 600)
  const refused = (turn: Promise<unknown>) =>
    turn.then(
      () => undefined,
      (error: IheError) => error.row,
    )
  const row = { code: 'BUSY', v2: { ack: 'AR', application: 'SC-RETRY' } }
  t.match(await refused(turns.take('a', 600)), row, 'too many bytes wait')
  t.match(await refused(late), row)
  end()
  const next = await turns.take('a', 600)
  next()
})
