// What all changes by staff share: who did it and why, the audit event, and the checks of the numbers that are named.

import { iheError } from '../../profiles/errors/index.ts'
import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import type {
  IdentityPorts,
  IdentityTransaction,
  RecordKey,
  RecordPair,
  StaffDecision,
  StoredIdentifier,
} from './ports.ts'

export type LinkingPorts = Pick<IdentityPorts, 'store' | 'affinityDomain'>

/** Who of the staff, from where and why. */
export interface StaffWork extends StaffDecision {
  /** address:port the request came from. */
  readonly peer: string
}

export function staffChange(
  tx: IdentityTransaction,
  { by, peer }: StaffWork,
  operation: string,
  patients: readonly PatientId[],
): Promise<void> {
  return tx.recordStaffChange({ by, peer, operation, patients })
}

/** The affinity domain's own ids are issued by this server and are never linked by hand. */
export async function requireLinkable(tx: IdentityTransaction, oid: Oid): Promise<void> {
  const domain = (await tx.domains([oid])).get(oid)
  if (domain === undefined || domain.kind === 'community') throw iheError('V3_UNKNOWN_KEY', { value: oid })
}

export function find(identifiers: readonly StoredIdentifier[], id: PatientId): StoredIdentifier | undefined {
  return identifiers.find((stored) => stored.id.value === id.value && stored.id.authority === id.authority)
}

export function requireActive(stored: StoredIdentifier | undefined, id: PatientId): StoredIdentifier {
  if (stored === undefined) throw iheError('V3_UNKNOWN_KEY', { value: formatCx(id) })
  if (stored.status === 'obsolete') throw iheError('V3_OBSOLETE_ID', { value: formatCx(id) })
  return stored
}

/** Each of the one with each of the other. */
export function pairsOf(a: readonly RecordKey[], b: readonly RecordKey[]): readonly RecordPair[] {
  return a.flatMap((one) => b.map((other) => [one, other] as const))
}
