// Prometheus metrics of audit repositories: how many events wait for each, for how long, and whether it can be reached.

import type { TargetView } from '../audit/targets.ts'
import type { GaugeText, Sample, Watch } from './metrics/gauges.ts'

const labels = ['target']
const GAUGES = {
  up: {
    name: 'tsunagi_audit_target_up',
    help: 'Whether the audit repository takes events: 0 after a failed attempt',
    labels,
  },
  waiting: {
    name: 'tsunagi_audit_target_waiting',
    help: 'Audit events that are not sent to the audit repository: alarm from 500,000',
    labels,
  },
  oldest: {
    name: 'tsunagi_audit_target_oldest_seconds',
    help: 'Age of the oldest audit event that is not sent to the audit repository: alarm from 900',
    labels,
  },
} as const satisfies Readonly<Record<string, GaugeText>>

export function watchAuditTargets(watch: Watch, read: () => Promise<readonly TargetView[]>): void {
  watch({
    group: 'audit targets',
    gauges: GAUGES,
    read: async () => {
      const targets = await read()
      const each = (value: (target: TargetView) => number): readonly Sample[] =>
        targets.map((target) => ({ labels: { target: target.name }, value: value(target) }))
      return {
        up: each(({ state }) => (state === 'up' || state === 'waiting' ? 1 : 0)),
        waiting: each(({ waiting }) => waiting),
        oldest: each(({ waitingSince }) =>
          waitingSince === undefined ? 0 : (Date.now() - Date.parse(waitingSince)) / 1000,
        ),
      }
    },
  })
}
