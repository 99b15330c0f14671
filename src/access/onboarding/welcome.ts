// What a vendor's system is told when its invitation is redeemed: certificate, addresses, identifiers, TLS (docs/onboarding.md).

import type { Role } from '../../model/caller.ts'
import type { Certified, InvitedSystem } from './ports.ts'

/** What every system of the network needs to know of it. */
export interface NetworkFacts {
  /** Address of the HTTPS door, without path. */
  readonly baseUrl: string
  /** Name to full address. */
  readonly endpoints: Readonly<Record<string, string>>
  readonly homeCommunityId: string
  readonly repositoryUniqueId: string
  readonly affinityDomainAuthority: string
  readonly tls: { readonly preset: string; readonly minVersion: string }
}

export interface Welcome {
  readonly systemId: string
  readonly facilityId: string
  readonly roles: readonly Role[]
  /** PEM. */
  readonly certificate: string
  /** From the certificate's issuer to the root, PEM one after the other. */
  readonly chain: string
  readonly identifiers: Readonly<Record<string, string>>
  readonly endpoints: NetworkFacts['endpoints']
  readonly tls: NetworkFacts['tls'] & { readonly clientCertificate: 'required' }
  /** Address of the checklist that fills itself; asks for the certificate. */
  readonly checklist: string
}

export const CHECKLIST_PATH = '/onboarding/checklist'

export interface Admitted extends Certified {
  readonly system: InvitedSystem
}

export function welcomeOf({ system, certificatePem, chainPem }: Admitted, network: NetworkFacts): Welcome {
  return {
    systemId: system.systemId,
    facilityId: system.facilityId,
    roles: system.roles,
    certificate: certificatePem,
    chain: chainPem,
    identifiers: identifiersOf(system, network),
    endpoints: network.endpoints,
    tls: { ...network.tls, clientCertificate: 'required' },
    checklist: `${network.baseUrl}${CHECKLIST_PATH}`,
  }
}

/** The OIDs and codes that messages of the system carry. */
export function identifiersOf(system: InvitedSystem, network: NetworkFacts): Welcome['identifiers'] {
  const { facilityOid, facilityCode, patientDomain } = system
  return {
    homeCommunityId: network.homeCommunityId,
    repositoryUniqueId: network.repositoryUniqueId,
    affinityDomainAuthority: network.affinityDomainAuthority,
    facilityOid,
    ...(facilityCode === undefined ? {} : { facilityCode }),
    ...(patientDomain === undefined ? {} : { patientDomain }),
  }
}
