// The StoreClient data kinds, read and checked once at start, and the way from MSH-9 to a kind (HL7 v2.5 2.15.9.9).

import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import type { Code } from '../../src/model/code.ts'
import { codeOf } from '../affinity-domain/index.ts'
import { type Acceptance, type KindEvent, type KindFields, type KindRow, kindsSchema } from './schema.ts'

/** A data kind with its codes resolved. */
export type DataKind = Omit<KindFields, keyof ResolvedCodes> & ResolvedCodes & Acceptance

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

export interface KindOfMessage {
  readonly kind: DataKind & { readonly accepted: true }
  readonly event: KindEvent
}

const acceptedEvents = new Map<string, KindOfMessage>(
  dataKinds.flatMap((kind) =>
    kind.accepted ? kind.events.map((event) => [`${event.type}^${event.trigger}`, { kind, event }] as const) : [],
  ),
)
const acceptedTypes = new Set([...acceptedEvents.values()].map((found) => found.event.type))

/**
 * The kind of a message by MSH-9.1 and MSH-9.2; `type` or `trigger` when that is what is not supported (AR 200, AR 201).
 * MSH-9.3 is not asked: senders often leave it out or name another structure than the trigger implies.
 */
export function kindOf(type: string, trigger: string): KindOfMessage | 'type' | 'trigger' {
  return acceptedEvents.get(`${type}^${trigger}`) ?? (acceptedTypes.has(type) ? 'trigger' : 'type')
}
