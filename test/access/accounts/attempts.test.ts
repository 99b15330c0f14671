// How failed log-ons make the next one wait, and lock (idlink S-2; security e.36).

import t from 'tap'
import {
  ADDRESS_RULE,
  counted,
  type Guard,
  type GuardRule,
  NAME_RULE,
  NO_FAILURES,
  waitOf,
} from '../../../src/access/accounts/attempts.ts'

const MINUTE = 60_000

/** Waits after each of these failures, each made as soon as it may be. */
function waits(count: number, rule: GuardRule): readonly number[] {
  let guard: Guard = NO_FAILURES
  let now = 1_000_000
  return Array.from({ length: count }, () => {
    guard = counted(guard, now, rule)
    const wait = waitOf(guard, now)
    now += wait
    return wait
  })
}

t.test('each failure of a name makes the next wait longer, the fifth locks it for fifteen minutes', async (t) => {
  t.strictSame(waits(5, NAME_RULE), [0, 1000, 2000, 4000, 15 * MINUTE])
})

t.test('who goes on is locked longer, an hour at most', async (t) => {
  const locks = waits(30, NAME_RULE).filter((wait) => wait >= 15 * MINUTE)
  t.strictSame(
    locks.slice(0, 4),
    [15, 30, 60, 60].map((minutes) => minutes * MINUTE),
  )
})

t.test('failures are forgotten after a quarter of an hour, locks after a day', async (t) => {
  let guard = NO_FAILURES
  for (const at of [0, 10_000, 20_000, 30_000]) guard = counted(guard, at, NAME_RULE)
  t.equal(guard.failures, 4)
  t.equal(counted(guard, 30_000 + 15 * MINUTE, NAME_RULE).locks, 1, 'within the window the fifth locks')
  t.match(counted(guard, 30_001 + 15 * MINUTE, NAME_RULE), { failures: 1, locks: 0, blockedUntilMs: undefined })
  const locked: Guard = { failures: 0, locks: 3, lastAtMs: 0, blockedUntilMs: undefined }
  t.equal(counted(locked, 24 * 60 * MINUTE + 1, NAME_RULE).locks, 0)
})

t.test('an address is slowed down, never shut out', async (t) => {
  const all = waits(60, ADDRESS_RULE)
  t.strictSame(
    all.slice(0, 10),
    Array.from({ length: 10 }, () => 0),
  )
  t.strictSame(all.slice(10, 16), [1000, 2000, 4000, 8000, 16_000, 30_000])
  t.equal(Math.max(...all), 30_000)
})
