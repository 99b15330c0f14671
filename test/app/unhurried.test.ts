// Work that takes long is done beside the answering of messages, and ends when the server does (design §7; reliability: lifecycle).

import t from 'tap'
import { unhurried } from '../../src/app/unhurried.ts'

const SLICES = 5
/** Longer than a slice. */
const WORK_MS = 15

/** As a page of a million rows that is worked on without a pause. */
function work(): void {
  const endMs = performance.now() + WORK_MS
  while (performance.now() < endMs);
}

async function* numbers(count: number, ended: () => void = () => {}): AsyncGenerator<number> {
  try {
    for (let number = 1; number <= count; number++) yield number
  } finally {
    ended()
  }
}

t.test('others have their turn between the slices, and every value comes', async (t) => {
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  const seen: number[] = []
  for await (const number of unhurried(numbers(SLICES), new AbortController().signal)) {
    work()
    seen.push(number)
  }
  clearInterval(timer)
  t.same(seen, [1, 2, 3, 4, 5])
  t.ok(turns >= SLICES, `${turns} turns of a timer`)
})

t.test('a stop ends it in a rest, and what it reads from is closed', async (t) => {
  const stopping = new AbortController()
  let isClosed = false
  const seen: number[] = []
  const reading = (async () => {
    const values = numbers(SLICES, () => {
      isClosed = true
    })
    for await (const number of unhurried(values, stopping.signal)) {
      seen.push(number)
      work()
      setImmediate(() => stopping.abort())
    }
  })()
  await t.rejects(reading, { name: 'AbortError' })
  t.same(seen, [1])
  t.ok(isClosed)
})

t.test('after the stop nothing is begun', async (t) => {
  const reading = async (): Promise<void> => {
    for await (const number of unhurried(numbers(SLICES), AbortSignal.abort())) t.fail(`${number} came`)
  }
  await t.rejects(reading(), { name: 'AbortError' })
})
