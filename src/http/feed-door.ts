// ITI-8 Patient Identity Feed over HL7 v2: its transactions by event, its reader, and the same actor as ITI-44 (ITI TF-2 3.8).

import { ITI8_EVENTS, iti8Add } from '../../profiles/transactions/index.ts'
import { ITI8_VERSIONS } from '../../profiles/transactions/iti-8.ts'
import { readAdt } from '../codec/hl7v2/read-adt.ts'
import type { Caller } from '../model/caller.ts'
import type { Outcome } from '../model/evidence.ts'
import type { AdtFeed } from '../model/identity-feed.ts'
import type { Hl7v2Service } from './hl7v2-door.ts'

export function feedService(accept: (feed: AdtFeed, caller: Caller) => Promise<Outcome<unknown>>): Hl7v2Service {
  return {
    transactionOf: ({ trigger }) => ITI8_EVENTS.get(trigger)?.feed ?? iti8Add,
    perform: async (bytes, caller) => accept(readAdt(bytes), caller),
    versions: ITI8_VERSIONS,
  }
}
