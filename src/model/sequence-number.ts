// Sequence numbers of a system with whom they were agreed (HL7 v2.5 2.10.1).

export interface SequenceState {
  /** MSH-13 of the next message. */
  readonly expected: number
  /** MSH-10 of the message before it, which may come again when its answer was lost. */
  readonly lastControlId: string
}

export interface Sequences {
  /** Undefined: nothing was heard yet, or the sender began anew; any number is the first one. */
  readonly read: (systemId: string, application: string) => Promise<SequenceState | undefined>
  readonly write: (systemId: string, application: string, state: SequenceState) => Promise<void>
  readonly forget: (systemId: string, application: string) => Promise<void>
}
