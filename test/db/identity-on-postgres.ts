// Patient identity on PostgreSQL that leaves no audit and announces to nobody, for the tests of what is below them.

import type pg from 'pg'
import { fragmentForm } from '../../src/codec/ebxml/registry-object.ts'
import { takeClaim } from '../../src/db/idempotency.ts'
import { createIdentityStore } from '../../src/db/identity-store.ts'
import type { IdentityPorts } from '../../src/identity/ports.ts'
import { AFFINITY } from '../identity/in-memory.ts'

export function identityOn(pool: pg.Pool, matching: ReturnType<IdentityPorts['matching']>): IdentityPorts {
  return {
    store: createIdentityStore(pool, {
      claim: takeClaim,
      record: async () => {},
      announce: async () => {},
      ...fragmentForm,
    }),
    affinityDomain: AFFINITY,
    takes: 'every domain',
    matching: () => matching,
  }
}
