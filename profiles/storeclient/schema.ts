// JSON Schema of the StoreClient data kinds (データ種別): which message is which kind, and how it becomes a document.

/** What identifies the logical document inside one facility and patient. */
const KEY_RULES = ['patient', 'order', 'care-date', 'care-date-department', 'care-time', 'document'] as const
/** The rules this release can follow; a kind is accepted only under one of them. */
const ACCEPTED_KEY_RULES = ['patient', 'order'] as const

export interface KindEvent {
  /** MSH-9.1, MSH-9.2 and the message structure the trigger implies. */
  readonly type: string
  readonly trigger: string
  readonly structure: string
  readonly action: 'publish' | 'delete'
}

/** false: the kind is known, but this release answers it as unsupported. */
export type Acceptance =
  | { readonly accepted: true; readonly key: (typeof ACCEPTED_KEY_RULES)[number] }
  | { readonly accepted: false; readonly key: (typeof KEY_RULES)[number] }

/** A data kind as the file states it; codes name entries of the affinity domain's code sets. */
export type KindRow = KindFields & Acceptance

export interface KindFields {
  readonly kind: string
  readonly name: { readonly ja: string; readonly en: string }
  readonly classCode: string
  readonly typeCode: string
  readonly formatCode: string
  /** Row of the calendar display; null when the kind is not shown there. */
  readonly calendarRow: string | null
  /** Fields that give the care date (診療日), first filled one wins; empty when the kind has none. */
  readonly careDate: readonly string[]
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
  kind: { type: 'string', pattern: '^[A-Z]+(-[0-9]{2})?$' },
  accepted: { type: 'boolean' },
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
        if: { properties: { accepted: { const: true } } },
        // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
        then: { properties: { key: { enum: ACCEPTED_KEY_RULES } } },
      },
    },
  },
  required: ['kinds'],
  additionalProperties: false,
} as const
