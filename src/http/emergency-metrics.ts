// Prometheus metrics of emergency access, read when the metrics are: an alarm belongs on what is overdue.

import { Gauge, type Registry } from 'prom-client'
import type { EmergencyCounts } from '../access/emergency/store.ts'

const GAUGES: Readonly<Record<keyof EmergencyCounts, readonly [string, string]>> = {
  running: ['tsunagi_emergency_running', 'Emergency accesses that run'],
  unreviewed: ['tsunagi_emergency_unreviewed', 'Emergency accesses that nobody has reviewed'],
  overdue: [
    'tsunagi_emergency_contacts_overdue',
    'Facilities that were to be told of an emergency access within 7 days',
  ],
  unread: ['tsunagi_emergency_notices_unread', 'Notices of emergency access that no facility has noted'],
  misses: ['tsunagi_emergency_misses', 'Entries of the last day that opened nothing'],
}

export function watchEmergencies(registry: Registry, read: () => Promise<EmergencyCounts>): void {
  let reading: Promise<EmergencyCounts | undefined> | undefined
  /** Once for all that are collected together; without a database the other metrics are needed most: these have no value then. */
  const readOnce = (): Promise<EmergencyCounts | undefined> => {
    reading ??= read()
      .catch(() => undefined)
      .finally(() => {
        reading = undefined
      })
    return reading
  }
  for (const [key, [name, help]] of Object.entries(GAUGES))
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const counts = await readOnce()
        if (counts === undefined) this.reset()
        else this.set(counts[key as keyof EmergencyCounts])
      },
    })
}
