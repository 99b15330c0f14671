// What the patient demographics query needs from outside: records to search, the visibility rule, and results that wait for their next page.

import type { Caller } from '../model/caller.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import type { Domain, IdentityReads, PersonKey } from './ports.ts'
import type { KeyRange } from './search-keys.ts'

/** Ends included, compared character by character. */
export interface TextRange {
  readonly low: string
  readonly high: string
}

/** What the store looks for; what it finds is a superset of the answer, as narrow as an index makes it. */
export interface RecordSearch {
  readonly by:
    | { readonly kind: 'ids'; readonly ids: readonly PatientId[] }
    | { readonly kind: 'keys'; readonly ranges: readonly KeyRange[] }
  /** Names of which a record must have one. */
  readonly names: readonly KeyRange[]
  readonly birth?: TextRange
  readonly sex?: string
  /** Only persons who have an active number of one of these domains; absent: everybody. */
  readonly knownTo?: readonly Oid[]
  readonly limit: number
}

/** An active number and what its source says with it. */
export interface PersonRecord {
  readonly person: PersonKey
  readonly id: PatientId
  readonly domain: Domain
  readonly fed: boolean
  /** Of a record that was not fed: its demographics were entered by staff, they are no copy of a source's. */
  readonly entered: boolean
  readonly demographics?: Demographics
  readonly updatedAt: Date
}

export interface RankedPerson {
  readonly person: PersonKey
  readonly score: number
}

/** A result that the sender has not seen to its end. */
export interface OpenResult {
  readonly systemId: string
  readonly key: string
  readonly persons: readonly RankedPerson[]
  /** Number of the result that the next page begins with, from 1. */
  readonly next: number
  readonly pageSize: number
  readonly query: string
  readonly domains: readonly Oid[]
}

export interface ResultPage extends Pick<OpenResult, 'query' | 'domains'> {
  readonly persons: readonly RankedPerson[]
  readonly start: number
  readonly total: number
}

/** Kept in the database, because a continuation may come to another process. All of it ends some minutes after its last use. */
export interface OpenResults {
  /** In place of an earlier result under the same key; what a system left open long ago goes when it opens too many. */
  readonly open: (result: OpenResult, now: Date) => Promise<void>
  /** Undefined for a key that this system has not opened, or that has expired. */
  readonly page: (
    asked: { readonly systemId: string; readonly key: string; readonly start?: number; readonly quantity?: number },
    now: Date,
  ) => Promise<ResultPage | undefined>
  /** False when there was nothing to close. */
  readonly close: (systemId: string, key: string, now: Date) => Promise<boolean>
}

export interface PdqPorts {
  readonly now: () => Date
  readonly reads: Pick<IdentityReads, 'domains' | 'facilityDomains'> & {
    readonly search: (search: RecordSearch) => Promise<readonly PersonKey[]>
    /** All active records of the persons. */
    readonly records: (persons: readonly PersonKey[]) => Promise<readonly PersonRecord[]>
  }
  /** OID of the network's own patient ids (XAD-PID). */
  readonly affinityDomain: Oid
  /** OIDs of the domains whose ids of a person the caller may be told, as IdentityPorts has it, for many persons. */
  readonly visibleDomains: (
    caller: Caller,
    persons: readonly PersonKey[],
  ) => Promise<ReadonlyMap<PersonKey, ReadonlySet<string>>>
  readonly results: OpenResults
}
