// The StoreClient data kinds, read and checked once at start, and the way from MSH-9 to a kind (HL7 v2.5 2.15.9.9).

import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import type { Code } from '../../src/model/code.ts'
import { type AffinityDomain, affinityDomain, codeOf } from '../affinity-domain/index.ts'
import { OWN_SCHEMAS } from '../own-schemas.ts'
import { type KindEvent, type KindRow, kindsSchema, siteKindsSchema } from './schema.ts'

/** A data kind with its codes resolved. */
export type DataKind = Omit<KindRow, keyof ResolvedCodes> & ResolvedCodes

interface ResolvedCodes {
  readonly classCode: Code
  readonly typeCode: Code
  readonly formatCode: Code
}

type Table = { readonly kinds: readonly KindRow[] }
type SiteTable = { readonly kinds: readonly (Pick<KindRow, 'kind'> & Partial<KindRow>)[] }

const ajv = new Ajv({ ...OWN_SCHEMAS, allErrors: true })
const validate = ajv.compile<Table>(kindsSchema)
const validateSite = ajv.compile<SiteTable>(siteKindsSchema)

/**
 * Checks a table of kinds and resolves its codes.
 * @throws {Error} naming every place that is wrong, or a code missing from the affinity domain.
 */
export function readKinds(json: unknown): readonly DataKind[] {
  if (!validate(json)) throw new Error(`storeclient kinds: ${placesOf(validate).join('; ')}`)
  return json.kinds.map((row) => resolved(row, codeOf))
}

function placesOf({ errors }: { readonly errors?: ValidateFunction['errors'] }): readonly string[] {
  return (errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`)
}

function resolved(row: KindRow, find: (set: keyof ResolvedCodes, code: string) => Code): DataKind {
  return {
    ...row,
    classCode: find('classCode', row.classCode),
    typeCode: find('typeCode', row.typeCode),
    formatCode: find('formatCode', row.formatCode),
  }
}

const table = JSON.parse(readFileSync(new URL('./kinds.json', import.meta.url), 'utf8')) as Table

/** What comes with the server. */
export const dataKinds = readKinds(table)

export type CheckedKinds = { readonly kinds: readonly DataKind[] } | { readonly problems: readonly string[] }

/**
 * A site's names, codes and calendar rows over ours, kind by kind; what a message is and how it is keyed is not the site's to
 * change. Codes are the affinity domain's: one that a closed set does not have is a problem.
 */
export function withSiteKinds(site: unknown, domain: AffinityDomain): CheckedKinds {
  if (!validateSite(site)) return { problems: placesOf(validateSite) }
  const problems: string[] = []
  const kinds = table.kinds.map((row) => {
    const own = site.kinds.find(({ kind }) => kind === row.kind)
    return resolved({ ...row, ...own }, (set, code) => {
      const found = domain[set].find((entry) => entry.code === code) ?? openCode(set, code, domain)
      if (found !== undefined) return found
      problems.push(`kind ${row.kind}: ${set} ${code} is not in the affinity domain`)
      return { code, scheme: '', display: code }
    })
  })
  return problems.length === 0 ? { kinds } : { problems }
}

/** Our own code, where the site's list is not closed. */
function openCode(set: keyof ResolvedCodes, code: string, domain: AffinityDomain): Code | undefined {
  return domain.enforcement[set] === 'closed' ? undefined : affinityDomain[set].find((entry) => entry.code === code)
}

export type { KindEvent, KindName } from './schema.ts'

export interface KindOfMessage {
  readonly kind: DataKind
  readonly event: KindEvent
}

const byEvent = new Map<string, readonly KindOfMessage[]>()
for (const kind of dataKinds) {
  for (const event of kind.events) {
    const name = `${event.type}^${event.trigger}`
    byEvent.set(name, [...(byEvent.get(name) ?? []), { kind, event }])
  }
}
const types = new Set(dataKinds.flatMap((kind) => kind.events.map(({ type }) => type)))

/**
 * The kinds that a message of this MSH-9.1 and MSH-9.2 can be, in the order of the table; `type` or `trigger` when that is
 * what is not supported (AR 200, AR 201). MSH-9.3 is not asked: senders often leave it out or name another structure.
 */
export function kindsOf(type: string, trigger: string): readonly KindOfMessage[] | 'type' | 'trigger' {
  return byEvent.get(`${type}^${trigger}`) ?? (types.has(type) ? 'trigger' : 'type')
}
