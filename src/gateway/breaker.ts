// Whether a community is asked now: one that fails is left alone for a while, then tried once (circuit breaker).

/** The try decides alone: a call that began before and ends late says nothing about now. */
export type Admitted = 'call' | 'try'

export interface Breaker {
  /** Undefined while nobody may ask; whoever is admitted says how it ended. */
  readonly admits: () => Admitted | undefined
  readonly succeeded: (admitted: Admitted) => void
  readonly failed: (admitted: Admitted) => void
  /** It ended in a way that says nothing about the community. */
  readonly undecided: (admitted: Admitted) => void
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
  /** Of the last minute, oldest first. */
  let calls: { readonly at: number; readonly failed: 0 | 1 }[] = []
  let failures = 0
  let inARow = 0
  let restMs = FIRST_REST_MS
  let openUntil: number | undefined
  let isTried = false

  function keep(failed: 0 | 1): void {
    const at = now()
    for (let [oldest] = calls; oldest !== undefined && at - oldest.at >= WINDOW_MS; [oldest] = calls) {
      failures -= oldest.failed
      calls.shift()
    }
    calls.push({ at, failed })
    failures += failed
  }

  function isFailing(): boolean {
    return inARow >= IN_A_ROW || (calls.length >= ENOUGH_CALLS && failures * 2 > calls.length)
  }

  function open(): void {
    openUntil = now() + restMs
    restMs = Math.min(restMs * 2, LONGEST_REST_MS)
    calls = []
    failures = 0
    inARow = 0
  }

  return {
    admits: () => {
      if (openUntil === undefined) return 'call'
      if (isTried || now() < openUntil) return undefined
      isTried = true
      return 'try'
    },
    succeeded: (admitted) => {
      if (admitted === 'try') {
        isTried = false
        openUntil = undefined
        restMs = FIRST_REST_MS
      } else if (openUntil !== undefined) return
      keep(0)
      inARow = 0
    },
    failed: (admitted) => {
      if (admitted === 'try') {
        isTried = false
        open()
        return
      }
      if (openUntil !== undefined) return
      keep(1)
      inARow += 1
      if (isFailing()) open()
    },
    undecided: (admitted) => {
      if (admitted === 'try') isTried = false
    },
    opensInSeconds: () => (openUntil === undefined ? undefined : Math.max(0, Math.ceil((openUntil - now()) / 1000))),
  }
}
