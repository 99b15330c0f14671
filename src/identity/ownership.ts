// Which identifier domains a caller may speak for and ask about (ITI TF-2 3.44.4.1.3: one source a domain; 3.45).

import type { Caller, CallingSystem } from '../model/caller.ts'
import type { Oid } from '../model/identifiers.ts'
import type { Domain, IdentityTransaction, KnownIdentifier } from './ports.ts'

/**
 * True for domains of the caller's own facility and, in access mode affinity-domain, for its own assigning authority. The
 * affinity domain itself is fed by the system that the administrator gave the role affinity-domain-source.
 */
export function speaksFor(caller: CallingSystem, domain: Domain | undefined): boolean {
  switch (domain?.kind) {
    case undefined:
      return false
    case 'facility':
      return domain.facilityId === caller.facilityId
    case 'affinity':
      return isOwnAuthority(caller, domain.oid)
    case 'community':
      return caller.roles.has('affinity-domain-source')
  }
}

/** Own domains, and the network's own ids of persons whom the caller's facility knows too. */
export function mayAskAbout(caller: Caller, domain: Domain, identifiers: readonly KnownIdentifier[]): boolean {
  if (domain.kind !== 'community') return speaksFor(caller, domain)
  return caller.accessMode === 'affinity-domain' || identifiers.some((known) => speaksFor(caller, known.domain))
}

export interface SenderDomains {
  /** Domains that the caller may feed. */
  readonly own: ReadonlySet<string>
  /** Domains whose ids are patient ids of XDS metadata. */
  readonly patientIds: ReadonlySet<string>
  /** Own domains whose records are compared with others; a system set apart (access mode affinity-domain) stays apart. */
  readonly compared: ReadonlySet<string>
}

/** The domains among `oids` by what they are to the caller; its own assigning authority comes into being when first used. */
export async function senderDomains(
  tx: IdentityTransaction,
  caller: Caller,
  oids: readonly Oid[],
): Promise<SenderDomains> {
  const known = new Map(await tx.domains(oids))
  for (const oid of new Set(oids)) {
    if (known.has(oid) || !isOwnAuthority(caller, oid)) continue
    const domain: Domain = { oid, name: caller.systemId, kind: 'affinity', facilityId: caller.facilityId }
    await tx.addDomain(domain)
    known.set(oid, domain)
  }
  const own = oids.filter((oid) => speaksFor(caller, known.get(oid)))
  return {
    own: new Set(own),
    compared: new Set(own.filter((oid) => known.get(oid)?.kind !== 'affinity')),
    patientIds: new Set(oids.filter((oid) => known.has(oid) && known.get(oid)?.kind !== 'facility')),
  }
}

function isOwnAuthority(caller: CallingSystem, oid: Oid): boolean {
  return caller.accessMode === 'affinity-domain' && caller.assigningAuthority === oid
}
