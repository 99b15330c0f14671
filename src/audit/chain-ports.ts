// What the administration of the chain needs: months with their state, their export, and taking them out of the house.

import type { ExportRecord } from './export.ts'

export interface ChainMonth {
  /** YYYY-MM in Japan. */
  readonly chain: string
  readonly events: number
  /** How far a signature holds it. */
  readonly signedSeq: number
  readonly signedAt?: Date
  readonly isClosed: boolean
  /** How far it was found whole, and what was wrong if anything. */
  readonly verifiedSeq: number
  readonly verifiedAt?: Date
  readonly failure?: string
  /** Somebody keeps an export of all of it. */
  readonly isKept: boolean
  readonly droppedAt?: Date
}

export interface ExportScope {
  readonly chain: string
  /** Only what comes after. */
  readonly after?: number
}

export interface ExportDone {
  readonly chain: string
  readonly seq: number
  /** Of the file, hex. */
  readonly sha256: string
}

export interface WhoActs {
  readonly by: string
  readonly peer: string
}

/** Why a month is not dropped. */
export type NotDropped =
  | 'unknown'
  | 'already dropped'
  | 'not over'
  | 'not closed'
  | 'not verified'
  | 'no such export'
  | 'no month of its own'
  | 'not sent'

export type DropAnswer =
  | { readonly done: 'dropped' }
  | { readonly done: 'noted'; readonly dropsAfter: Date }
  | { readonly done: 'refused'; readonly because: NotDropped }

export interface ChainPorts {
  readonly months: () => Promise<readonly ChainMonth[]>
  /** Undefined: there is no such chain, or it was dropped. */
  readonly exportChain: (scope: ExportScope) => Promise<AsyncIterable<ExportRecord> | undefined>
  /** Before the first byte leaves. */
  readonly recordExport: (chain: string, who: WhoActs) => Promise<void>
  readonly noteExport: (done: ExportDone, who: WhoActs) => Promise<void>
  /** PEM, one or several. */
  readonly publicKeys: () => Promise<string>
  /** The operator says that the export of this hash is kept; the month goes when its time is over. */
  readonly drop: (chain: string, sha256: string, who: WhoActs) => Promise<DropAnswer>
}
