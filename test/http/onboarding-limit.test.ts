// How often strangers may fail to redeem an invitation: by address and altogether (security: brute force).

import t from 'tap'
import { addressKey, createAttemptLimit, WINDOW_MS } from '../../src/http/onboarding-limit.ts'

function open(perAddress: number, total: number) {
  let nowMs = 1000
  const take = createAttemptLimit({ perAddress, total }, () => nowMs)
  return {
    take,
    pass: (ms: number) => {
      nowMs += ms
    },
    fail: (address: string): boolean => {
      const taken = take(address)
      if (taken.kind === 'allowed') taken.failed()
      return taken.kind === 'allowed'
    },
  }
}

t.test('an address fails so often, then waits for the end of its window; others go on', async (t) => {
  const { take, fail, pass } = open(3, 100)
  for (let count = 0; count < 3; count += 1) t.ok(fail('192.0.2.1'))
  t.match(take('192.0.2.1'), { kind: 'refused', retryAfterSeconds: WINDOW_MS / 1000 })
  t.ok(fail('192.0.2.2'))
  pass(WINDOW_MS - 1500)
  t.match(take('192.0.2.1'), { kind: 'refused', retryAfterSeconds: 2 })
  pass(1500)
  t.ok(fail('192.0.2.1'))
})

t.test('what succeeded does not count, said twice neither', async (t) => {
  const { take } = open(2, 100)
  for (let count = 0; count < 10; count += 1) {
    const taken = take('192.0.2.1')
    t.equal(taken.kind, 'allowed')
    if (taken.kind === 'refused') continue
    taken.succeeded()
    taken.succeeded()
  }
  t.equal(take('192.0.2.1').kind, 'allowed')
  t.equal(take('192.0.2.1').kind, 'allowed', 'attempts at work count until they have succeeded')
  t.equal(take('192.0.2.1').kind, 'refused')
})

t.test('many addresses together meet the other limit', async (t) => {
  const { fail, take, pass } = open(3, 10)
  for (let count = 0; count < 10; count += 1) t.ok(fail(`192.0.2.${count}`))
  t.match(take('198.51.100.1'), { kind: 'refused' })
  pass(WINDOW_MS)
  t.ok(fail('198.51.100.1'))
})

t.test('failures are counted for the alert, of the address and altogether', async (t) => {
  const { take } = open(10, 100)
  const failed = (address: string) => {
    const taken = take(address)
    return taken.kind === 'allowed' ? taken.failed() : undefined
  }
  t.strictSame(failed('192.0.2.1'), { ofAddress: 1, altogether: 1 })
  t.strictSame(failed('192.0.2.2'), { ofAddress: 1, altogether: 2 })
  t.strictSame(failed('192.0.2.1'), { ofAddress: 2, altogether: 3 })
})

t.test('no more addresses are remembered than there is room for', async (t) => {
  const { fail, take } = open(1, 1_000_000)
  for (let count = 0; count < 10_001; count += 1) fail(`192.0.${count >> 8}.${count & 255}`)
  t.equal(take('192.0.0.0').kind, 'allowed', 'the first one was forgotten')
  t.equal(take('192.0.39.16').kind, 'refused', 'the last one was not')
})

t.test('one address is one IPv4 address, or a /64 of IPv6', async (t) => {
  const cases = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ] as const
  for (const [remote, key] of cases) t.equal(addressKey(remote), key, remote)
})
