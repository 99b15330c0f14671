// The StoreClient data kinds, read and checked once at start, and the way from MSH-9 to a kind (HL7 v2.5 2.15.9.9).

import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import type { Code } from '../../src/model/code.ts'
import { codeOf } from '../affinity-domain/index.ts'
import { type KindEvent, type KindRow, kindsSchema } from './schema.ts'

/** A data kind with its codes resolved. */
export type DataKind = Omit<KindRow, keyof ResolvedCodes> & ResolvedCodes

interface ResolvedCodes {
  readonly classCode: Code
  readonly typeCode: Code
  readonly formatCode: Code
}

const validate = new Ajv({ allErrors: true }).compile<{ readonly kinds: readonly KindRow[] }>(kindsSchema)

/**
 * Checks a table of kinds and resolves its codes.
 * @throws {Error} naming every place that is wrong, or a code missing from the affinity domain.
 */
export function readKinds(json: unknown): readonly DataKind[] {
  if (!validate(json)) {
    const places = (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`)
    throw new Error(`storeclient kinds: ${places.join('; ')}`)
  }
  return json.kinds.map((row) => ({
    ...row,
    classCode: codeOf('classCode', row.classCode),
    typeCode: codeOf('typeCode', row.typeCode),
    formatCode: codeOf('formatCode', row.formatCode),
  }))
}

export const dataKinds = readKinds(JSON.parse(readFileSync(new URL('./kinds.json', import.meta.url), 'utf8')))

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
