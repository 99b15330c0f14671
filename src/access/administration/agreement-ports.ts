// Agreements on use beyond the network (広域的利用に係る合意書): with whom, from when to when, which kinds, which way (idlink U-9, X-4).

import type { Change, Changed } from '../change.ts'

/** `outgoing`: they see ours. `incoming`: we see theirs. */
export const DIRECTIONS = ['outgoing', 'incoming', 'both'] as const
export type Direction = (typeof DIRECTIONS)[number]

export interface NewAgreement {
  readonly title: string
  /** Our side; absent: the whole network. */
  readonly unionId?: string
  /** Home community id of the other side, an OID; or a union beside ours. One of the two. */
  readonly partnerCommunity?: string
  readonly partnerUnion?: string
  readonly direction: Direction
  /** classCodes; absent: all. */
  readonly kinds?: readonly string[]
  readonly validFrom: string
  readonly validTo: string
  readonly evidence?: string
}

export interface Agreement extends NewAgreement {
  readonly agreementId: string
  readonly recordedAt: string
  readonly recordedBy: string
  readonly endedAt?: string
  readonly endedBy?: string
  readonly endReason?: string
  /** Began, has not expired and was not ended. */
  readonly isRunning: boolean
}

export interface AgreementStore {
  /** All, former ones too, the newest first. */
  readonly agreements: () => Promise<readonly Agreement[]>
  /** Those in force now, with one partner where it is named. */
  readonly runningAgreements: (partner?: { readonly community: string }) => Promise<readonly Agreement[]>
  /** The same agreement sent again answers the one that runs. `missing` when a union is unknown. */
  readonly addAgreement: (
    agreement: NewAgreement,
    change: Change,
  ) => Promise<{ readonly stored: 'created' | 'unchanged' | 'missing'; readonly agreementId?: string }>
  readonly endAgreement: (agreementId: string, change: Change) => Promise<Changed>
}
