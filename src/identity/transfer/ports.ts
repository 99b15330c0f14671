// What the bulk import and export of the master patient index need from the store: work by whole batches (design §3).

import type { Oid, PatientId } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import type { PersonRecord } from '../../model/person-record.ts'
import type { CandidateRecord } from '../matching/types.ts'
import type {
  HistoryEntry,
  IdentityPorts,
  IdentityReads,
  IdentityTransaction,
  LinkState,
  PersonKey,
  RecordFeatures,
  RecordKey,
} from '../ports.ts'
import type { SearchEntry } from '../search-keys.ts'

/** A record of a person who may be compared with others; without features it only tells that the person has a number of its domain. */
export interface IndexedRecord {
  readonly person: PersonKey
  readonly record: RecordKey
  readonly domain: string
  readonly compared?: { readonly features: CandidateRecord['features']; readonly keys: readonly string[] }
}

/** A number that exists, as far as an import asks. */
export interface KnownRecord {
  readonly id: PatientId
  readonly person: PersonKey
  readonly status: 'active' | 'obsolete'
  readonly demographics?: Demographics
}

/** A new number together with its history, its keys reserved before. */
export interface NewRecord {
  readonly record: RecordKey
  readonly id: PatientId
  readonly person: PersonKey
  readonly link: LinkState
  readonly demographics?: Demographics
  readonly features?: RecordFeatures
  readonly search?: SearchEntry
  readonly history: Pick<HistoryEntry, 'reason' | 'evidence'>
}

export interface BatchContent {
  /** Persons who are new, by reserved keys. */
  readonly persons: readonly PersonKey[]
  readonly records: readonly NewRecord[]
  readonly by: string
}

export interface Reserved {
  readonly persons: readonly PersonKey[]
  readonly records: readonly RecordKey[]
}

export interface BulkTransaction
  extends Pick<IdentityTransaction, 'lockPersons' | 'addReviews' | 'announce' | 'recordStaffChange'> {
  /** No one else asks the matcher until the transaction ends: feeds and registrations wait, imports follow one another. */
  readonly lockMatching: () => Promise<void>
  readonly known: (ids: readonly PatientId[]) => Promise<readonly KnownRecord[]>
  /**
   * Every active record of every person with a record in one of the blocks, and the persons' numbers of `domains`; in the order of
   * persons and records.
   */
  readonly inBlocks: (keys: readonly string[], domains: readonly Oid[]) => Promise<readonly IndexedRecord[]>
  /** The active numbers of the persons, as {@link inBlocks}. */
  readonly numbersOf: (persons: readonly PersonKey[]) => Promise<readonly IndexedRecord[]>
  readonly reserve: (counts: { readonly persons: number; readonly records: number }) => Promise<Reserved>
  /** Writes all of it. `taken`: someone else has added one of the numbers meanwhile, and nothing is to be committed. */
  readonly add: (content: BatchContent) => Promise<'added' | 'taken'>
}

export interface BulkStore extends Pick<IdentityReads, 'domains' | 'facilityDomains'> {
  /** Commits when `work` fulfils, rolls back when it rejects. */
  readonly inTransaction: <T>(work: (tx: BulkTransaction) => Promise<T>) => Promise<T>
  readonly page: (request: PageRequest) => Promise<readonly ExportedRecord[]>
}

/** Active numbers that say something of their own, after the given one in the order in which they came. */
export interface PageRequest {
  readonly after: RecordKey
  readonly affinityDomain: Oid
  /** Absent: of all domains that an import takes. */
  readonly domain?: Oid
}

export interface ExportedRecord extends PersonRecord {
  readonly record: RecordKey
}

export interface TransferPorts extends Pick<IdentityPorts, 'affinityDomain' | 'matching'> {
  readonly store: BulkStore
}
