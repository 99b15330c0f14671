// What every step of an import works with: records that are ready to be compared, who imports them, and where to.

import type { PersonRecord } from '../../model/person-record.ts'
import type { Folded } from '../match.ts'
import type { SearchEntry } from '../search-keys.ts'
import type { TransferPorts } from './ports.ts'

/** A line that can be read, of a domain of this network, ready to be compared. */
export interface PreparedRecord {
  readonly line: number
  readonly record: PersonRecord
  /** Ids of the affinity domain are persons themselves; nobody is compared with them by an import. */
  readonly isPerson: boolean
  /** What it is compared by and found by; absent without demographics. */
  readonly described?: { readonly folded: Folded; readonly search: SearchEntry }
}

export interface ImportContext {
  readonly ports: TransferPorts
  readonly importId: string
  readonly by: string
  readonly peer: string
  /** Says what would happen with what is in the index now, and changes nothing. */
  readonly isDryRun: boolean
}
