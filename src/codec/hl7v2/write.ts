// Builds HL7 v2.5 ER7 messages: fields, repetitions, components and escaping (HL7 v2.5 2.6, 2.7).

import type { Delimiters, DetectedCharset } from '../../model/hl7v2.ts'
import { encode } from './charset.ts'
import { STANDARD_DELIMITERS } from './header.ts'

/** A leaf is plain text and is escaped on writing; `raw` is HL7 text written as it is (null `""`, copied fields). */
export type Leaf = string | { readonly raw: string }
/** Sub-components of one component. */
export type ComponentValue = Leaf | readonly Leaf[]
/** Components of one repetition. */
export type RepetitionValue = { readonly components: readonly ComponentValue[] }
export type FieldValue = Leaf | RepetitionValue | readonly RepetitionValue[]
/** Segment name, then field 1 and so on; for MSH, FHS and BHS, of which fields 1 and 2 are written here, field 3 and so on. */
export type SegmentValue = readonly [name: string, ...fields: readonly FieldValue[]]

/** Components of a field: `cx('123', '', '', ['', '1.2.3', 'ISO'], 'PI')`; an inner list is sub-components. */
export function components(...parts: readonly ComponentValue[]): RepetitionValue {
  return { components: parts }
}

/** The message as text, each segment ended by CR; empty fields at the end of a segment are left out. */
export function er7Text(segments: readonly SegmentValue[], delimiters: Delimiters = STANDARD_DELIMITERS): string {
  return segments.map((segment) => `${segmentText(segment, delimiters)}\r`).join('')
}

/**
 * The message as bytes.
 * @throws {RangeError} when a character cannot be written in `charset`; whoever sends chooses UTF-8 then.
 */
export function writeEr7(
  segments: readonly SegmentValue[],
  options: { readonly charset?: DetectedCharset; readonly delimiters?: Delimiters } = {},
): Buffer {
  const charset = options.charset ?? 'UTF-8'
  const bytes = encode(er7Text(segments, options.delimiters), charset)
  if (bytes === undefined) throw new RangeError(`the message has a character that ${charset} lacks`)
  return bytes
}

/** Text with delimiters, line ends and MLLP bytes escaped, so that it cannot end its field, segment or frame. */
export function escapeText(delimiters: Delimiters, text: string): string {
  if (isPlain(delimiters, text)) return text
  let out = ''
  for (const character of text) out += escapeCharacter(delimiters, character)
  return out
}

/** Most texts need no escape: told without building a new string. */
function isPlain(delimiters: Delimiters, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) < 0x20) return false
  const { field, component, repetition, subcomponent } = delimiters
  return ![field, component, repetition, delimiters.escape, subcomponent].some((one) => text.includes(one))
}

function escapeCharacter(delimiters: Delimiters, character: string): string {
  const quoted = (sequence: string) => `${delimiters.escape}${sequence}${delimiters.escape}`
  switch (character) {
    case delimiters.escape:
      return quoted('E')
    case delimiters.field:
      return quoted('F')
    case delimiters.component:
      return quoted('S')
    case delimiters.repetition:
      return quoted('R')
    case delimiters.subcomponent:
      return quoted('T')
    case '\n':
      return quoted('.br')
  }
  const point = character.charCodeAt(0)
  return point < 0x20 ? quoted(`X${point.toString(16).toUpperCase().padStart(2, '0')}`) : character
}

const NAMES_DELIMITERS: ReadonlySet<string> = new Set(['MSH', 'FHS', 'BHS'])

function segmentText([name, ...fields]: SegmentValue, delimiters: Delimiters): string {
  const texts = fields.map((field) => fieldText(field, delimiters))
  const { component, repetition, subcomponent } = delimiters
  const head = NAMES_DELIMITERS.has(name)
    ? [name, `${component}${repetition}${delimiters.escape}${subcomponent}`]
    : [name]
  return trimEnd([...head, ...texts]).join(delimiters.field)
}

function fieldText(value: FieldValue, delimiters: Delimiters): string {
  if (isLeaf(value)) return leafText(value, delimiters)
  const repetitions = 'components' in value ? [value] : value
  return repetitions.map((one) => repetitionText(one, delimiters)).join(delimiters.repetition)
}

function repetitionText(value: RepetitionValue, delimiters: Delimiters): string {
  const texts = value.components.map((part) => {
    const leaves: readonly Leaf[] = isLeaf(part) ? [part] : part
    return trimEnd(leaves.map((leaf) => leafText(leaf, delimiters))).join(delimiters.subcomponent)
  })
  return trimEnd(texts).join(delimiters.component)
}

function leafText(leaf: Leaf, delimiters: Delimiters): string {
  return typeof leaf === 'string' ? escapeText(delimiters, leaf) : leaf.raw
}

function isLeaf(value: FieldValue | ComponentValue): value is Leaf {
  return typeof value === 'string' || 'raw' in value
}

function trimEnd(texts: readonly string[]): readonly string[] {
  const last = texts.findLastIndex((text) => text !== '')
  return texts.slice(0, last + 1)
}
