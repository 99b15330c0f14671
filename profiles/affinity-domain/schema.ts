// JSON Schema of a site's code sets (ITI TF-3 4.2.3.1.2): the file here and a site's file over it are checked by the same schema.

import type { Code } from '../../src/model/code.ts'

export interface AffinityDomain {
  /** OIDs of this project's own lists: 10-digit facility codes (XON-6) and facility types. */
  readonly lists: { readonly facilityCodes: string; readonly facilityTypes: string }
  readonly classCode: readonly Code[]
  readonly typeCode: readonly Code[]
  readonly formatCode: readonly Code[]
  readonly practiceSettingCode: readonly Code[]
  readonly healthcareFacilityTypeCode: readonly Code[]
  readonly confidentialityCode: readonly Code[]
  readonly languageCode: readonly string[]
  readonly mimeType: readonly string[]
}

const oid = { type: 'string', pattern: '^[0-2](\\.(0|[1-9][0-9]*))+$', maxLength: 64 } as const

const codes = {
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    properties: {
      code: { type: 'string', minLength: 1 },
      scheme: oid,
      display: { type: 'string', minLength: 1 },
    },
    required: ['code', 'scheme', 'display'],
    additionalProperties: false,
  },
} as const

const texts = { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } } as const

const properties = {
  lists: {
    type: 'object',
    properties: { facilityCodes: oid, facilityTypes: oid },
    required: ['facilityCodes', 'facilityTypes'],
    additionalProperties: false,
  },
  classCode: codes,
  typeCode: codes,
  formatCode: codes,
  practiceSettingCode: codes,
  healthcareFacilityTypeCode: codes,
  confidentialityCode: codes,
  languageCode: texts,
  mimeType: texts,
} as const

export const affinityDomainSchema = {
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
} as const
