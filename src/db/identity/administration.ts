// The administration of the index on PostgreSQL, put together.

import type pg from 'pg'
import type { AdministrationStore } from '../../identity/administration-ports.ts'
import type { Oid } from '../../model/identifiers.ts'
import { checkInvariants } from './check.ts'
import { models } from './models.ts'
import { personViews } from './person-views.ts'
import { reviewQueue } from './review-queue.ts'
import { statistics } from './statistics.ts'

export function createIndexAdministration(pool: pg.Pool, affinityDomain: Oid): AdministrationStore {
  return {
    ...personViews(pool, affinityDomain),
    ...reviewQueue(pool),
    ...statistics(pool, affinityDomain),
    ...models(pool),
    check: () => checkInvariants(pool),
  }
}
