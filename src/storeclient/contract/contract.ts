// The facility's StoreClient contract: which kinds are taken, what becomes of messages for unlinked numbers, how much may be stored.

import { iheError } from '../../../profiles/errors/index.ts'
import { type DataKind, dataKinds } from '../../../profiles/storeclient/index.ts'
import { DEFAULT_CONTRACT, type StoreClientContract } from '../../model/caller.ts'
import type { FacilitySettings } from '../ports.ts'

/** What is changed; a member that is absent stays, null takes a limit back. */
export interface ContractChange {
  readonly kinds?: 'all' | readonly string[]
  readonly unlinked?: StoreClientContract['unlinked']
  readonly shrinkGuard?: StoreClientContract['shrinkGuard']
  readonly quotaBytes?: number | null
}

/** A contract as it was set; `setAt` is absent for the one that nobody set. */
export interface ContractRecord extends StoreClientContract {
  readonly setAt?: string
  readonly setBy?: string
  readonly reason?: string
}

export interface ContractSetting {
  readonly by: string
  readonly peer: string
  readonly reason?: string
}

/** db keeps it, with history. */
export interface ContractStore {
  /** The newest first; undefined for a facility that is not registered. */
  readonly history: (facilityId: string) => Promise<readonly ContractRecord[] | undefined>
  /** `unchanged` writes nothing; the change and its audit event are one commit. */
  readonly set: (
    facilityId: string,
    change: ContractChange,
    setting: ContractSetting,
  ) => Promise<'changed' | 'unchanged' | 'missing'>
}

/** The contract after a change. */
export function changedContract(former: StoreClientContract, change: ContractChange): StoreClientContract {
  const { quotaBytes: formerQuota, ...rest } = former
  const { quotaBytes: quota = formerQuota ?? null, kinds = rest.kinds, ...other } = change
  return {
    ...rest,
    ...other,
    kinds: kinds === 'all' ? 'all' : [...new Set(kinds)].sort(),
    ...(quota === null ? {} : { quotaBytes: quota }),
  }
}

export function sameContract(one: StoreClientContract, other: StoreClientContract): boolean {
  const text = ({ kinds, unlinked, shrinkGuard, quotaBytes }: StoreClientContract) =>
    JSON.stringify([kinds, unlinked, shrinkGuard, quotaBytes])
  return text(one) === text(other)
}

/** Names of a change that no data kind has. */
export function unknownKinds({ kinds }: ContractChange): readonly string[] {
  if (kinds === undefined || kinds === 'all') return []
  const known = new Set<string>(dataKinds.map(({ kind }) => kind))
  return kinds.filter((kind) => !known.has(kind))
}

export function contractOf({ contract }: { readonly contract?: StoreClientContract }): StoreClientContract {
  return contract ?? DEFAULT_CONTRACT
}

/**
 * A withdrawal names the number of a document and need not say of what kind that is (TXA-12): whoever agreed to send some kind of
 * numbered documents may take them back.
 * @throws {IheError} HL7_KIND for a kind that the facility did not agree to send.
 */
export function requireAgreedKind(
  { kind, key }: Pick<DataKind, 'kind' | 'key'>,
  { kinds }: FacilitySettings,
  change: 'withdrawal' | 'content',
): void {
  if (kinds === 'all' || kinds.includes(kind)) return
  const isNumbered = key === 'document' && dataKinds.some((one) => one.key === key && kinds.includes(one.kind))
  if (isNumbered && change === 'withdrawal') return
  throw iheError('HL7_KIND', { at: 'MSH-9', value: kind, rule: `agreed for this facility: ${kinds.join(', ')}` })
}

/**
 * New bytes only within the quota; what is stored stays, and what stores nothing is not asked.
 * @throws {IheError} HL7_QUOTA.
 */
export async function requireRoom(
  sizeBytes: number,
  facility: FacilitySettings,
  storedBytes: (limitBytes: number) => Promise<number>,
): Promise<void> {
  const { quotaBytes } = facility
  if (quotaBytes === undefined) return
  const stored = await storedBytes(quotaBytes)
  if (stored + sizeBytes <= quotaBytes) return
  throw iheError('HL7_QUOTA', {
    value: `${stored} bytes stored, ${sizeBytes} new`,
    rule: `at most ${quotaBytes} bytes for this facility`,
  })
}
