// What the verifier of audit exports knows while it reads, and what it found (docs/audit.md).

import type { Checkpoint, PublicKeys } from '../checkpoint.ts'
import type { HeaderRecord } from '../export.ts'

export interface Finding {
  readonly kind:
    | 'changed'
    | 'removed'
    | 'moved'
    | 'unsealed'
    | 'cut'
    | 'rewritten'
    | 'checkpoint-forged'
    | 'checkpoint-removed'
    | 'seam'
    | 'unreadable'
  readonly chain: string
  readonly seq?: number
  readonly position?: string
  readonly eventId?: string
  readonly checkpoint?: number
  readonly words: string
}

export interface VerifiedChain {
  readonly chain: string
  readonly exportedAt: string
  readonly events: number
  /** Where the chain ends. */
  readonly seq: number
  readonly hash: string
  /** Up to here a signature holds it. */
  readonly signedSeq: number
  readonly isClosed: boolean
}

export interface Verification {
  readonly chains: readonly VerifiedChain[]
  /** The first ones, in the order they were met. */
  readonly findings: readonly Finding[]
  readonly findingCount: number
}

export interface VerifierOptions {
  readonly keys: PublicKeys
  /** Checkpoints that were kept elsewhere. */
  readonly witnesses?: readonly Checkpoint[]
  /** Up to here the chain was verified before: its export begins after it. */
  readonly after?: { readonly seq: number; readonly hash: string }
  /** What the chain had at a number when it was verified before, though its export begins at the beginning. */
  readonly known?: { readonly seq: number; readonly hash: string }
}

const MAX_FINDINGS = 100

/** What somebody says the hash at a number is. */
export interface Mark {
  readonly hash: string
  readonly saidBy: string
  readonly checkpoint?: number
}

/** One chain while its file is read. */
export interface Reading {
  readonly header: HeaderRecord
  readonly marks: Map<number, Mark[]>
  /** Hashes of those in the file, by number. */
  readonly checkpoints: Map<number, string>
  readonly witnesses: Checkpoint[]
  last: { readonly seq: number; readonly hash: string }
  /** False after a gap: what follows it has nothing to be compared with. */
  isLinked: boolean
  position: bigint
  events: number
  signedSeq: number
  isClosed: boolean
  isEnded: boolean
  lastCheckpoint: Checkpoint | undefined
}

export interface State {
  readonly options: VerifierOptions
  readonly findings: Finding[]
  readonly chains: VerifiedChain[]
  count: number
  reading: Reading | undefined
  before: Reading | undefined
}

export function find(state: State, finding: Omit<Finding, 'chain'>): void {
  state.count += 1
  if (state.findings.length < MAX_FINDINGS)
    state.findings.push({ chain: state.reading?.header.chain ?? 'unknown', ...finding })
}

export function mark(state: State, reading: Reading, { seq, ...said }: Mark & { readonly seq: number }): void {
  if (seq < reading.last.seq) return
  if (seq === reading.last.seq) {
    compare(state, said, reading.last)
    return
  }
  reading.marks.set(seq, [...(reading.marks.get(seq) ?? []), said])
}

export function compare(
  state: State,
  said: Mark,
  { seq, hash }: { readonly seq: number; readonly hash: string },
): void {
  if (said.hash === hash) return
  find(state, {
    kind: 'rewritten',
    seq,
    ...(said.checkpoint === undefined ? {} : { checkpoint: said.checkpoint }),
    words: `${said.saidBy} has another hash at ${seq}: the chain was written anew at or before it`,
  })
}
