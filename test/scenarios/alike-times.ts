// That two questions are answered in the same time, so that the time tells nothing of what is hidden (security b.4).

import type { Test } from 'tap'

/** Apart by less than one of these counts as the same. */
const APART_MS = 2
const APART_SHARE = 0.05
const ATTEMPTS = 4

/** The medians of so many rounds, in milliseconds. */
async function medians(
  ask: readonly [() => Promise<unknown>, () => Promise<unknown>],
  rounds: number,
): Promise<readonly [number, number]> {
  const times: readonly [number[], number[]] = [[], []]
  // Turn by turn, so that whatever else the machine does falls upon both.
  for (let round = 0; round < rounds; round += 1) {
    for (const place of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const start = performance.now()
      await ask[place]()
      times[place].push(performance.now() - start)
    }
  }
  return [median(times[0]), median(times[1])]
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}

/** Fails when the medians of both differ by more than 2 ms and 5 %. */
export async function takeAsLong(
  t: Test,
  name: string,
  ask: readonly [() => Promise<unknown>, () => Promise<unknown>],
  rounds: number,
): Promise<void> {
  // A machine that is busy with other things tells two alike apart now and then; what tells of something hidden does so every time.
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const [one, other] = await medians(ask, rounds)
    const apart = Math.abs(one - other)
    const said = `${name}: ${one.toFixed(2)} and ${other.toFixed(2)} ms`
    t.comment(said)
    if (apart < APART_MS || apart < APART_SHARE * Math.max(one, other)) return
    if (attempt === ATTEMPTS) t.fail(said)
  }
}
