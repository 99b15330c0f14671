// Long work in slices, so that whoever else this process serves is not kept waiting.

import { setImmediate } from 'node:timers/promises'

const SLICE_MS = 8

/** @returns a function to call between two steps; it lets others work when a slice is used up. */
export function breathing(): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < SLICE_MS) return
    await setImmediate()
    since = performance.now()
  }
}
