// What was tolerated of a system's messages, counted by warning of the error table.

/** One warning, as often as messages of the system were read with it. */
export interface ToleratedRow {
  readonly code: string
  readonly firstSeen: Date
  readonly lastSeen: Date
  /** Messages. */
  readonly count: number
  /** Journal id of the last one. */
  readonly lastJournal: string
}
