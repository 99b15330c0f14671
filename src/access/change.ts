// A change that staff make, and what became of it.

/** Who did it and from where; every change is audited in the transaction that makes it. */
export interface Change {
  readonly by: string
  readonly peer: string
  /** What was done, in words without personal data. */
  readonly operation: string
  /** What others are told of it, where the operation holds words of whoever did it; absent: the operation. */
  readonly alert?: string
  /** In the words of whoever did it; kept with what keeps a history. */
  readonly reason?: string
  /** Where it was asked for; absent: the admin API. */
  readonly endpoint?: string
}

/** `created`, `unchanged` when the same content was there, `conflict` when other content was. */
export type Stored = 'created' | 'unchanged' | 'conflict'

/** `unchanged` when it is so already, `conflict` when it cannot be taken back. */
export type Changed = 'changed' | 'unchanged' | 'conflict' | 'missing'
