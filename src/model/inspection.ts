// A message taken apart for people, beside its bytes: what it is, and its content as tables (docs/journal.md).

/** `masked`: only what is known to tell nothing of a person (docs/adr/0039). */
export type Sight = 'open' | 'masked'

export interface Fact {
  readonly name: string
  readonly value: string
}

export interface InspectionTable {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface Inspection {
  readonly form: 'soap' | 'xml' | 'hl7v2' | 'unreadable' | 'empty'
  /** Its root or message type. */
  readonly title: string
  readonly facts: readonly Fact[]
  readonly tables: readonly InspectionTable[]
  /** The message laid out line by line. */
  readonly text: string
  /** What could not be read, or was left out. */
  readonly notes: readonly string[]
}
