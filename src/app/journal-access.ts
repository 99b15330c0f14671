// Composition root: the journal as people and vendors' systems look into it (docs/journal.md).

import { createJournalReader } from '../db/journal/search.ts'
import type { DoorPorts } from '../http/door.ts'
import type { JournalAccess } from '../http/journal-query.ts'
import { registerOwnJournal } from '../http/own-journal.ts'
import type { HttpsDoorOptions } from '../http/server.ts'
import type { Given } from './actor-ports.ts'
import type { Journal } from './journal.ts'

export function journalAccess(
  { pool }: Pick<Given, 'pool'>,
  { kept, recorder }: { readonly kept: Journal['kept']; readonly recorder: DoorPorts['recorder'] },
): JournalAccess {
  return {
    ...createJournalReader(pool),
    kept,
    looked: (event) => recorder.record({ events: [event], entries: [] }),
  }
}

/** Routes of the HTTPS door by which a system looks up its own exchanges, besides the others for known systems. */
export function withOwnJournal(
  ports: { readonly door: DoorPorts; readonly journal: JournalAccess },
  others: HttpsDoorOptions['ownRoutes'],
): NonNullable<HttpsDoorOptions['ownRoutes']> {
  return (app, systemOf) => {
    others?.(app, systemOf)
    registerOwnJournal(app, { ...ports, systemOf })
  }
}
