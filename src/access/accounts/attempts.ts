// How often somebody may try to log on: each failure makes the next wait longer, and five within fifteen minutes lock the name
// (idlink S-2; security e.36). It counts by the name as typed, whether anybody has it or not: nothing tells the two apart.

export interface Guard {
  /** Within the window. */
  readonly failures: number
  /** Locks one after the other, without a success between. */
  readonly locks: number
  readonly lastAtMs: number | undefined
  readonly blockedUntilMs: number | undefined
}

export interface GuardRule {
  readonly windowMs: number
  /** Failures after which the next attempt need not wait. */
  readonly free: number
  readonly longestDelayMs: number
  /** Failures that lock; absent: only delays. */
  readonly lockAfter?: number
  readonly lockMs: number
  readonly longestLockMs: number
}

const MINUTE_MS = 60_000

export const NAME_RULE: GuardRule = {
  windowMs: 15 * MINUTE_MS,
  free: 1,
  longestDelayMs: 8000,
  lockAfter: 5,
  lockMs: 15 * MINUTE_MS,
  longestLockMs: 60 * MINUTE_MS,
}

/** An address is a whole facility, or the host itself: it is slowed down, never shut out. */
export const ADDRESS_RULE: GuardRule = {
  windowMs: 15 * MINUTE_MS,
  free: 10,
  longestDelayMs: 30_000,
  lockMs: 0,
  longestLockMs: 0,
}

/** Sheets that found nobody: whoever mistypes goes on, whoever walks through birth dates does not. */
export const SHEET_RULE: GuardRule = {
  windowMs: 60 * MINUTE_MS,
  free: 30,
  longestDelayMs: 0,
  lockAfter: 30,
  lockMs: 60 * MINUTE_MS,
  longestLockMs: 60 * MINUTE_MS,
}

export const NO_FAILURES: Guard = { failures: 0, locks: 0, lastAtMs: undefined, blockedUntilMs: undefined }

/** A lock is forgotten when this long nothing was tried. */
const FORGOTTEN_AFTER_MS = 24 * 60 * MINUTE_MS
const FIRST_DELAY_MS = 1000

/** Milliseconds until the next attempt; 0: now. */
export function waitOf({ blockedUntilMs }: Guard, nowMs: number): number {
  return Math.max(0, (blockedUntilMs ?? 0) - nowMs)
}

/**
 * The guard after an attempt that is counted as a failure before it is known to be none: of attempts that come together each one is
 * counted before the next is let in.
 */
export function counted(guard: Guard, nowMs: number, rule: GuardRule): Guard {
  const sinceMs = guard.lastAtMs === undefined ? Number.POSITIVE_INFINITY : nowMs - guard.lastAtMs
  const locks = sinceMs > FORGOTTEN_AFTER_MS ? 0 : guard.locks
  const failures = sinceMs > rule.windowMs ? 1 : guard.failures + 1
  if (rule.lockAfter !== undefined && failures >= rule.lockAfter)
    return {
      failures: 0,
      locks: locks + 1,
      lastAtMs: nowMs,
      blockedUntilMs: nowMs + Math.min(rule.longestLockMs, rule.lockMs * 2 ** locks),
    }
  const beyond = failures - rule.free
  const delayMs = beyond <= 0 ? 0 : Math.min(rule.longestDelayMs, FIRST_DELAY_MS * 2 ** (beyond - 1))
  return { failures, locks, lastAtMs: nowMs, blockedUntilMs: delayMs === 0 ? undefined : nowMs + delayMs }
}
