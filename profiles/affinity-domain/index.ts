// The affinity domain: code sets, what of them is enforced, and rule switches, checked once at start (ITI TF-3 4.2.3.1.2).

import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject } from 'ajv'
import type { Code } from '../../src/model/code.ts'
import { OWN_SCHEMAS } from '../own-schemas.ts'
import { type AffinityDomain, affinityDomainSchema, CODE_SETS, type CodeSet, TEXT_SETS } from './schema.ts'

export type { AffinityDomain, CodeSet } from './schema.ts'

const validate = new Ajv({ ...OWN_SCHEMAS, allErrors: true, verbose: true }).compile<AffinityDomain>(
  affinityDomainSchema,
)

/** A checked affinity domain, or everything that is wrong, each with key and value. */
export type CheckedDomain = { readonly domain: AffinityDomain } | { readonly problems: readonly string[] }

function check(json: unknown): CheckedDomain {
  if (!validate(json)) return { problems: (validate.errors ?? []).map(problemOf) }
  const empty = [...CODE_SETS, ...TEXT_SETS].filter(
    (set) => json.enforcement[set] === 'closed' && json[set].length === 0,
  )
  if (empty.length === 0) return { domain: json }
  return {
    problems: empty.map((set) => `enforcement.${set}: closed, but ${set} lists nothing; list what is permitted`),
  }
}

const MAX_SHOWN = 80

function problemOf({ instancePath, keyword, params, message, data }: ErrorObject): string {
  const key = instancePath.slice(1).replaceAll('/', '.') || 'the file'
  if (keyword === 'additionalProperties')
    return key === 'rules'
      ? `rules.${params.additionalProperty}: no rule of docs/rules.md that may be switched`
      : `${key}: ${params.additionalProperty} is not known here`
  const wanted = keyword === 'enum' ? `must be one of ${params.allowedValues.join(', ')}` : message
  return `${key}: ${wanted}, not ${(JSON.stringify(data) ?? '').slice(0, MAX_SHOWN)}`
}

/**
 * The affinity domain with a site's file over it: a list of the site replaces the list of that name; lists, enforcement and
 * rules are laid over key by key.
 */
export function withSite(site: unknown, base: AffinityDomain = affinityDomain): CheckedDomain {
  if (!isObject(site)) return { problems: [`the file: must be an object, not ${JSON.stringify(site)}`] }
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(site)) {
    const below = merged[key]
    merged[key] = isObject(value) && isObject(below) ? { ...below, ...value } : value
  }
  return check(merged)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function own(): AffinityDomain {
  const checked = check(JSON.parse(readFileSync(new URL('./affinity-domain.json', import.meta.url), 'utf8')))
  if ('problems' in checked) throw new Error(`affinity-domain.json: ${checked.problems.join('; ')}`)
  return checked.domain
}

/** What comes with the server; every attribute open, no rule switched. */
export const affinityDomain: AffinityDomain = own()

/**
 * The code `code` of a set.
 * @throws {Error} when the set has no such code: site data and tables contradict each other.
 */
export function codeOf(set: CodeSet, code: string, domain: AffinityDomain = affinityDomain): Code {
  const found = domain[set].find((entry) => entry.code === code)
  if (found === undefined) throw new Error(`the affinity domain's ${set} has no code ${code}`)
  return found
}
