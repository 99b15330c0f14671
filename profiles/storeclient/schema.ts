// JSON Schema of the StoreClient data kinds (データ種別): which message is which kind, and how it becomes a document.

/** What identifies the logical document inside one facility and patient. */
const KEY_RULES = ['patient', 'order', 'care-date', 'care-date-department', 'care-time', 'document'] as const

/** The data kinds there are (SS-MIX2 and, from VITAL on, this project's); each has a reader of its own. */
export const KIND_NAMES = [
  'ADT-00',
  'ADT-01',
  'ADT-12',
  'ADT-21',
  'ADT-22',
  'ADT-31',
  'ADT-32',
  'ADT-41',
  'ADT-42',
  'ADT-51',
  'ADT-52',
  'ADT-61',
  'PPR-01',
  'OMD',
  'OMP-01',
  'OMP-11',
  'OMP-02',
  'OMP-12',
  'OML-01',
  'OML-11',
  'OMG-01',
  'OMG-11',
  'OMG-02',
  'OMG-12',
  'OMG-03',
  'OMG-13',
  'VITAL',
  'REPORT',
  'DOC',
  'FILE',
  'NOTE',
] as const
export type KindName = (typeof KIND_NAMES)[number]

export interface KindEvent {
  /** MSH-9.1, MSH-9.2 and the message structure the trigger implies. */
  readonly type: string
  readonly trigger: string
  readonly structure: string
  readonly action: 'publish' | 'delete'
}

/** A data kind as the file states it; codes name entries of the affinity domain's code sets. */
export interface KindRow {
  readonly kind: KindName
  readonly name: { readonly ja: string; readonly en: string }
  readonly classCode: string
  readonly typeCode: string
  readonly formatCode: string
  /** Row of the calendar display; null when the kind is not shown there. */
  readonly calendarRow: string | null
  /** Fields that give the care date (診療日), first filled one wins; empty when the kind has none. */
  readonly careDate: readonly string[]
  readonly key: (typeof KEY_RULES)[number]
  readonly events: readonly KindEvent[]
}

const text = { type: 'string', minLength: 1 } as const

const event = {
  type: 'object',
  properties: {
    type: { type: 'string', pattern: '^[A-Z]{3}$' },
    trigger: { type: 'string', pattern: '^[A-Z][A-Z0-9][0-9]$' },
    structure: { type: 'string', pattern: '^[A-Z]{3}_[A-Z][A-Z0-9][0-9]$' },
    action: { enum: ['publish', 'delete'] },
  },
  required: ['type', 'trigger', 'structure', 'action'],
  additionalProperties: false,
} as const

const rowProperties = {
  kind: { enum: KIND_NAMES },
  name: { type: 'object', properties: { ja: text, en: text }, required: ['ja', 'en'], additionalProperties: false },
  classCode: text,
  typeCode: text,
  formatCode: text,
  calendarRow: { anyOf: [text, { type: 'null' }] },
  key: { enum: KEY_RULES },
  careDate: { type: 'array', items: { type: 'string', pattern: '^[A-Z][A-Z0-9]{2}-[0-9]+$' } },
  events: { type: 'array', minItems: 1, items: event },
} as const

export const kindsSchema = {
  type: 'object',
  properties: {
    kinds: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: rowProperties,
        required: Object.keys(rowProperties),
        additionalProperties: false,
      },
    },
  },
  required: ['kinds'],
  additionalProperties: false,
} as const

/** A site's file: of each kind it names, what it says otherwise. */
export const siteKindsSchema = {
  type: 'object',
  properties: {
    kinds: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          kind: rowProperties.kind,
          name: rowProperties.name,
          classCode: text,
          typeCode: text,
          formatCode: text,
          calendarRow: rowProperties.calendarRow,
        },
        required: ['kind'],
        additionalProperties: false,
      },
    },
  },
  required: ['kinds'],
  additionalProperties: false,
} as const
