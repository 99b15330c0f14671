// Reads ITI-9 PIX Query, QBP^Q23 (ITI TF-2 3.9.4.1.2).

import { iheError } from '../../../profiles/errors/index.ts'
import { iti9, QUERY_VERSIONS } from '../../../profiles/transactions/iti-9.ts'
import { component, type Er7Message, isNull, repetitions, segmentsOf, value } from '../../model/hl7v2.ts'
import type { NamedAuthority, PixQuery } from '../../model/pix.ts'
import { readStructure, readTrigger, textOf } from './message.ts'
import { checkQuery } from './query.ts'
import { readEr7 } from './read.ts'

/**
 * The query in a message. MSH is checked first, then the structure, then the fields.
 * @throws {IheError} HL7_… or V3_… of the first thing that is wrong; which domains there are is the actor's business.
 */
export function readPixQuery(bytes: Uint8Array): PixQuery {
  const message = readEr7(bytes)
  readTrigger(message, { transaction: iti9.id, type: 'QBP', triggers: [iti9.trigger], versions: QUERY_VERSIONS })
  const warnings = [...readStructure(message), ...checkQuery(message)]
  return {
    patient: readPatient(message),
    domains: readDomains(message, 4),
    warnings,
    asked: { id: value(message, 'MSH', 10), text: textOf(message) },
  }
}

function readPatient(message: Er7Message): PixQuery['patient'] {
  const [raw, second] = repetitions(message, segmentsOf(message, 'QPD')[0], 3)
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: 'QPD-3[2]', rule: 'one patient id a query' })
  const id = component(message, raw)
  if (id === '' || isNull(id)) throw iheError('HL7_FIELD_MISSING', { at: 'QPD-3.1', rule: 'QPD-3.1 is required' })
  return { value: id, ...authorityOf(message, raw), at: 'QPD-3.1', domainAt: 'QPD-3.4' }
}

/** The domains wanted in the answer; a repetition with nothing in it asks for nothing. */
export function readDomains(message: Er7Message, field: number): PixQuery['domains'] {
  return repetitions(message, segmentsOf(message, 'QPD')[0], field).flatMap((raw, index) =>
    raw === '' || isNull(raw) ? [] : { ...authorityOf(message, raw), at: `QPD-${field}[${index + 1}]` },
  )
}

function authorityOf(message: Er7Message, raw: string | undefined): NamedAuthority {
  const part = (subcomponent: number) => component(message, raw, 4, subcomponent)
  return { namespace: part(1), universalId: part(2) }
}
