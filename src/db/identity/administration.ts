// The administration of the index on PostgreSQL, put together.

import type pg from 'pg'
import type { AdministrationStore } from '../../identity/administration-ports.ts'
import { formatCx, type Oid } from '../../model/identifiers.ts'
import { recordLook } from '../staff-change.ts'
import { checkInvariants } from './check.ts'
import { models } from './models.ts'
import { personViews } from './person-views.ts'
import { reviewQueue } from './review-queue.ts'
import { searchReads } from './search.ts'
import { statistics } from './statistics.ts'

export function createIndexAdministration(pool: pg.Pool, affinityDomain: Oid): AdministrationStore {
  const { search, records } = searchReads(pool)
  return {
    searchRecords: search,
    recordsOf: records,
    recordLook: ({ patients, ...look }) => recordLook(pool, { ...look, patients: patients.map(formatCx) }),
    ...personViews(pool, affinityDomain),
    ...reviewQueue(pool),
    ...statistics(pool, affinityDomain),
    ...models(pool),
    check: () => checkInvariants(pool),
  }
}
