// What holds for every HL7 v2 message we take: MSH, message structure, and the message as text (HL7 v2.5 2.15.9; ITI TF-2 Appendix C).

import { iheError } from '../../../profiles/errors/index.ts'
import { checkStructure, structureOf } from '../../../profiles/hl7v2/structures.ts'
import { ITI8_PROCESSING_IDS } from '../../../profiles/transactions/iti-8.ts'
import type { IheError } from '../../model/error.ts'
import { type Er7Message, isNull, value } from '../../model/hl7v2.ts'

export interface HeaderRules {
  /** As the refusal names it. */
  readonly transaction: string
  readonly type: string
  readonly triggers: readonly string[]
  readonly versions: ReadonlySet<string>
}

/**
 * The trigger event, MSH being as the transaction has it.
 * @throws {IheError} HL7_MESSAGE_TYPE, HL7_TRIGGER, HL7_PROCESSING_ID, HL7_VERSION or HL7_MSH_FIELD_MISSING.
 */
export function readTrigger(message: Er7Message, rules: HeaderRules): string {
  const { transaction, versions } = rules
  const type = required(message, 9)
  if (type !== rules.type) {
    throw iheError('HL7_MESSAGE_TYPE', { at: 'MSH-9.1', value: type, rule: `${transaction}: ${rules.type}` })
  }
  const trigger = value(message, 'MSH', 9, 2)
  if (!rules.triggers.includes(trigger)) {
    const rule = `${transaction}: ${rules.triggers.join(', ')}`
    throw iheError('HL7_TRIGGER', { at: 'MSH-9.2', value: trigger, rule })
  }
  required(message, 10)
  const processingId = required(message, 11)
  if (!ITI8_PROCESSING_IDS.has(processingId)) {
    throw iheError('HL7_PROCESSING_ID', { at: 'MSH-11', value: processingId, rule: 'P, T or D' })
  }
  const version = required(message, 12)
  if (!versions.has(version)) {
    throw iheError('HL7_VERSION', { at: 'MSH-12', value: version, rule: [...versions].join(', ') })
  }
  return trigger
}

function required(message: Er7Message, field: number): string {
  const text = value(message, 'MSH', field)
  if (text === '' || isNull(text)) {
    throw iheError('HL7_MSH_FIELD_MISSING', { at: `MSH-${field}`, rule: `MSH-${field} is required` })
  }
  return text
}

/**
 * What was tolerated in a message of an accepted event, in its bytes and in its structure.
 * @throws {IheError} HL7_STRUCTURE or HL7_MULTIPLE_PATIENTS.
 */
export function readStructure(message: Er7Message): readonly IheError[] {
  const [type, trigger] = [value(message, 'MSH', 9), value(message, 'MSH', 9, 2)]
  const expected = structureOf(type, trigger)
  if (expected === undefined) throw new Error(`accepted event ${type}^${trigger} has no message structure`)
  const { missing, tolerances } = checkStructure(message, expected)
  if (missing !== undefined) throw missing
  return [...message.tolerances, ...tolerances].map(({ code, ...details }) => iheError(code, details))
}

/** The decoded message, its segments parted by CR. */
export function textOf(message: Er7Message): string {
  return message.segments.map((segment) => lineOf(message, segment)).join('\r')
}

/** A segment as it stands in the text. */
export function lineOf({ delimiters }: Er7Message, { name, fields }: Er7Message['segments'][number]): string {
  return [name, ...(name === 'MSH' ? fields.slice(1) : fields)].join(delimiters.field)
}
