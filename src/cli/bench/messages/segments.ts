// Fields of invented messages by their HL7 numbers, and the values that many kinds share (HL7 v2.5 chapter 2; JAHIS, SS-MIX2).

import { components, type FieldValue, type RepetitionValue, type SegmentValue } from '../../../codec/hl7v2/write.ts'

/** A coded value: identifier, text and coding system, and those of a second system. */
export interface Coded {
  readonly code: string
  readonly text: string
  readonly system: string
  readonly alternate?: Omit<Coded, 'alternate'>
}

/** A segment with its fields by number; those between are empty. */
export function segment(name: string, fields: Readonly<Record<number, FieldValue>>): SegmentValue {
  const last = Math.max(...Object.keys(fields).map(Number))
  return [name, ...Array.from({ length: last }, (_field, index) => fields[index + 1] ?? '')]
}

/** CWE. */
export function coded({ code, text, system, alternate }: Coded): RepetitionValue {
  if (alternate === undefined) return components(code, text, system)
  return components(code, text, system, alternate.code, alternate.text, alternate.system)
}

/** CWE of a table that is known by name only. */
export function code(identifier: string, text: string, system: string): RepetitionValue {
  return components(identifier, text, system)
}

/** CQ: a quantity and its unit. */
export function quantity(amount: string, unit: Coded): RepetitionValue {
  return components(amount, [unit.code, unit.text, unit.system])
}

/** HL7 null: the value is deleted, or does not apply. */
export const NULL: FieldValue = { raw: '""' }
