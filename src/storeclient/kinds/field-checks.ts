// What orders and results must hold: refused without what there is to show, warned about otherwise (HL7 v2.5 chapters 4, 7; SS-MIX2).

import { iheError } from '../../../profiles/errors/index.ts'
import { fieldTables, singleFields } from '../../../profiles/storeclient/code-systems.ts'
import type { KindName } from '../../../profiles/storeclient/index.ts'
import { requiredFields } from '../../../profiles/storeclient/required-fields.ts'
import type { IheError } from '../../model/error.ts'
import { type Er7Message, isNull, repetitions, type Segment } from '../../model/hl7v2.ts'
import { text } from './fields.ts'
import { isMisdeclared } from './observations.ts'

/** A sender who does something wrong does it everywhere: the first places are enough to find it. */
const MAX_OF_A_KIND = 5

export interface CheckedDocument {
  readonly kind: KindName
  readonly groups: readonly (readonly Segment[])[]
}

/**
 * What the sender should do better in the groups of one document.
 * @throws {IheError} HL7_FIELD_MISSING when an item, drug or diet is not named.
 */
export function checkFields(message: Er7Message, { kind, groups }: CheckedDocument): readonly IheError[] {
  const segments = [...new Set(groups.flat())]
  const rules = requiredFields.get(kind)
  for (const at of rules?.indispensable ?? []) {
    const empty = without(message, segments, { at, isNullEmpty: true })
    if (empty !== undefined)
      throw iheError('HL7_FIELD_MISSING', { at: placeOf(message, empty, at), rule: `${at} is required` })
  }
  return [
    ...(rules?.expected ?? []).flatMap((at) => {
      const empty = without(message, segments, { at, isNullEmpty: false })
      return empty === undefined
        ? []
        : [iheError('HL7_FIELD_EXPECTED', { at: placeOf(message, empty, at), rule: `${kind}: ${at} (SS-MIX2)` })]
    }),
    ...(rules?.segments ?? []).flatMap((name) => absent(message, groups, name)),
    ...tableWarnings(message, segments),
    ...typeWarnings(message, segments),
  ]
}

/** `OBX[3]-5`: the third OBX of the message. */
export function placeOf(message: Er7Message, segment: Segment, at: string): string {
  const [name = '', field = ''] = at.split('-')
  return `${name}[${occurrences(message).get(segment) ?? 1}]-${field}`
}

const counted = new WeakMap<Er7Message, ReadonlyMap<Segment, number>>()

/** Counted once a message: a message of many orders may be wrong in all of them. */
function occurrences(message: Er7Message): ReadonlyMap<Segment, number> {
  const known = counted.get(message)
  if (known !== undefined) return known
  const seen = new Map<string, number>()
  const found = new Map<Segment, number>()
  for (const segment of message.segments) {
    const count = (seen.get(segment.name) ?? 0) + 1
    seen.set(segment.name, count)
    found.set(segment, count)
  }
  counted.set(message, found)
  return found
}

/** Values behind the first of a field that does not repeat: nobody sees them, where they are no part of an amount. */
export function repetitionWarnings(message: Er7Message): readonly IheError[] {
  const told = new Map<string, IheError>()
  for (const segment of message.segments)
    for (const field of singleFields.get(segment.name) ?? []) {
      const at = `${segment.name}-${field}`
      if (told.has(at) || repetitions(message, segment, field).filter((raw) => raw !== '').length < 2) continue
      told.set(at, iheError('HL7_REPETITION', { at: placeOf(message, segment, at), rule: `${at} does not repeat` }))
      if (told.size === MAX_OF_A_KIND) return [...told.values()]
    }
  return [...told.values()]
}

interface Wanted {
  readonly at: string
  readonly isNullEmpty: boolean
}

/** The first segment of the name whose field is empty. */
function without(message: Er7Message, segments: readonly Segment[], { at, isNullEmpty }: Wanted): Segment | undefined {
  const [name, field] = at.split('-')
  return segments.find((segment) => {
    if (segment.name !== name) return false
    const raw = repetitions(message, segment, Number(field))[0] ?? ''
    return isBare(message, raw) || (isNullEmpty && isNull(raw))
  })
}

/** Empty but for delimiters and spaces. */
function isBare({ delimiters }: Er7Message, raw: string): boolean {
  const idle = [delimiters.component, delimiters.subcomponent, ' ']
  return [...raw].every((character) => idle.includes(character))
}

function absent(message: Er7Message, groups: CheckedDocument['groups'], name: string): readonly IheError[] {
  const lacking = groups.find((group) => group.every((segment) => segment.name !== name))
  if (lacking === undefined) return []
  const order = {
    value: text(
      message,
      lacking.find((segment) => segment.name === 'ORC'),
      2,
    ),
  }
  return [
    name === 'TQ1'
      ? iheError('HL7_TIMING_MISSING', { at: 'TQ1', ...order, rule: 'start = ORC-9' })
      : iheError('HL7_SEGMENT_EXPECTED', { at: name, ...order, rule: `${name} in each order (SS-MIX2)` }),
  ]
}

function tableWarnings(message: Er7Message, segments: readonly Segment[]): readonly IheError[] {
  return fieldTables.flatMap(({ field: at, table, values }) => {
    const [name, field] = at.split('-')
    const odd = segments.find((segment) => segment.name === name && !values.has(text(message, segment, Number(field))))
    if (odd === undefined) return []
    return [
      iheError('HL7_CODE', { at: placeOf(message, odd, at), value: text(message, odd, Number(field)), rule: table }),
    ]
  })
}

/** A number that is none is read as text: a result is never dropped for its type. */
function typeWarnings(message: Er7Message, segments: readonly Segment[]): readonly IheError[] {
  return segments
    .filter((segment) => segment.name === 'OBX' && isMisdeclared(message, segment))
    .slice(0, MAX_OF_A_KIND)
    .map((obx) =>
      iheError('HL7_VALUE_TYPE', {
        at: placeOf(message, obx, 'OBX-5'),
        value: text(message, obx, 5),
        rule: 'OBX-2 NM: a number; ST for text',
      }),
    )
}
