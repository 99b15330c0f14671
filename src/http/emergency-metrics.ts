// Prometheus metrics of emergency access: an alarm belongs on what is overdue.

import type { EmergencyCounts } from '../access/emergency/store.ts'
import type { GaugeText, Watch } from './metrics/gauges.ts'

const GAUGES: Readonly<Record<keyof EmergencyCounts, GaugeText>> = {
  running: { name: 'tsunagi_emergency_running', help: 'Emergency accesses that run' },
  unreviewed: { name: 'tsunagi_emergency_unreviewed', help: 'Emergency accesses that nobody has reviewed' },
  overdue: {
    name: 'tsunagi_emergency_contacts_overdue',
    help: 'Facilities that were to be told of an emergency access within 7 days',
  },
  unread: {
    name: 'tsunagi_emergency_notices_unread',
    help: 'Notices of emergency access that no facility has noted',
  },
  misses: { name: 'tsunagi_emergency_misses', help: 'Entries of the last day that opened nothing' },
}

export function watchEmergencies(watch: Watch, read: () => Promise<EmergencyCounts>): void {
  watch({ group: 'emergencies', gauges: GAUGES, read })
}
