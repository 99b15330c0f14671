// What is tolerated of every sender and refused of one with whom more was agreed (profiles/partners).

import { iheError } from '../../profiles/errors/index.ts'
import { checkStructure, structureOf } from '../../profiles/hl7v2/structures.ts'
import type { Reading } from '../../profiles/partners/index.ts'
import { type Er7Message, type Tolerance, value } from '../model/hl7v2.ts'

const CHARSET = new Set([
  'HL7_BYTE_ORDER_MARK',
  'HL7_CHARSET_LABEL',
  'HL7_CHARSET_SEQUENCE',
  'HL7_CHARACTER_LOST',
  'HL7_ESCAPE',
])

/**
 * Holds a message to the agreement with its sender.
 * @throws {IheError} HL7_CHARSET_STRICT, HL7_TERMINATOR_STRICT or HL7_STRUCTURE.
 */
export function holdTo(reading: Reading, message: Er7Message): void {
  if (reading.charset === 'strict') refuse('HL7_CHARSET_STRICT', message.tolerances, (code) => CHARSET.has(code))
  if (reading.terminators === 'strict')
    refuse('HL7_TERMINATOR_STRICT', message.tolerances, (code) => code === 'HL7_TERMINATOR')
  if (reading.structure === 'strict')
    refuse('HL7_STRUCTURE', structureTolerances(message), (code) => code === 'HL7_SEGMENT_ORDER')
}

function refuse(code: string, tolerances: readonly Tolerance[], matches: (code: string) => boolean): void {
  const found = tolerances.find((tolerance) => matches(tolerance.code))
  if (found === undefined) return
  throw iheError(code, {
    at: found.at,
    ...(found.value === undefined ? {} : { value: found.value }),
    rule: 'strict reading agreed with this sender',
  })
}

/** Nothing where the event is not supported: that is told by those who know the events. */
function structureTolerances(message: Er7Message): readonly Tolerance[] {
  const structure = structureOf(value(message, 'MSH', 9), value(message, 'MSH', 9, 2))
  return structure === undefined ? [] : checkStructure(message, structure).tolerances
}
