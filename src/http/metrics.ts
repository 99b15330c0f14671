// Prometheus metrics of exchanges and connections; no personal data in labels (docs/operations/metrics.md).

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { DOORS } from '../model/trust.ts'
import type { DoorLog, Meter } from './door.ts'
import { createWatch, type Sample, type Watch } from './metrics/gauges.ts'

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface Metrics {
  readonly registry: Registry
  readonly meter: Meter
  /** Adds gauges that are read when the metrics are. */
  readonly watch: Watch
  /** The log, with its warnings and errors counted. */
  readonly counted: (log: DoorLog) => DoorLog
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const exchanges = new Counter({
    name: 'tsunagi_exchanges_total',
    help: 'Messages answered, by transaction, result and error code',
    labelNames: ['transaction', 'result', 'code'],
    registers,
  })
  const duration = new Histogram({
    name: 'tsunagi_exchange_duration_seconds',
    help: 'Time from the first byte of a message to its answer',
    labelNames: ['transaction'],
    buckets: BUCKETS_SECONDS,
    registers,
  })
  const opened = new Counter({
    name: 'tsunagi_door_connections_total',
    help: 'Connections that a door took in',
    labelNames: ['door'],
    registers,
  })
  const open = new Gauge({
    name: 'tsunagi_door_connections',
    help: 'Connections of a door that are open',
    labelNames: ['door'],
    registers,
  })
  const turnedAway = new Counter({
    name: 'tsunagi_door_refused_total',
    help: 'Connections and certificates that a door refused: handshake, certificate, share (of one certificate or address), limit (of all)',
    labelNames: ['door', 'reason'],
    registers,
  })
  for (const door of DOORS) {
    open.set({ door }, 0)
    opened.inc({ door }, 0)
  }
  const lines = new Counter({
    name: 'tsunagi_log_lines_total',
    help: 'Lines of the log that say that something is wrong, by level',
    labelNames: ['level'],
    registers,
  })
  for (const level of ['warn', 'error']) lines.inc({ level }, 0)
  return {
    registry,
    counted: (log) => ({
      info: (fields, message) => log.info(fields, message),
      warn: (fields, message) => {
        lines.inc({ level: 'warn' })
        log.warn(fields, message)
      },
      error: (fields, message) => {
        lines.inc({ level: 'error' })
        log.error(fields, message)
      },
    }),
    watch: createWatch(registry),
    meter: {
      exchange: (labels, seconds) => {
        exchanges.inc(labels)
        duration.observe({ transaction: labels.transaction }, seconds)
      },
      opened: (door) => {
        opened.inc({ door })
        open.inc({ door })
        return () => open.dec({ door })
      },
      turnedAway: (door, reason) => turnedAway.inc({ door, reason }),
    },
  }
}

/** What is left of the life of each revocation list, by label of its authority. */
export function watchRevocationLists(
  watch: Watch,
  read: () => Promise<readonly { readonly anchor: string; readonly ratio: number; readonly seconds: number }[]>,
): void {
  const labels = ['anchor']
  watch({
    group: 'revocation lists',
    gauges: {
      ratio: {
        name: 'tsunagi_crl_life_left_ratio',
        help: 'Part of the life of a revocation list that is left: look at it from 0.5, act from 0.25; 0: none, or out of date',
        labels,
      },
      seconds: {
        name: 'tsunagi_crl_seconds_left',
        help: 'Time until the revocation list of an authority is out of date; negative: it is',
        labels,
      },
    },
    read: async () => {
      const states = await read()
      const samples = (member: 'ratio' | 'seconds'): readonly Sample[] =>
        states.map((state) => ({ labels: { anchor: state.anchor }, value: state[member] }))
      return { ratio: samples('ratio'), seconds: samples('seconds') }
    },
  })
}

/** What is not told or asked yet, by community. */
export interface WaitingSynchronisation {
  readonly facilityId: string
  readonly waiting: number
  readonly oldestSeconds: number
  readonly parked: number
  readonly conflicts: number
}

/** Patient indexes that are kept alike: an alarm belongs on the age, on what is parked, and on conflicts. */
export function watchSynchronisation(watch: Watch, read: () => Promise<readonly WaitingSynchronisation[]>): void {
  const labels = ['facility']
  const gauge = (name: string, help: string) => ({ name: `tsunagi_synchronisation_${name}`, help, labels })
  watch({
    group: 'synchronisation',
    gauges: {
      waiting: gauge('waiting', 'Persons of whom a neighbouring community must still be told or asked'),
      oldestSeconds: gauge('oldest_seconds', 'How long the oldest of them has waited'),
      parked: gauge('parked', 'Persons of whom a neighbouring community could not be told, who need a decision'),
      conflicts: gauge('conflicts', 'Persons about whom a neighbouring community contradicts what is known here'),
    },
    read: async () => {
      const states = await read()
      const samples = (member: 'waiting' | 'oldestSeconds' | 'parked' | 'conflicts'): readonly Sample[] =>
        states.map((state) => ({ labels: { facility: state.facilityId }, value: state[member] }))
      return {
        waiting: samples('waiting'),
        oldestSeconds: samples('oldestSeconds'),
        parked: samples('parked'),
        conflicts: samples('conflicts'),
      }
    },
  })
}

export interface WaitingNotifications {
  readonly subscriptionId: string
  readonly waiting: number
  readonly parked: number
  readonly oldestSeconds: number
}

/** Update notifications that are not sent yet: an alarm belongs on the age and on what is parked. */
export function watchNotifications(watch: Watch, read: () => Promise<readonly WaitingNotifications[]>): void {
  const labels = ['subscription']
  watch({
    group: 'notifications',
    gauges: {
      waiting: { name: 'tsunagi_notifications_waiting', help: 'Notifications that are not sent yet', labels },
      oldestSeconds: {
        name: 'tsunagi_notifications_oldest_seconds',
        help: 'Age of the oldest notification that waits',
        labels,
      },
      parked: {
        name: 'tsunagi_notifications_parked',
        help: 'Notifications that need a decision of the operator',
        labels,
      },
    },
    read: async () => {
      const states = await read()
      const samples = (member: 'waiting' | 'parked' | 'oldestSeconds'): readonly Sample[] =>
        states.map((state) => ({ labels: { subscription: state.subscriptionId }, value: state[member] }))
      return { waiting: samples('waiting'), oldestSeconds: samples('oldestSeconds'), parked: samples('parked') }
    },
  })
}
