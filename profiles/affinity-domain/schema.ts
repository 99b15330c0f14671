// JSON Schema of a site's code sets and rule switches (ITI TF-3 4.2.3.1.2): the file here and a site's file over it are checked by
// the same schema.

import type { Code } from '../../src/model/code.ts'
import { RULE_SWITCHES, type RuleSwitches } from '../../src/model/rule-switch.ts'
import { switchableRules } from '../metadata/rules.ts'

/** Coded attributes that have a list of codes. */
export const CODE_SETS = [
  'classCode',
  'typeCode',
  'formatCode',
  'practiceSettingCode',
  'healthcareFacilityTypeCode',
  'confidentialityCode',
  'eventCodeList',
  'contentTypeCode',
  'codeList',
] as const
export type CodeSet = (typeof CODE_SETS)[number]

/** Attributes whose list holds plain texts. */
export const TEXT_SETS = ['languageCode', 'mimeType'] as const
export type TextSet = (typeof TEXT_SETS)[number]

/** `open`: any value is taken, the list serves our own documents; `closed`: only what is listed. */
export type Enforcement = 'open' | 'closed'

export type AffinityDomain = {
  /** OIDs of this project's own lists: 10-digit facility codes (XON-6) and facility types. */
  readonly lists: { readonly facilityCodes: string; readonly facilityTypes: string }
  readonly enforcement: Readonly<Record<CodeSet | TextSet, Enforcement>>
  /** What happens when a metadata rule is broken, where that is not refusal (docs/rules.md). */
  readonly rules: RuleSwitches
} & { readonly [Set in CodeSet]: readonly Code[] } & { readonly [Set in TextSet]: readonly string[] }

const oid = { type: 'string', pattern: '^[0-2](\\.(0|[1-9][0-9]*))+$', maxLength: 64 } as const
const longName = { type: 'string', minLength: 1, maxLength: 256 } as const

const codes = {
  type: 'array',
  items: {
    type: 'object',
    properties: { code: longName, scheme: longName, display: { type: 'string', minLength: 1, maxLength: 1024 } },
    required: ['code', 'scheme', 'display'],
    additionalProperties: false,
  },
} as const

const texts = { type: 'array', items: longName } as const

const each = <Key extends string, Schema>(keys: readonly Key[], schema: Schema) =>
  Object.fromEntries(keys.map((key) => [key, schema])) as Readonly<Record<Key, Schema>>

const properties = {
  lists: {
    type: 'object',
    properties: { facilityCodes: oid, facilityTypes: oid },
    required: ['facilityCodes', 'facilityTypes'],
    additionalProperties: false,
  },
  enforcement: {
    type: 'object',
    properties: each([...CODE_SETS, ...TEXT_SETS], { enum: ['open', 'closed'] } as const),
    required: [...CODE_SETS, ...TEXT_SETS],
    additionalProperties: false,
  },
  rules: {
    type: 'object',
    properties: each(switchableRules, { enum: RULE_SWITCHES }),
    additionalProperties: false,
  },
  ...each(CODE_SETS, codes),
  ...each(TEXT_SETS, texts),
} as const

export const affinityDomainSchema = {
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
} as const
