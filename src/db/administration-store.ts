// Administration on PostgreSQL, put together of its parts: each change and its audit event in one transaction (design §4).

import type pg from 'pg'
import type { AdministrationStore } from '../access/ports.ts'
import type { AccessMode } from '../model/caller.ts'
import { agreements } from './access/agreements.ts'
import { certificates } from './access/certificates.ts'
import { consents } from './access/consents.ts'
import { edits } from './access/edits.ts'
import { facilities } from './access/facilities.ts'
import { ledgers } from './access/ledgers.ts'
import { partnerTolerances } from './access/partner-tolerances.ts'
import { partners } from './access/partners.ts'
import { repositories } from './access/repositories.ts'
import { serviceContracts } from './access/service-contracts.ts'
import { settings } from './access/settings.ts'
import { supportStops } from './access/support-stops.ts'
import { systems } from './access/systems.ts'
import { unions } from './access/unions.ts'

/** @param networkMode of systems that have no access mode of their own. */
export function createAdministrationStore(pool: pg.Pool, networkMode: AccessMode = 'consent'): AdministrationStore {
  return {
    ...facilities(pool),
    ...systems(pool),
    ...certificates(pool),
    ...unions(pool),
    ...consents(pool, networkMode),
    ...settings(pool),
    ...edits(pool),
    ...supportStops(pool, networkMode),
    ...agreements(pool),
    ...partners(pool),
    ...partnerTolerances(pool),
    ...repositories(pool),
    ...serviceContracts(pool),
    ...ledgers(pool),
  }
}
