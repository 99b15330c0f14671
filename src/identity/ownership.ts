// Which identifier domains a caller may speak for and ask about (ITI TF-2 3.44.4.1.3: one source a domain; 3.45).

import type { Caller } from '../model/caller.ts'
import type { Oid } from '../model/identifiers.ts'
import type { Domain, IdentityTransaction, KnownIdentifier } from './ports.ts'

/** True for domains of the caller's own facility and, in access mode affinity-domain, for its own assigning authority. */
export function speaksFor(caller: Caller, domain: Domain | undefined): boolean {
  if (domain === undefined) return false
  if (domain.kind === 'facility') return domain.facilityId === caller.facilityId
  return domain.kind === 'affinity' && isOwnAuthority(caller, domain.oid)
}

/** Own domains, and the network's own ids of persons whom the caller's facility knows too. */
export function mayAskAbout(caller: Caller, domain: Domain, identifiers: readonly KnownIdentifier[]): boolean {
  if (domain.kind !== 'community') return speaksFor(caller, domain)
  return caller.accessMode === 'affinity-domain' || identifiers.some((known) => speaksFor(caller, known.domain))
}

/** The domains among `oids` that the caller may feed; its own assigning authority comes into being when first used. */
export async function ownDomains(
  tx: IdentityTransaction,
  caller: Caller,
  oids: readonly Oid[],
): Promise<ReadonlySet<string>> {
  const known = await tx.domains(oids)
  const own = new Set(oids.filter((oid) => speaksFor(caller, known.get(oid))))
  for (const oid of new Set(oids)) {
    if (known.has(oid) || !isOwnAuthority(caller, oid)) continue
    await tx.addDomain({ oid, name: caller.systemId, kind: 'affinity', facilityId: caller.facilityId })
    own.add(oid)
  }
  return own
}

function isOwnAuthority(caller: Caller, oid: Oid): boolean {
  return caller.accessMode === 'affinity-domain' && caller.assigningAuthority === oid
}
