// A body that drips is given up, and one that only waits for us is not (hardening: slow body).

import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { paced } from '../../src/http/pace.ts'
import { IheError } from '../../src/model/error.ts'

async function* dripping(bytes: number, everyMs: number): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < bytes; sent += 1) {
    await pause(everyMs)
    yield Buffer.of(sent & 0xff)
  }
}

async function lengthOf(body: AsyncIterable<Buffer>, restMs = 0): Promise<number> {
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (restMs > 0) await pause(restMs)
  }
  return length
}

async function refusal(body: AsyncIterable<Buffer>): Promise<IheError> {
  const error = await lengthOf(body).catch((cause: unknown) => cause)
  if (error instanceof IheError) return error
  throw new Error('accepted', { cause: error })
}

const PACE = { bytesPerSecond: 1000, graceMs: 200 }

t.test('a byte at a time is too slow, and so is silence', async (t) => {
  t.match(await refusal(paced(dripping(1000, 10), PACE)), { row: { code: 'TOO_SLOW', http: 408 } })
  const silent = async function* () {
    yield Buffer.alloc(100)
    await new Promise(() => {})
  }
  t.equal((await refusal(paced(silent(), PACE))).rule, 'at least 1000 bytes a second, averaged over 0.2 s')
})

t.test('a fast beginning does not pay for a slow rest', async (t) => {
  const slowing = async function* () {
    yield Buffer.alloc(1_000_000)
    yield* dripping(1000, 10)
  }
  t.equal((await refusal(paced(slowing(), PACE))).row.code, 'TOO_SLOW')
})

t.test('a message that is short, fast enough, or read slowly by us passes', async (t) => {
  t.equal(await lengthOf(paced(dripping(5, 10), PACE)), 5)
  t.equal(await lengthOf(paced(dripping(60, 10), { bytesPerSecond: 20, graceMs: 200 })), 60)
  const quick = async function* () {
    for (let index = 0; index < 5; index += 1) yield Buffer.of(index)
  }
  t.equal(await lengthOf(paced(quick(), PACE), 100), 5, 'our own pauses do not count')
  t.equal(await lengthOf(paced(dripping(30, 10), { bytesPerSecond: 0, graceMs: 100 })), 30, 'switched off')
})

t.test('what takes long goes on as long as it comes steadily, and only then', async (t) => {
  const steady = { afterMs: 400, bytesPerSecond: 20 }
  const PATIENT = { bytesPerSecond: 0, graceMs: 200, steady }
  t.equal(await lengthOf(paced(dripping(100, 10), PATIENT)), 100)
  t.equal(await lengthOf(paced(dripping(3, 100), PATIENT)), 3, 'what is small has its time')
  const { row, rule } = await refusal(paced(dripping(1000, 100), PATIENT))
  t.match({ code: row.code, rule }, { code: 'TOO_SLOW', rule: 'at least 20 bytes a second, averaged over 0.2 s' })
})

t.test('a body that breaks off is the fault of its connection, at any pace', async (t) => {
  const breaking = async function* () {
    yield Buffer.alloc(10)
    throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
  }
  for (const pace of [PACE, { bytesPerSecond: 0, graceMs: 200 }]) {
    const { row, rule } = await refusal(paced(breaking(), pace))
    t.match(row, { code: 'TOO_SLOW', blame: 'caller', retry: 'same' })
    t.equal(rule, 'a connection that stands until the message is whole')
  }
})
