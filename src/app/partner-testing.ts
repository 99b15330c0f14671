// Composition root: the connection to a neighbouring community is tested with what this server would use for it (docs/federation.md).

import { iti38, iti39, iti44Add, iti45, iti55, type Transaction } from '../../profiles/transactions/index.ts'
import type { PartnerRecord } from '../access/administration/partner-ports.ts'
import { clientEvents } from '../audit/event.ts'
import { findActiveSystem, findViewer } from '../db/access-store.ts'
import { createAdministrationStore } from '../db/administration-store.ts'
import { exchangeParts } from '../db/exchange-recorder.ts'
import { findTriedCommunity } from '../db/partner-directory.ts'
import { transaction } from '../db/pool.ts'
import { executeTogether } from '../db/sql.ts'
import { recordPartnerTest } from '../db/staff-change.ts'
import type { AdminPorts } from '../http/admin/ports.ts'
import { newExchange } from '../http/door.ts'
import type { PartnerClient } from '../http/partner-client.ts'
import type { Asked } from '../http/partner-test/messages.ts'
import { testPartner } from '../http/partner-test/run.ts'
import type { Caller, CallingSystem } from '../model/caller.ts'
import { parseOid } from '../model/identifiers.ts'
import type { BlobStore } from '../repository/ports.ts'
import type { Given } from './actor-ports.ts'
import type { Doors } from './doors.ts'

const TRANSACTION = 'Partner test'

export interface Testing {
  readonly doors: Pick<Doors, 'outgoingTo'>
  readonly blobs: BlobStore
  /** A client of its own: what failed before must not keep a test from trying. */
  readonly openClient: () => PartnerClient
}

export function partnerTesting(given: Given, { doors, blobs, openClient }: Testing): AdminPorts['testPartner'] {
  const { pool } = given
  const store = createAdministrationStore(pool)
  return async ({ facilityId, systemId, by, peer }) => {
    const partner = (await store.partners()).find((one) => one.facilityId === facilityId)
    if (partner === undefined || partner.status === 'removed') return 'missing'
    const system = await callingFor(given, partner, systemId ?? partner.testSystems?.[0])
    if (system === undefined) return 'no system'
    const exchange = newExchange({ door: 'admin', endpoint: '/admin/v1/partners', peer, transaction: TRANSACTION })
    const caller: Caller = { ...system, exchange }
    const client = openClient()
    try {
      const { report, calls } = await testPartner({
        facilityId,
        community: partner.community,
        addresses: addressesOf(partner),
        mayBeAsked: (await store.runningAgreements(partner)).some(({ direction }) => direction !== 'outgoing'),
        tls: () => doors.outgoingTo(facilityId),
        ...(await askedOf(given, { partner, caller, client, discard: ({ staged }) => blobs.discard(staged) })),
      })
      await transaction(pool, async (connection) => {
        const operation = `connection to the community of ${facilityId} tried: ${report.result}`
        await recordPartnerTest(connection, { by, peer, operation, patients: [], exchangeId: exchange.id })
        await executeTogether(connection, exchangeParts({ events: clientEvents(caller, calls), entries: [] }))
      })
      return report
    } finally {
      await client.close()
    }
  }
}

/** No system can be called so. */
const NOBODY = 'partner test'

/** The system that tries it; else what speaks for nobody in particular, without the rights of anyone. */
async function callingFor(
  { pool, config }: Given,
  { facilityId }: PartnerRecord,
  systemId: string | undefined,
): Promise<CallingSystem | undefined> {
  const networkMode = config.access.mode
  if (systemId !== undefined) return findActiveSystem(pool, { systemId, networkMode })
  const viewer = await findViewer(pool, { facilityId, networkMode })
  return viewer === undefined ? undefined : { ...viewer, systemId: NOBODY }
}

function addressesOf(partner: PartnerRecord): readonly { readonly url: string; readonly transaction: Transaction }[] {
  const { queryUrl, retrieveUrl, discoveryUrl, pixUrl } = partner
  return [
    ...to(queryUrl, iti38),
    ...to(retrieveUrl, iti39),
    ...(partner.identity === 'xcpd' ? to(discoveryUrl, iti55) : []),
    ...(partner.identity === 'pix' ? [...to(pixUrl, iti44Add), ...to(pixUrl, iti45)] : []),
  ]
}

function to(url: string | undefined, sent: Transaction) {
  return url === undefined ? [] : [{ url, transaction: sent }]
}

async function askedOf(
  { pool }: Given,
  given: Pick<Asked, 'caller' | 'client' | 'discard'> & { readonly partner: PartnerRecord },
): Promise<{ readonly asked?: Asked }> {
  const { partner, ...rest } = given
  const { facilityId } = partner
  const community = await findTriedCommunity(pool, facilityId)
  const facilities = await createAdministrationStore(pool).facilities()
  const domain = parseOid(facilities.find((one) => one.facilityId === facilityId)?.patientDomain.oid ?? '')
  return community === undefined || domain === undefined ? {} : { asked: { ...rest, community, domain } }
}
