// Whether a community is asked now: one that fails is left alone for a while, then tried once (circuit breaker).

export interface Breaker {
  /** True when a call may be made now; whoever gets it says how it ended. */
  readonly admits: () => boolean
  readonly succeeded: () => void
  readonly failed: () => void
  /** Seconds until the next try; undefined while calls are admitted. */
  readonly opensInSeconds: () => number | undefined
}

/** Opens after so many failures in a row, or when more than half of at least so many calls of the last minute failed. */
const IN_A_ROW = 5
const ENOUGH_CALLS = 20
const WINDOW_MS = 60_000
const FIRST_REST_MS = 30_000
const LONGEST_REST_MS = 300_000

/** @param now monotonic, milliseconds. */
export function createBreaker(now: () => number = () => performance.now()): Breaker {
  let calls: { readonly at: number; readonly failed: 0 | 1 }[] = []
  let inARow = 0
  let restMs = FIRST_REST_MS
  let openUntil: number | undefined
  let isTried = false

  function keep(failed: 0 | 1): void {
    const at = now()
    calls = [...calls.filter((call) => at - call.at < WINDOW_MS), { at, failed }]
  }

  function isFailing(): boolean {
    const failures = calls.reduce((sum, { failed }) => sum + failed, 0)
    return inARow >= IN_A_ROW || (calls.length >= ENOUGH_CALLS && failures * 2 > calls.length)
  }

  function open(): void {
    openUntil = now() + restMs
    restMs = Math.min(restMs * 2, LONGEST_REST_MS)
    calls = []
    inARow = 0
  }

  return {
    admits: () => {
      if (openUntil === undefined) return true
      if (isTried || now() < openUntil) return false
      isTried = true
      return true
    },
    succeeded: () => {
      keep(0)
      inARow = 0
      if (!isTried) return
      isTried = false
      openUntil = undefined
      restMs = FIRST_REST_MS
    },
    failed: () => {
      keep(1)
      inARow += 1
      const wasTried = isTried
      isTried = false
      if (wasTried || (openUntil === undefined && isFailing())) open()
    },
    opensInSeconds: () => (openUntil === undefined ? undefined : Math.max(0, Math.ceil((openUntil - now()) / 1000))),
  }
}
