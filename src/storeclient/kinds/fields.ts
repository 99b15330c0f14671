// Fields as the readers of the data kinds need them: null is nothing, a code keeps its text, a time that cannot be read is an error
// where it makes the key (HL7 v2.5 2.5.3, 2.A).

import { iheError } from '../../../profiles/errors/index.ts'
import type { Coded, Place, Quantity, StaffMember } from '../../model/clinical.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import { component, type Er7Message, isNull, repetitions, type Segment } from '../../model/hl7v2.ts'
import { readWrittenTime } from '../written-time.ts'

/** HL7 table 0119: the order is not, or no longer, to be carried out. */
const CANCELLING_CONTROLS = new Set(['CA', 'DC', 'OC', 'CR'])
/** HL7 table 0119: the order stood before and is changed. */
const CHANGING_CONTROLS = new Set(['XO', 'RP', 'XX'])
/** HL7 table 0085: the result does not, or no longer, exist. */
const CANCELLED_RESULTS = new Set(['D', 'X', 'W'])

export function isCancelledResult(status: string): boolean {
  return CANCELLED_RESULTS.has(status)
}

/** Component `part` of the first repetition of a field; '' when absent or null. */
export function text(message: Er7Message, segment: Segment | undefined, field: number, part = 1): string {
  const found = component(message, repetitions(message, segment, field)[0], part)
  return isNull(found) ? '' : found
}

/** Component `part` of every repetition of a field, null and empty ones left out. */
export function texts(message: Er7Message, segment: Segment | undefined, field: number, part = 1): readonly string[] {
  return repetitions(message, segment, field)
    .map((raw) => component(message, raw, part))
    .filter((found) => found !== '' && !isNull(found))
}

export const NO_CODE: Coded = { code: '', text: '', system: '' }

/** CWE of the first repetition of a field. */
export function coded(message: Er7Message, segment: Segment | undefined, field: number): Coded {
  return readCoded(message, repetitions(message, segment, field)[0])
}

/**
 * CWE: code, text, system, then the alternative. A text alone stands in the first component of many senders; a code without a text is
 * named by its alternative, which means the same.
 */
export function readCoded(message: Er7Message, raw: string | undefined): Coded {
  if (raw === undefined || isNull(raw)) return NO_CODE
  const at = (part: number) => {
    const found = component(message, raw, part)
    return isNull(found) ? '' : found
  }
  const base = { code: at(1), text: at(2) || at(9) || at(5) || at(1) || at(4), system: at(3) }
  const alternative = { code: at(4), text: at(5), system: at(6) }
  return alternative.code + alternative.text === '' ? base : { ...base, alternative }
}

/**
 * Amounts do not repeat: a mark between two numbers that senders leave unescaped (1~2 tablets) belongs to them, and the first alone
 * would be another dose.
 */
function amount(message: Er7Message, segment: Segment | undefined, field: number): string {
  return texts(message, segment, field).join(message.delimiters.repetition)
}

/** CQ: a number with a unit whose text is shown before its code. */
export function quantity(message: Er7Message, segment: Segment | undefined, field: number): Quantity {
  const units = repetitions(message, segment, field).flatMap((raw) =>
    [2, 1, 5, 4].map((part) => component(message, raw, 2, part)),
  )
  const unit = units.find((found) => found !== '' && !isNull(found)) ?? ''
  return { value: amount(message, segment, field), unit }
}

/** A number in one field and its unit (CWE) in another. */
export function quantityWithUnit(
  message: Er7Message,
  segment: Segment | undefined,
  fields: readonly [number, number],
): Quantity {
  return { value: amount(message, segment, fields[0]), unit: coded(message, segment, fields[1]).text }
}

