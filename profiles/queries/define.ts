// The shape of a stored query row (ITI TF-2 3.18.4.1.2.3.7).

export interface QueryParameter {
  readonly name: string
  readonly value: 'string' | 'code' | 'time' | 'like'
  readonly list: 'no' | 'yes'
  /** May the slot be repeated, meaning AND (3.18.4.1.2.3.5)? */
  readonly repeat: 'no' | 'and'
  readonly required: 'no' | 'yes'
}

export interface StoredQueryRow {
  readonly id: string
  readonly name: string
  readonly section: string
  readonly parameters: readonly QueryParameter[]
  /** Of these parameters exactly one must be given. */
  readonly exactlyOneOf?: readonly string[]
}

type Kind = 'S' | 'M' | 'C' | 'CA' | 'T' | 'L'

/** Letters as in the tables: S single string, M list, C coded list, CA coded list with AND, T time, L list of LIKE patterns. */
export function parameter(name: string, kind: Kind, required: 'R' | 'O' = 'O'): QueryParameter {
  return {
    name,
    value: kind === 'T' ? 'time' : kind === 'L' ? 'like' : kind.startsWith('C') ? 'code' : 'string',
    list: kind === 'S' || kind === 'T' ? 'no' : 'yes',
    repeat: kind === 'CA' ? 'and' : 'no',
    required: required === 'R' ? 'yes' : 'no',
  }
}
