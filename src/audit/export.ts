// The export of a month of audit events, one JSON object a line: what proves it travels with it (docs/audit.md).

import type { Checkpoint } from './checkpoint.ts'
import { canonicalJson, type SealedEvent } from './seal.ts'

export const EXPORT_KIND = 'tsunagi-audit-export'
const VERSION = 1

interface Head {
  readonly chain: string
  readonly seq: number
  readonly hash: string
}

/** How a chain began; hashes are lower-case hex. */
export interface Begun {
  readonly chain: string
  readonly nonce: string
  readonly genesis: string
  readonly previous: Head | null
}

export interface HeaderRecord extends Begun {
  readonly kind: typeof EXPORT_KIND
  readonly version: number
  readonly community: string
  readonly exportedAt: string
  /** Number of the last event in the file. */
  readonly seq: number
  /** The chain of the following month, when it has begun. */
  readonly next: Begun | null
  /** Public keys by id, SubjectPublicKeyInfo in base64: for who has them from nowhere else. */
  readonly keys: Readonly<Record<string, string>>
}

export type CheckpointRecord = { readonly kind: 'checkpoint' } & Checkpoint

export interface EventRecord {
  readonly kind: 'event'
  /** Order of sealing over all chains. */
  readonly position: string
  readonly seq: number
  readonly hash: string
  readonly event: SealedEvent
}

/** A seal whose event is not there. */
export interface MissingRecord {
  readonly kind: 'missing'
  readonly position: string
  readonly seq: number
  readonly hash: string
  readonly eventId: string
}

/** An event of the month, older than a minute, that no seal names. */
export interface UnsealedRecord {
  readonly kind: 'unsealed'
  readonly event: SealedEvent
}

export interface EndRecord {
  readonly kind: 'end'
  /** How many of them the lines before have. */
  readonly events: number
  readonly checkpoints: number
}

export type ExportRecord = HeaderRecord | CheckpointRecord | EventRecord | MissingRecord | UnsealedRecord | EndRecord

export type HeaderGiven = Omit<HeaderRecord, 'kind' | 'version'>

export function headerRecord(given: HeaderGiven): HeaderRecord {
  return { kind: EXPORT_KIND, version: VERSION, ...given }
}

/** A line of the file, without its end. */
export function recordLine(record: ExportRecord): string {
  // The kind comes first, so that a person who looks into the file sees what a line is.
  const { kind, ...members } = record
  return `{"kind":${JSON.stringify(kind)},${canonicalJson(members).slice(1)}`
}

const IS_HEX = /^[0-9a-f]{64}$/
const IS_CHAIN = /^\d{4}-(0[1-9]|1[0-2])$/
const IS_NUMBER = /^\d{1,19}$/

type Members = Readonly<Record<string, unknown>>

const text = (value: unknown): boolean => typeof value === 'string'
const hex = (value: unknown): boolean => typeof value === 'string' && IS_HEX.test(value)
const chain = (value: unknown): boolean => typeof value === 'string' && IS_CHAIN.test(value)
const count = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const number = (value: unknown): boolean => typeof value === 'string' && IS_NUMBER.test(value)
const object = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const event = (value: unknown): boolean =>
  object(value) && number(value.eventId) && text(value.eventUuid) && text(value.at)
const shaped = (value: unknown, shape: Shape): boolean =>
  object(value) && Object.entries(shape).every(([name, is]) => is(value[name]))

type Shape = Readonly<Record<string, (value: unknown) => boolean>>

const HEAD: Shape = { chain, seq: count, hash: hex }
const BEGUN: Shape = {
  chain,
  nonce: hex,
  genesis: hex,
  previous: (value) => value === null || shaped(value, HEAD),
}
const SEALED: Shape = { position: number, seq: count, hash: hex }

const SHAPES: Readonly<Record<ExportRecord['kind'], Shape>> = {
  [EXPORT_KIND]: {
    ...BEGUN,
    version: (value) => value === VERSION,
    exportedAt: text,
    seq: count,
    next: (value) => value === null || shaped(value, BEGUN),
    keys: (value) => object(value) && Object.values(value).every(text),
  },
  checkpoint: {
    ...HEAD,
    number: count,
    at: text,
    closes: (value) => typeof value === 'boolean',
    keyId: text,
    previous: hex,
    signature: text,
  },
  event: { ...SEALED, event },
  missing: { ...SEALED, eventId: number },
  unsealed: { event },
  end: { events: count, checkpoints: count },
}

/** What a line says; undefined when it is none of this format. */
export function parseRecord(line: string): ExportRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!object(value) || typeof value.kind !== 'string' || !Object.hasOwn(SHAPES, value.kind)) return undefined
  const shape = SHAPES[value.kind as ExportRecord['kind']]
  return shaped(value, shape) ? (value as unknown as ExportRecord) : undefined
}
