// Composition root: what the metrics tell of the messages that the journal keeps (docs/adr/0035).

import type { Watch } from '../../http/metrics/gauges.ts'
import type { Keeper } from '../../journal/ports.ts'

export function measureJournal(watch: Watch, keeper: Pick<Keeper, 'state'>): void {
  watch({
    group: 'journal',
    gauges: {
      waitingBytes: {
        name: 'tsunagi_journal_waiting_bytes',
        help: 'Memory of messages that wait to be kept; at 32 MiB no more are taken',
      },
      kept: { name: 'tsunagi_journal_messages_kept', help: 'Messages that were kept since the start' },
      notKept: {
        name: 'tsunagi_journal_messages_not_kept',
        help: 'Messages since the start for which there was no room, or that the database did not take; their entries are there',
      },
    },
    read: async () => ({ ...keeper.state() }),
  })
}
