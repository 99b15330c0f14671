// The sender of audit records against a repository that breaks, refuses, and does not answer, on a clock of the test (RFC 5425; docs/adr/0037).

import t from 'tap'
import { type Noted, type RecordLine, type SealedEvent, type SendPorts, sendAll } from '../../src/audit/send.ts'
import type { StoredEvent } from '../../src/audit/stored-event.ts'
import type { ClaimedTarget, Progress } from '../../src/audit/targets.ts'

const TARGET: ClaimedTarget = {
  name: 'arr',
  host: 'arr.example.org',
  port: 6514,
  withReceived: false,
  version: 1,
  resendFrom: 0,
  attempts: 0,
}

const END_MS = 24 * 3_600_000

/** A repository and a database in memory; `plan` is asked before each connection and each write. */
function world(given: {
  readonly seals: number
  readonly fault?: (step: 'open' | 'write' | 'finish', arrived: readonly number[]) => Error | undefined
  readonly batch?: number
}) {
  const stopping = new AbortController()
  const arrived: number[] = []
  const noted: Noted[] = []
  const saved: Progress[] = []
  const rests: number[] = []
  let nowMs = 0
  let opened = 0
  const fail = (step: 'open' | 'write' | 'finish'): void => {
    const error = given.fault?.(step, arrived)
    if (error !== undefined) throw error
  }
  const line = (): RecordLine => ({
    broken: new Promise(() => {}),
    destroy: () => {},
    write: async (records) => {
      nowMs += 100
      // What breaks within a batch has brought a part of it.
      const [first] = records
      if (first !== undefined) arrived.push(Number(first))
      fail('write')
      arrived.push(...records.slice(1).map(Number))
    },
    finish: async () => fail('finish'),
  })
  const ports: SendPorts = {
    read: async (after) =>
      Array.from({ length: Math.min(given.batch ?? 10, given.seals - after) }, (_, n): SealedEvent => {
        const position = after + n + 1
        return { position, event: { eventId: String(position) } as StoredEvent }
      }),
    render: ({ eventId }) => [Buffer.from(eventId)],
    open: async () => {
      opened += 1
      fail('open')
      return line()
    },
    save: async (progress) => {
      saved.push(progress)
      return true
    },
    note: async (one) => void noted.push(one),
    rest: async (ms) => {
      rests.push(ms)
      nowMs += ms
      if (nowMs > END_MS || saved.at(-1)?.resendFrom === given.seals) stopping.abort()
      // Others have their turn.
      await new Promise((resolve) => setImmediate(resolve))
    },
    nowMs: () => nowMs,
    log: { warn: () => {} },
  }
  return { ports, stopping, arrived, noted, saved, rests, opened: () => opened }
}

const until = (seals: number): readonly number[] => Array.from({ length: seals }, (_, n) => n + 1)
const once = (arrived: readonly number[]): readonly number[] => [...new Set(arrived)]

t.test('everything arrives once and in order, and is done with when the connection has ended well', async (t) => {
  const { ports, stopping, arrived, saved, noted, opened } = world({ seals: 95 })
  await sendAll(TARGET, ports, stopping.signal)
  t.same(arrived, until(95))
  t.same(saved.at(-1), { sentTo: 95, resendFrom: 95 })
  t.same(noted, [{ state: 'up', attempts: 0 }], 'that it works is said once')
  t.equal(opened(), 1, 'without anything to send there is no connection')
})

t.test('connections that break: at least once, in order, none missing', async (t) => {
  let random = 7
  const { ports, stopping, arrived, saved, opened } = world({
    seals: 800,
    fault: (step) => {
      random = (random * 48271) % 2147483647
      return random % 17 === 0 ? Object.assign(new Error(step), { code: 'ECONNRESET' }) : undefined
    },
  })
  await sendAll(TARGET, ports, stopping.signal)
  t.same(once(arrived), until(800), 'first arrivals are in order and complete')
  t.ok(opened() > 1 && arrived.length > 800)
  t.same(saved.at(-1), { sentTo: 800, resendFrom: 800 })
  t.notOk(saved.some(({ sentTo, resendFrom }) => resendFrom > sentTo))
})

t.test('a repository that is away is asked after 1, 2, 4 … seconds, five minutes at most, for ever', async (t) => {
  const { ports, stopping, arrived, noted, rests } = world({
    seals: 5,
    fault: () => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
  })
  await sendAll(TARGET, ports, stopping.signal)
  t.same(
    rests.slice(0, 11),
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1000),
  )
  t.same(arrived, [])
  t.match(noted[3], { state: 'unreachable', attempts: 4, error: 'ECONNREFUSED: connect' })
})

t.test('3.19.6: a certificate that is not accepted is another state', async (t) => {
  for (const code of [
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  ]) {
    const { ports, stopping, noted } = world({ seals: 1, fault: () => Object.assign(new Error('tls'), { code }) })
    await sendAll(TARGET, ports, stopping.signal)
    t.equal(noted[0]?.state, 'refused', code)
  }
})

t.test('an end that is not confirmed is a broken connection: all of it is sent again', async (t) => {
  let refusals = 2
  const { ports, stopping, arrived } = world({
    seals: 20,
    fault: (step) => {
      if (step !== 'finish' || refusals === 0) return undefined
      refusals -= 1
      return new Error('the other side did not say that it has read all')
    },
  })
  await sendAll(TARGET, ports, stopping.signal)
  t.same(arrived, [...until(20), ...until(20), ...until(20)])
})

t.test('an event that cannot be rendered stops what is behind it, not what is before it', async (t) => {
  const { ports, stopping, arrived, noted } = world({ seals: 30 })
  const render: SendPorts['render'] = (event) => {
    if (event.eventId === '15') throw new TypeError('no such row')
    return ports.render(event)
  }
  await sendAll(TARGET, { ...ports, render }, stopping.signal)
  t.same(once(arrived), until(14))
  t.match(noted.at(-1), { state: 'unreachable', error: 'audit event 15 cannot be rendered' })
})

t.test('a target that another process has taken is left', async (t) => {
  const { ports, stopping, arrived } = world({ seals: 1000 })
  await sendAll(TARGET, { ...ports, save: async () => false }, stopping.signal)
  t.equal(arrived.length, 10, 'one batch')
})

t.test('a database that cannot tell is not the target’s fault', async (t) => {
  const { ports, stopping, arrived, noted } = world({ seals: 10 })
  let fails = 3
  const read: SendPorts['read'] = (after) => {
    fails -= 1
    return fails > 0 ? Promise.reject(new Error('busy')) : ports.read(after)
  }
  await sendAll(TARGET, { ...ports, read }, stopping.signal)
  t.same(arrived, until(10))
  t.same(
    noted.map(({ state }) => state),
    ['up'],
  )
})
