// Everything that is known of one neighbouring community, from where each part is kept (docs/federation.md).

import type { PartnerRecord } from '../../access/administration/partner-ports.ts'
import { explained } from './partner-tolerances.ts'
import type { AdminPorts } from './ports.ts'

const DAY_MS = 86_400_000

/** Terms, agreements, authorities, systems with certificates, issuers, how calls ended, how many patients. */
export async function partnerView(
  partner: PartnerRecord,
  { store, anchors, issuers }: Pick<AdminPorts, 'store' | 'anchors' | 'issuers'>,
): Promise<object> {
  const { facilityId, community } = partner
  const [agreements, authorities, systems, trusted, tolerances, calls, patients] = await Promise.all([
    store.agreements(),
    anchors.store.anchors(),
    systemsOf(facilityId, store),
    issuers.issuers(),
    store.partnerTolerances(facilityId),
    store.partnerCalls(facilityId),
    store.partnerPatients(facilityId),
  ])
  return {
    ...partner,
    agreements: agreements.filter(({ partnerCommunity }) => partnerCommunity === community),
    authorities: authorities
      .filter((anchor) => anchor.facilityId === facilityId)
      .map(({ pem, ...anchor }) => ({ ...anchor, daysLeft: daysTo(anchor.notAfter) })),
    systems,
    issuers: trusted
      .filter(({ facilities }) => facilities.some((one) => one.facilityId === facilityId))
      .map(({ issuerId, entityId, status, certificates }) => ({
        issuerId,
        entityId,
        status,
        certificates: certificates.map(({ fingerprint, notAfter }) => ({ fingerprint, daysLeft: daysTo(notAfter) })),
      })),
    tolerances: tolerances.filter(({ state }) => state !== 'ended').map(explained),
    calls,
    patients,
  }
}

async function systemsOf(facilityId: string, store: AdminPorts['store']): Promise<readonly object[]> {
  const own = (await store.systems()).filter((system) => system.facilityId === facilityId)
  return Promise.all(
    own.map(async ({ systemId, roles, status }) => ({
      systemId,
      roles,
      status,
      certificates: (await store.certificates(systemId)).map(({ fingerprint, status: state, notAfter }) => ({
        fingerprint,
        status: state,
        notAfter,
        daysLeft: daysTo(notAfter),
      })),
    })),
  )
}

/** Whole days; what has ended is below zero. */
export function daysTo(end: string | Date): number {
  return Math.floor((new Date(end).getTime() - Date.now()) / DAY_MS)
}
