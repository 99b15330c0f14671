// Long work beside messages: a slice of it, then a rest, so that whoever asks meanwhile hardly notices (design §7).

import { setTimeout as delay } from 'node:timers/promises'

/** A message that comes during a slice waits for its end; milliseconds. */
const SLICE_MS = 10
/** The work has a fifth of the time, of this process and of the database. */
const RESTS = 4

/**
 * The same values, with rests between them. Time that is spent on others counts as work: on a busy machine the rests are longer.
 * @throws {DOMException} AbortError when it is stopped.
 */
export async function* unhurried<T>(values: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  let beganMs = performance.now()
  for await (const value of values) {
    signal.throwIfAborted()
    yield value
    const workedMs = performance.now() - beganMs
    if (workedMs < SLICE_MS) continue
    await delay(RESTS * workedMs, undefined, { signal, ref: false })
    beganMs = performance.now()
  }
}
