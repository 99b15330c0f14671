// Prometheus metrics of exchanges: counts, error codes and latency by transaction; no personal data in labels.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Meter } from './door.ts'

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface Metrics {
  readonly registry: Registry
  readonly meter: Meter
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const exchanges = new Counter({
    name: 'tsunagi_exchanges_total',
    help: 'Messages answered, by transaction, result and error code',
    labelNames: ['transaction', 'result', 'code'],
    registers: [registry],
  })
  const duration = new Histogram({
    name: 'tsunagi_exchange_duration_seconds',
    help: 'Time from the first byte of a message to its answer',
    labelNames: ['transaction'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  })
  return {
    registry,
    meter: {
      exchange: (labels, seconds) => {
        exchanges.inc(labels)
        duration.observe({ transaction: labels.transaction }, seconds)
      },
    },
  }
}

/** What is left of the life of each revocation list, by label of its authority; read when the metrics are. */
export function watchRevocationLists(
  registry: Registry,
  read: () => Promise<readonly { readonly anchor: string; readonly ratio: number; readonly seconds: number }[]>,
): void {
  const gauge = (name: string, member: 'ratio' | 'seconds', help: string): void => {
    const one: Gauge<'anchor'> = new Gauge({
      name,
      help,
      labelNames: ['anchor'],
      registers: [registry],
      async collect() {
        // Without a database the other metrics are needed most: this has no value then.
        const states = await read().catch(() => [])
        one.reset()
        for (const state of states) one.set({ anchor: state.anchor }, state[member])
      },
    })
  }
  const left =
    'Part of the life of a revocation list that is left: look at it from 0.5, act from 0.25; 0: none, or out of date'
  gauge('tsunagi_crl_life_left_ratio', 'ratio', left)
  gauge(
    'tsunagi_crl_seconds_left',
    'seconds',
    'Time until the revocation list of an authority is out of date; negative: it is',
  )
}

export interface WaitingNotifications {
  readonly subscriptionId: string
  readonly waiting: number
  readonly parked: number
  readonly oldestSeconds: number
}

/** Update notifications that are not sent yet, read when the metrics are: an alarm belongs on the age and on what is parked. */
export function watchNotifications(registry: Registry, read: () => Promise<readonly WaitingNotifications[]>): void {
  const gauge = (name: string, help: string): Gauge<'subscription'> =>
    new Gauge({ name, help, labelNames: ['subscription'], registers: [registry] })
  const age = gauge('tsunagi_notifications_oldest_seconds', 'Age of the oldest notification that waits')
  const parked = gauge('tsunagi_notifications_parked', 'Notifications that need a decision of the operator')
  const waiting = new Gauge({
    name: 'tsunagi_notifications_waiting',
    help: 'Notifications that are not sent yet',
    labelNames: ['subscription'],
    registers: [registry],
    async collect() {
      // Without a database the other metrics are needed most: these have no value then.
      const states = await read().catch(() => [])
      for (const one of [waiting, age, parked]) one.reset()
      for (const { subscriptionId, ...state } of states) {
        waiting.set({ subscription: subscriptionId }, state.waiting)
        age.set({ subscription: subscriptionId }, state.oldestSeconds)
        parked.set({ subscription: subscriptionId }, state.parked)
      }
    },
  })
}
