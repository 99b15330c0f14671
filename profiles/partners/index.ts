// Partner records: dated agreements about how the messages of a system or facility are read and answered (design §5).

import { Ajv, type ErrorObject } from 'ajv'
import { OWN_SCHEMAS } from '../own-schemas.ts'
import { DEFAULT_READING, type PartnerRecord, partnerSchema, type Reading } from './schema.ts'

export { DEFAULT_READING, type PartnerRecord, type Reading } from './schema.ts'

const validate = new Ajv({ ...OWN_SCHEMAS, allErrors: true, verbose: true }).compile<PartnerRecord>(partnerSchema)

export type CheckedPartner = { readonly record: PartnerRecord } | { readonly problems: readonly string[] }

/** A checked record, or everything that is wrong with it, each with key and value. */
export function checkPartner(json: unknown): CheckedPartner {
  if (!validate(json)) return { problems: (validate.errors ?? []).map(problemOf) }
  if (json.until !== undefined && json.until < json.since)
    return { problems: [`until: ${json.until} lies before since, ${json.since}`] }
  return { record: json }
}

const MAX_SHOWN = 80

function problemOf({ instancePath, keyword, params, message, data }: ErrorObject): string {
  const key = instancePath.slice(1).replaceAll('/', '.') || 'the file'
  if (keyword === 'additionalProperties') return `${key}: ${params.additionalProperty} is not known here`
  if (keyword === 'oneOf' || params.missingProperty === 'system' || params.missingProperty === 'facility')
    return `${key}: must name one of system and facility`
  const wanted = keyword === 'enum' ? `must be one of ${params.allowedValues.join(', ')}` : message
  return `${key}: ${wanted}, not ${(JSON.stringify(data) ?? '').slice(0, MAX_SHOWN)}`
}

export interface Sender {
  readonly systemId: string
  readonly facilityId: string
}

/** How a sender's messages are read at a moment. */
export type ReadingOf = (sender: Sender, now: Date) => Reading

const JST_OFFSET_MS = 9 * 3_600_000

/** Records in force that day, of the facility first, then of the system, the older first: each says what it names anew. */
export function readingsOf(records: readonly PartnerRecord[]): ReadingOf {
  const ordered = [...records].sort(
    (a, b) => Number(a.system !== undefined) - Number(b.system !== undefined) || a.since.localeCompare(b.since),
  )
  return ({ systemId, facilityId }, now) => {
    const own = ordered.filter(({ system, facility }) => system === systemId || facility === facilityId)
    if (own.length === 0) return DEFAULT_READING
    const day = new Date(now.getTime() + JST_OFFSET_MS).toISOString().slice(0, 10)
    const inForce = own.filter(({ since, until }) => since <= day && (until === undefined || day <= until))
    return Object.assign({}, DEFAULT_READING, ...inForce.map(({ reading }) => reading))
  }
}
