// MSH of a StoreClient message: what a receiver must be able to rely on before it reads further (HL7 v2.5 2.15.9).

import { iheError } from '../../profiles/errors/index.ts'
import type { CallingSystem } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import { type Hl7Time, parseHl7Time } from '../model/hl7-time.ts'
import { component, type Er7Message, isNull, repetitions, segmentsOf, value } from '../model/hl7v2.ts'
import { requireOwnFacility } from './facility.ts'
import { type DecidedKind, decideKind } from './kind.ts'
import type { Origin, StoreClientSettings } from './ports.ts'
import { readWrittenTime } from './written-time.ts'

const VERSION = /^2\.5(\.\d+)?$/
const FACILITY_CODE = /^(\d{7}|\d{10})$/
const MAX_FUTURE_MS = 24 * 3_600_000
/** Year, month and day: versions of a document could not be told apart by less. */
const MIN_TIME_DIGITS = 8

export interface Header {
  readonly found: DecidedKind
  readonly sentAt: Hl7Time
  readonly warnings: readonly IheError[]
}

/** MSH-10, '' when absent. */
export function controlIdOf(message: Er7Message): string {
  return value(message, 'MSH', 10)
}

/** MSH-3 as one text, all of its components. */
export function sendingApplicationOf(message: Er7Message): string {
  return repetitions(message, segmentsOf(message, 'MSH')[0], 3)[0] ?? ''
}

export interface HeaderContext {
  readonly caller: CallingSystem
  readonly settings: StoreClientSettings
  readonly now: Date
  readonly origin?: Origin
}

/**
 * Checks MSH in the order type, trigger, processing id, version, facility, time.
 * @throws {IheError} HL7_MSH_FIELD_MISSING, HL7_MESSAGE_TYPE, HL7_TRIGGER, HL7_PROCESSING_ID, HL7_VERSION, HL7_FACILITY, HL7_TIME.
 */
export function readHeader(message: Er7Message, context: HeaderContext): Header {
  required(message, 9)
  const decided = decideKind(message, context.origin?.kind)
  const found = { ...decided, kind: context.settings.kinds.get(decided.kind.kind) ?? decided.kind }
  const processingId = required(message, 11)
  if (!context.settings.processingIds.includes(processingId)) {
    throw iheError('HL7_PROCESSING_ID', {
      at: 'MSH-11',
      value: processingId,
      rule: `accepted here: ${context.settings.processingIds.join(', ')}`,
    })
  }
  const version = required(message, 12)
  const agreed = context.origin?.versions ?? []
  if (!VERSION.test(version) && !agreed.some((one) => `${version}.`.startsWith(`${one}.`)))
    throw iheError('HL7_VERSION', { at: 'MSH-12', value: version, rule: ['HL7 v2.5', ...agreed].join(', ') })
  const sender = readFacility(message, context)
  const writtenAt = context.origin?.writtenAt
  const sentAt = writtenAt === undefined ? readSentAt(message, context.now) : readWrittenAt(writtenAt, context.now)
  const unusual = sentAt.unusual
    ? [iheError('HL7_DATE', { at: 'MSH-7', value: sentAt.text, rule: 'HL7 v2.5 DTM' })]
    : []
  return { found, sentAt, warnings: [...found.warnings, ...sender, ...unusual] }
}

function required(message: Er7Message, field: number): string {
  const text = value(message, 'MSH', field)
  if (text === '' || isNull(text)) {
    throw iheError('HL7_MSH_FIELD_MISSING', { at: `MSH-${field}`, rule: `MSH-${field} is required` })
  }
  return text
}

/** A file's facility is that of its storage: a name in MSH-4 says nothing else, as the samples of SS-MIX2 have it; a code does. */
function readFacility(message: Er7Message, { caller, origin }: HeaderContext): readonly IheError[] {
  const facility = repetitions(message, segmentsOf(message, 'MSH')[0], 4)[0]
  const code = component(message, facility, 1)
  const oid = component(message, facility, 2)
  if (origin?.writtenAt === undefined || oid !== '' || FACILITY_CODE.test(code)) {
    requireOwnFacility(caller, code, oid)
    return []
  }
  return [iheError('HL7_CODE', { at: 'MSH-4', value: code, rule: '10-digit code of the facility' })]
}

/** Milliseconds of a file's 17 digits have no point before them. */
function readWrittenAt(digits: string, now: Date): Hl7Time {
  const time = parseHl7Time(`${digits.slice(0, 14)}.${digits.slice(14)}`)
  if (time === undefined || time.startMs > now.getTime() + MAX_FUTURE_MS)
    throw iheError('HL7_TIME', { at: 'path', value: digits, rule: 'YYYYMMDDhhmmssSSS, not more than 24 hours ahead' })
  return time
}

function readSentAt(message: Er7Message, now: Date): Hl7Time {
  const text = required(message, 7)
  const time = readWrittenTime(text)
  if (time === undefined || text.length < MIN_TIME_DIGITS) {
    throw iheError('HL7_TIME', { at: 'MSH-7', value: text, rule: 'HL7 v2.5 DTM' })
  }
  if (time.startMs > now.getTime() + MAX_FUTURE_MS) {
    throw iheError('HL7_TIME', { at: 'MSH-7', value: text, rule: 'not more than 24 hours in the future' })
  }
  return time
}
