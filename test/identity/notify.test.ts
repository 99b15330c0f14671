// How an attempt to notify is judged, and what a job does with its rows (reliability: outbox; ITI TF-2 3.46.4.2).

import t from 'tap'
import { type Notification, type NotifyPorts, notify, type Sent, settlementOf } from '../../src/identity/notify.ts'
import { idsOfInterest, idsToTell, isSameSet } from '../../src/identity/subscription.ts'
import { AFFINITY, callerOf, DOMAIN_A, DOMAIN_B, idIn } from './in-memory.ts'

const HOUR_MS = 3_600_000
const tried = { attempts: 1, failures: 0, dueForMs: 0 }
const pair = { subscriptionId: 's', person: '7' }

t.test('accepted is sent; refused is parked at once, whatever the time', async (t) => {
  t.same(settlementOf(tried, { answer: 'accepted', reason: 'CA' }), { state: 'sent' })
  t.same(settlementOf(tried, { answer: 'refused', reason: 'CE 204' }), { state: 'parked', reason: 'CE 204' })
})

t.test(
  'who cannot be reached rests, in doubling pauses up to ten minutes; who is busy rests alone with this row',
  async (t) => {
    for (const [failures, longest] of [
      [0, 1000],
      [1, 2000],
      [5, 32_000],
      [40, 600_000],
    ] as const) {
      const settlement = settlementOf({ ...tried, failures }, { answer: 'unreachable', reason: 'ECONNREFUSED' })
      t.match(settlement, { state: 'waiting', rests: true })
      const { delayMs } = settlement as { delayMs: number }
      t.ok(delayMs <= longest && delayMs >= longest * 0.8, `${failures} failures: ${delayMs} ms`)
    }
    const busy = settlementOf({ ...tried, attempts: 3, failures: 0 }, { answer: 'busy', reason: 'CR' })
    t.match(busy, { state: 'waiting', rests: false })
    t.ok((busy as { delayMs: number }).delayMs <= 4000)
  },
)

t.test('after 72 hours it is parked; a day does not park', async (t) => {
  const unreachable = { answer: 'unreachable', reason: 'ECONNREFUSED' } as const
  t.equal(settlementOf({ ...tried, dueForMs: 24 * HOUR_MS }, unreachable).state, 'waiting')
  t.equal(settlementOf({ ...tried, dueForMs: 71 * HOUR_MS }, unreachable).state, 'waiting')
  t.equal(settlementOf({ ...tried, dueForMs: 73 * HOUR_MS }, unreachable).state, 'parked')
  t.equal(settlementOf({ ...tried, dueForMs: 73 * HOUR_MS }, { answer: 'busy', reason: 'CR' }).state, 'parked')
})

function portsWith(answers: readonly Sent['answer'][]) {
  const settled: string[] = []
  const alarms: string[] = []
  let taken = 0
  const ports: NotifyPorts = {
    take: async () => (taken < answers.length ? notification(String(taken++)) : undefined),
    send: async ({ outboxId }) => ({
      answer: answers[Number(outboxId)] ?? 'accepted',
      reason: 'x',
      exchange: callerOf('clinic-b').exchange,
    }),
    settle: async ({ outboxId }, { state }) => void settled.push(`${outboxId} ${state}`),
    alarm: ({ outboxId }) => void alarms.push(outboxId),
  }
  return { ports, settled, alarms }
}

function notification(outboxId: string): Notification {
  return {
    ...pair,
    ...tried,
    outboxId,
    messageId: 'm',
    ids: [],
    composedAt: new Date(0),
    destination: { transaction: 'ITI-46', endpoint: 'https://localhost/', deviceOid: '2.25.1' },
    system: callerOf('clinic-b'),
  }
}

t.test('a job sends the rows of its pair in order and stops at the first that is not taken', async (t) => {
  const all = portsWith(['accepted', 'accepted'])
  await notify(pair, all.ports, new AbortController().signal)
  t.same(all.settled, ['0 sent', '1 sent'])
  const stopped = portsWith(['accepted', 'busy', 'accepted'])
  await notify(pair, stopped.ports, new AbortController().signal)
  t.same(stopped.settled, ['0 sent', '1 waiting'])
  const parked = portsWith(['refused', 'accepted'])
  await notify(pair, parked.ports, new AbortController().signal)
  t.same(parked.settled, ['0 parked'])
  t.same(parked.alarms, ['0'], 'the operator hears of it')
})

t.test('a server that stops counts nothing against the subscriber', async (t) => {
  const stopping = new AbortController()
  const { ports, settled } = portsWith(['unreachable'])
  const cut: NotifyPorts = {
    ...ports,
    send: async (...given) => {
      stopping.abort()
      return ports.send(...given)
    },
  }
  await t.rejects(notify(pair, cut, stopping.signal))
  t.same(settled, [])
})

t.test('3.46.4.1.1: a subscriber is told of its domains what it could ask for, in a fixed order', async (t) => {
  const domain = (oid: typeof DOMAIN_A, kind: 'facility' | 'community', facilityId?: string) => ({
    oid,
    name: `name of ${oid}`,
    kind,
    ...(facilityId === undefined ? {} : { facilityId }),
  })
  const known = [
    { id: idIn(DOMAIN_B, 'B1'), domain: domain(DOMAIN_B, 'facility', 'clinic-b') },
    { id: idIn(AFFINITY, 'X1'), domain: domain(AFFINITY, 'community') },
    { id: idIn(DOMAIN_A, 'A1'), domain: domain(DOMAIN_A, 'facility', 'hospital-a') },
  ]
  const system = callerOf('clinic-b')
  const all = idsOfInterest({}, known)
  t.same(
    all.map(({ id }) => id.value),
    ['A1', 'B1', 'X1'],
  )
  t.same(
    idsOfInterest({ domains: [DOMAIN_A] }, known).map(({ id }) => id.value),
    ['A1'],
  )
  t.same(idsToTell({ system }, all, new Set()), [{ id: idIn(DOMAIN_B, 'B1'), authorityName: `name of ${DOMAIN_B}` }])
  t.ok(isSameSet(['B1^^^&2.25.100.2&ISO'], idsToTell({ system }, all, new Set())))
  t.notOk(isSameSet([], idsToTell({ system }, all, new Set())))
})
