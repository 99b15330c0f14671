// Prometheus metrics of exchanges: counts, error codes and latency by transaction; no personal data in labels.

import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
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