/** XCN: id, and family with given name; the whole name often stands in the family name. */
export function staff(message: Er7Message, segment: Segment | undefined, field: number): StaffMember | undefined {
  const raw = repetitions(message, segment, field).find((one) => !isNull(one))
  if (raw === undefined) return undefined
  const [id = '', family = '', given = ''] = [1, 2, 3]
    .map((part) => component(message, raw, part).trim())
    .map((part) => (isNull(part) ? '' : part))
  const name = [family, given].filter((part) => part !== '').join(' ')
  return id === '' && name === '' ? undefined : { id, name }
}

/** PL. */
export function place(message: Er7Message, segment: Segment | undefined, field: number): Place | undefined {
  const [ward = '', room = '', bed = ''] = [1, 2, 3].map((part) => text(message, segment, field, part))
  return ward + room + bed === '' ? undefined : { ward, room, bed }
}

/** A time for people: what cannot be read is left out. */
export function time(message: Er7Message, segment: Segment | undefined, field: number, part = 1): Hl7Time | undefined {
  return readWrittenTime(text(message, segment, field, part))
}

export interface TimeSource {
  /** `ORC-9`. */
  readonly at: string
  readonly texts: readonly string[]
}

/** Where a time may stand, in all segments of a name. */
export function timesIn(
  message: Er7Message,
  segments: readonly Segment[],
  name: string,
  field: number,
  parts = [1],
): TimeSource {
  return {
    at: `${name}-${field}`,
    texts: segments
      .filter((segment) => segment.name === name)
      .flatMap((segment) => parts.map((part) => text(message, segment, field, part)))
      .filter((found) => found !== ''),
  }
}

export interface FoundTimes {
  readonly at: string
  readonly times: readonly Hl7Time[]
}

/**
 * The times of the first source that is filled anywhere. A filled field that cannot be read is an error, not skipped: another
 * care date would make another document.
 * @throws {IheError} HL7_TIME; HL7_FIELD_MISSING when no source is filled.
 */
export function requiredTimes(sources: readonly TimeSource[]): FoundTimes {
  const found = optionalTimes(sources)
  if (found === undefined) {
    const rule = `${sources.map(({ at }) => at).join(', ')}: one of them is required`
    throw iheError('HL7_FIELD_MISSING', { at: sources[0]?.at ?? '', rule })
  }
  return found
}

/** As `requiredTimes`, but undefined when no source is filled. @throws {IheError} HL7_TIME. */
export function optionalTimes(sources: readonly TimeSource[]): FoundTimes | undefined {
  const source = sources.find(({ texts }) => texts.length > 0)
  if (source === undefined) return undefined
  const times = source.texts.map((found) => {
    const time = readWrittenTime(found)
    if (time === undefined) throw iheError('HL7_TIME', { at: source.at, value: found, rule: 'HL7 v2.5 DTM' })
    return time
  })
  return { at: source.at, times }
}

/** The earliest day in JST. */
export function earliestDay(times: readonly Hl7Time[]): string {
  return times.map((time) => time.jstDate).sort()[0] ?? ''
}

/** Whether every ORC-1 cancels; false without ORC. What is a child (CH) follows its parent. */
export function isOrderCancelled(message: Er7Message, segments: readonly Segment[]): boolean {
  const controls = segments
    .filter(({ name }) => name === 'ORC')
    .map((orc) => text(message, orc, 1))
    .filter((control) => control !== 'CH')
  return controls.length > 0 && controls.every((control) => CANCELLING_CONTROLS.has(control))
}

/** Whether an ORC-1 says that the order is changed. */
export function isOrderChanged(message: Er7Message, segments: readonly Segment[]): boolean {
  return segments.some((segment) => segment.name === 'ORC' && CHANGING_CONTROLS.has(text(message, segment, 1)))
}

/** Segments parted into groups, each beginning with one of `names`; what comes before the first is left out. */
export function groupsFrom(segments: readonly Segment[], names: readonly string[]): readonly (readonly Segment[])[] {
  const groups: Segment[][] = []
  for (const segment of segments) {
    if (names.includes(segment.name)) groups.push([segment])
    else groups.at(-1)?.push(segment)
  }
  return groups
}
