// The affinity domain's code sets, read and checked once at start (ITI TF-3 4.2.3.1.2).

import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import type { Code } from '../../src/model/code.ts'
import { type AffinityDomain, affinityDomainSchema } from './schema.ts'

export type { AffinityDomain } from './schema.ts'

const validate = new Ajv({ allErrors: true }).compile<AffinityDomain>(affinityDomainSchema)

/**
 * Checks a site's code sets against the schema.
 * @throws {Error} naming every place that is wrong, so that a server with wrong site data does not start.
 */
function readAffinityDomain(json: unknown): AffinityDomain {
  if (validate(json)) return json
  const places = (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`)
  throw new Error(`affinity-domain.json: ${places.join('; ')}`)
}

export const affinityDomain: AffinityDomain = readAffinityDomain(
  JSON.parse(readFileSync(new URL('./affinity-domain.json', import.meta.url), 'utf8')),
)

export type CodeSet =
  | 'classCode'
  | 'typeCode'
  | 'formatCode'
  | 'practiceSettingCode'
  | 'healthcareFacilityTypeCode'
  | 'confidentialityCode'

/**
 * The code `code` of a set.
 * @throws {Error} when the set has no such code: site data and tables contradict each other.
 */
export function codeOf(set: CodeSet, code: string, domain: AffinityDomain = affinityDomain): Code {
  const found = domain[set].find((entry) => entry.code === code)
  if (found === undefined) throw new Error(`the affinity domain's ${set} has no code ${code}`)
  return found
}
