// What the stored queries of the Document Registry need from the rest of the house; db implements the reading.

import type { DocumentTraits, PatientAccess } from '../model/access.ts'
import type { FindDocuments, IdQuery, MultiPatientQuery, PatientQuery, StoredObject } from '../model/stored-query.ts'
import type { RegistryPorts } from './ports.ts'

export interface FoundObject extends StoredObject {
  readonly object: 'SubmissionSet' | 'Folder' | 'DocumentEntry' | 'Association'
  readonly personKey: string
}

/** Whom a query touches, found before anyone decided what of it may be seen. */
export interface Reach {
  readonly personKeys: readonly string[]
  /** Of the entries touched, each combination once: what the decision asks. */
  readonly traits: readonly (DocumentTraits & { readonly personKey: string })[]
}

/** Objects that match a query about many patients, before anyone decided what of it may be seen. */
export interface Candidates {
  /** False when so many had to be looked at that the search was given up. */
  readonly complete: boolean
  readonly found: readonly { readonly id: string; readonly personKey: string }[]
}

/** A query whose persons are known: by its patient id, or by their reach. */
export type SelectedQuery = { readonly query: IdQuery } | { readonly query: PatientQuery; readonly personKey: string }

export interface RegistryQueries {
  /** At most `limit` entries, in stable order: creationTime descending, then id. */
  readonly findDocuments: (
    query: FindDocuments,
    selection: { patient: PatientAccess; limit: number },
  ) => Promise<readonly StoredObject[]>
  readonly reach: (selected: SelectedQuery) => Promise<Reach>
  /**
   * What of a query's result the accesses make visible, at most `limit` objects, each once, in stable order. A package is visible
   * to its publisher's facility; to others when its publisher is in scope and not all of its members are hidden. An association is
   * visible when both its ends are. Objects of persons without access are hidden.
   */
  readonly findObjects: (
    selected: SelectedQuery,
    selection: { accesses: readonly PatientAccess[]; limit: number },
  ) => Promise<readonly FoundObject[]>
  /** Of these publishers, or of any. */
  readonly candidates: (query: MultiPatientQuery, publishers: readonly string[] | undefined) => Promise<Candidates>
}

export interface StoredQueryPorts {
  readonly queries: RegistryQueries
  readonly access: RegistryPorts['access']
  readonly limits: { readonly leafResults: number; readonly objectRefResults: number }
}
