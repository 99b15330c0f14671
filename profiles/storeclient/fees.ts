// The storage fee (ストレージ利用料) as data: free up to a threshold, then a price for each further step, from a month on.

import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { OWN_SCHEMAS } from '../own-schemas.ts'

/** One rule; it holds until a later one begins. Prices are without tax. */
export interface StorageFee {
  /** First month (YYYY-MM, JST) of which the end of month is judged by it. */
  readonly from: string
  readonly bytesPerGigabyte: number
  readonly freeGigabytes: number
  readonly stepGigabytes: number
  /** Yen a month for each step that was begun. */
  readonly yenPerStep: number
  /** Kinds of facility that pay; with the others storage is included. */
  readonly facilityKinds: readonly string[]
  /** Part of a step from which the facility is warned. */
  readonly warnAtPercent: number
}

export interface Fees {
  /** The earliest first. */
  readonly storage: readonly StorageFee[]
}

const amount = { type: 'number', exclusiveMinimum: 0 } as const

const properties = {
  from: { type: 'string', pattern: '^\\d{4}-(0[1-9]|1[0-2])$' },
  bytesPerGigabyte: { enum: [1_000_000_000, 1_073_741_824] },
  freeGigabytes: { type: 'number', minimum: 0 },
  stepGigabytes: amount,
  yenPerStep: { type: 'integer', minimum: 0 },
  facilityKinds: {
    type: 'array',
    items: { enum: ['gateway', 'store-client', 'manual', 'viewing'] },
    uniqueItems: true,
  },
  warnAtPercent: { ...amount, maximum: 100 },
} as const

const validate = new Ajv({ ...OWN_SCHEMAS, allErrors: true }).compile<Fees>({
  type: 'object',
  properties: {
    storage: {
      type: 'array',
      minItems: 1,
      items: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
    },
  },
  required: ['storage'],
  additionalProperties: false,
})

/** A table of fees, or what is wrong with it. */
export function readFees(json: unknown): { readonly fees: Fees } | { readonly problems: readonly string[] } {
  if (!validate(json))
    return { problems: (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`) }
  return { fees: { storage: json.storage.toSorted((one, other) => (one.from < other.from ? -1 : 1)) } }
}

function shipped(): Fees {
  const read = readFees(JSON.parse(readFileSync(new URL('./fees.json', import.meta.url), 'utf8')))
  if ('problems' in read) throw new Error(`storeclient fees: ${read.problems.join('; ')}`)
  return read.fees
}

export const fees = shipped()
