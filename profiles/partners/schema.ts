// JSON Schema of a partner record: how the messages of one system or facility are read and answered, from when, and why (StoreClient).

/** How messages of a sender are read and answered. */
export interface Reading {
  /** `strict`: a message in another set than MSH-18 names, or outside ASCII and JIS X 0208, is refused. */
  readonly charset: 'tolerant' | 'strict'
  /** What bytes are that are valid in both, where neither MSH-18 nor the transport names one of them. */
  readonly eightBit: 'Shift_JIS' | 'EUC-JP'
  /** `strict`: every segment ends with CR alone. */
  readonly terminators: 'tolerant' | 'strict'
  /** `strict`: segments of the message structure stand in its order; those that are not part of it are kept all the same. */
  readonly structure: 'tolerant' | 'strict'
  /** MSH-12 besides 2.5. */
  readonly versions: readonly ('2.3' | '2.4')[]
  /** Batches, FHS and BHS. */
  readonly batch: 'accepted' | 'refused'
  /** What tells two transmissions apart: `msh-10-and-msh-7` for systems whose counter begins again. */
  readonly duplicateControlIds: 'msh-10' | 'msh-10-and-msh-7'
  /** MSH-13, HL7 v2.5 2.10.1. */
  readonly sequenceNumbers: 'on' | 'off'
  /** `4xx/5xx`: HTTPS answers a refusal with an error status beside its acknowledgement. */
  readonly httpStatusOfRefusals: '200' | '4xx/5xx'
}

/** What holds for a sender without a record. */
export const DEFAULT_READING: Reading = {
  charset: 'tolerant',
  eightBit: 'Shift_JIS',
  terminators: 'tolerant',
  structure: 'tolerant',
  versions: [],
  batch: 'refused',
  duplicateControlIds: 'msh-10',
  sequenceNumbers: 'off',
  httpStatusOfRefusals: '200',
}

/** A dated agreement with a sender; what it does not name stays as it is without it. */
export interface PartnerRecord {
  readonly id: string
  /** One of the two: a record of a system goes before one of its facility. */
  readonly system?: string
  readonly facility?: string
  /** First and last day in Japan on which it holds, YYYY-MM-DD. */
  readonly since: string
  readonly until?: string
  readonly reason: string
  /** Where the agreement can be read. */
  readonly ticket?: string
  readonly reading: Partial<Reading>
}

const slug = { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' } as const
const day = { type: 'string', pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' } as const
const words = { type: 'string', minLength: 1, maxLength: 500 } as const

const reading = {
  type: 'object',
  properties: {
    charset: { enum: ['tolerant', 'strict'] },
    eightBit: { enum: ['Shift_JIS', 'EUC-JP'] },
    terminators: { enum: ['tolerant', 'strict'] },
    structure: { enum: ['tolerant', 'strict'] },
    versions: { type: 'array', items: { enum: ['2.3', '2.4'] }, uniqueItems: true },
    batch: { enum: ['accepted', 'refused'] },
    duplicateControlIds: { enum: ['msh-10', 'msh-10-and-msh-7'] },
    sequenceNumbers: { enum: ['on', 'off'] },
    httpStatusOfRefusals: { enum: ['200', '4xx/5xx'] },
  },
  minProperties: 1,
  additionalProperties: false,
} as const

export const partnerSchema = {
  type: 'object',
  properties: { id: slug, system: slug, facility: slug, since: day, until: day, reason: words, ticket: words, reading },
  required: ['id', 'since', 'reason', 'reading'],
  oneOf: [{ required: ['system'] }, { required: ['facility'] }],
  additionalProperties: false,
} as const
