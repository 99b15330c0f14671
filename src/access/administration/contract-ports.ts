// Contracts of use (利用契約): the party, the facilities under it and the days of the contract (idlink A-1).

import type { Change, Changed, Stored } from '../change.ts'

export const PARTY_KINDS = ['corporation', 'sole-proprietor'] as const

/** Days are YYYY-MM-DD in Japan. */
export interface ServiceContract {
  readonly contractId: string
  /** Legal body or sole proprietor (契約者). */
  readonly party: string
  readonly partyKind: (typeof PARTY_KINDS)[number]
  readonly appliedOn: string
  readonly startsOn: string
}

export interface ServiceContractRecord extends ServiceContract {
  readonly endsOn?: string
  readonly noticeOn?: string
  readonly endReason?: string
  readonly recordedAt: string
  readonly recordedBy: string
  /** Facilities under it, former ones too. */
  readonly facilities: readonly { readonly facilityId: string; readonly validFrom: string; readonly validTo?: string }[]
}

export interface ContractEnd {
  readonly noticeOn: string
  readonly endsOn: string
}

export interface ServiceContractStore {
  readonly serviceContracts: () => Promise<readonly ServiceContractRecord[]>
  readonly addServiceContract: (contract: ServiceContract, change: Change) => Promise<Stored>
  /** `conflict` for a facility that is under another contract. */
  readonly putUnderContract: (
    placing: { readonly contractId: string; readonly facilityId: string; readonly validFrom: string },
    change: Change,
  ) => Promise<Stored | 'missing'>
  /** `conflict` when it has been ended with other days. */
  readonly endServiceContract: (contractId: string, end: ContractEnd, change: Change) => Promise<Changed>
}
