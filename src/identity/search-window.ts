// What the staff of one facility may know of persons when they search: registrations of its unions, and numbers of its own (idlink U-2).

import type { PatientId } from '../model/identifiers.ts'
import type { AdministrationPorts } from './administration-ports.ts'
import type { PersonRecord } from './pdq-ports.ts'

/** The facility at whose window is searched. */
export interface SearchWindow {
  readonly facilityId: string
  /** Facilities whose registrations its staff may know: those of its unions, and of open unions where it is in one. */
  readonly peers: ReadonlySet<string>
}

type Ports = Pick<AdministrationPorts, 'affinityDomain'>

/**
 * The records of one person as they are seen through the window: none when no facility there knows the person. The network's own
 * record stays without what it copied from a source, which may be one outside.
 */
export function throughWindow(
  records: readonly PersonRecord[],
  { peers }: SearchWindow,
  { affinityDomain }: Ports,
): readonly PersonRecord[] {
  const isPeers = ({ domain }: PersonRecord): boolean => domain.facilityId !== undefined && peers.has(domain.facilityId)
  if (!records.some(isPeers)) return []
  return records.flatMap((record) => {
    if (isPeers(record)) return [record]
    if (record.id.authority !== affinityDomain) return []
    const { demographics: _copied, ...bare } = record
    return [record.entered ? record : bare]
  })
}

/** May a number be shown, and found by? Those of other facilities tell where somebody is treated. */
export function isShownThere(
  { id, domain }: { readonly id: PatientId; readonly domain: PersonRecord['domain'] },
  window: SearchWindow,
  { affinityDomain }: Ports,
): boolean {
  return id.authority === affinityDomain || domain.facilityId === window.facilityId
}
