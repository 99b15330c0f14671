// Document Repositories and On-Demand Document Sources of this network apart from this server, as administration knows them (docs/federation.md).

import type { Change, Changed, Stored } from '../change.ts'

/** `paused`: its documents are named as unavailable, and nothing is asked of it. */
export const REPOSITORY_STATES = ['active', 'paused'] as const

export interface RepositoryTerms {
  /** ITI-43 address. */
  readonly url: string
  /** Facility whose authorities hold for its server certificate; absent: those of the network alone. */
  readonly facilityId?: string
  /** How long a retrieval may take, from the request to the last document, milliseconds. */
  readonly retrieveMs?: number
  readonly status?: (typeof REPOSITORY_STATES)[number]
}

export interface RepositoryApart extends RepositoryTerms {
  /** As it stands in the entries of its documents. */
  readonly repositoryUniqueId: string
}

/** What is absent stays. */
export type RepositoryEdit = Partial<Omit<RepositoryTerms, 'facilityId'>> & { readonly facilityId?: string | null }

export interface RepositoryRecord extends RepositoryApart {
  readonly addedAt: string
  readonly addedBy: string
  readonly changedAt?: string
  readonly changedBy?: string
}

export interface RepositoryStore {
  readonly repositories: () => Promise<readonly RepositoryRecord[]>
  /** `missing` for an unknown facility. */
  readonly addRepository: (repository: RepositoryApart, change: Change) => Promise<Stored | 'missing'>
  /** `missing` for an unknown facility too. */
  readonly editRepository: (repositoryUniqueId: string, edit: RepositoryEdit, change: Change) => Promise<Changed>
  /** Nothing is fetched from it any more; its history stays. */
  readonly removeRepository: (repositoryUniqueId: string, change: Change) => Promise<Changed>
}
