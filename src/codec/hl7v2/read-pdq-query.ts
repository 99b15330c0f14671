// Reads ITI-21 Patient Demographics Query, QBP^Q22, its continuation by DSC, and its cancellation, QCN^J01 (ITI TF-2 3.21.4.1).

import { iheError } from '../../../profiles/errors/index.ts'
import { QUERY_VERSIONS } from '../../../profiles/transactions/iti-9.ts'
import { iti21, iti21Cancel } from '../../../profiles/transactions/iti-21.ts'
import type { IheError } from '../../model/error.ts'
import { type Er7Message, isNull, segmentsOf, value } from '../../model/hl7v2.ts'
import type { PdqCancellation, PdqContinuation } from '../../model/pdq.ts'
import type { PdqV2Query } from '../../model/pdq-v2.ts'
import { lineOf, readStructure, readTrigger, textOf } from './message.ts'
import { checkQuery } from './query.ts'
import { readEr7 } from './read.ts'
import { readDomains } from './read-pix-query.ts'
import { readSought } from './read-sought.ts'

export type PdqV2Request = { readonly warnings: readonly IheError[] } & (
  | { readonly kind: 'query'; readonly query: PdqV2Query }
  | { readonly kind: 'continuation'; readonly continuation: PdqContinuation }
)

/**
 * The query in a message, or the wish for its next page when DSC-1 has a pointer.
 * @throws {IheError} HL7_…, V3_… or PDQ_… of the first thing that is wrong.
 */
export function readPdqQuery(bytes: Uint8Array): PdqV2Request {
  const message = readEr7(bytes)
  readTrigger(message, { transaction: iti21.id, type: 'QBP', triggers: [iti21.trigger], versions: QUERY_VERSIONS })
  const checked = [...readStructure(message), ...checkQuery(message)]
  const quantity = readQuantity(message)
  const common = { key: keyOf(value(message, 'QPD', 2)), message: value(message, 'MSH', 10), text: textOf(message) }
  const start = readPointer(message)
  if (start !== undefined) {
    const continuation = {
      ...common,
      keyAt: 'DSC-1',
      withoutWantedIds: WITHOUT_WANTED_IDS,
      start,
      ...(quantity === undefined ? {} : { quantity }),
      ...readAgain(message),
    }
    return { kind: 'continuation', continuation, warnings: checked }
  }
  const { sought, warnings } = readSought(message)
  return {
    kind: 'query',
    query: {
      ...common,
      keyAt: 'QPD-3',
      ...sought,
      domains: readDomains(message, 8),
      withoutWantedIds: WITHOUT_WANTED_IDS,
      ...(quantity === undefined ? {} : { initialQuantity: quantity }),
    },
    warnings: [...checked, ...warnings],
  }
}

/** @throws {IheError} HL7_… of the first thing that is wrong. */
export function readPdqCancellation(bytes: Uint8Array): {
  readonly cancellation: PdqCancellation
  readonly warnings: readonly IheError[]
} {
  const message = readEr7(bytes)
  readTrigger(message, { transaction: iti21Cancel.id, type: 'QCN', triggers: ['J01'], versions: QUERY_VERSIONS })
  const warnings = readStructure(message)
  const tag = value(message, 'QID', 1)
  if (tag === '' || isNull(tag)) throw iheError('HL7_FIELD_MISSING', { at: 'QID-1', rule: 'QID-1 is required' })
  const text = textOf(message)
  return { cancellation: { key: keyOf(tag), keyAt: 'QID-1', message: value(message, 'MSH', 10), text }, warnings }
}

function keyOf(tag: string): string {
  return `${iti21.id} ${tag}`
}

/** PID-3 is required. */
const WITHOUT_WANTED_IDS = 'left out' as const
/** An NM may have a sign and leading zeros, which mean nothing (HL7 v2.5 2.A.47). */
const COUNT = /^\+?0*[1-9]\d{0,8}$/
/** Records; HL7 table 0126. */
const RECORDS = 'RD'

/** RCP-2, how many patients a page may have. @throws {IheError} V3_VALUE */
function readQuantity(message: Er7Message): number | undefined {
  const [quantity, unit] = [value(message, 'RCP', 2), value(message, 'RCP', 2, 2)]
  if (quantity === '' || isNull(quantity)) return undefined
  if (!COUNT.test(quantity)) throw iheError('V3_VALUE', { at: 'RCP-2.1', value: quantity, rule: 'a number from 1' })
  if (unit !== '' && unit !== RECORDS) throw iheError('V3_VALUE', { at: 'RCP-2.2', value: unit, rule: RECORDS })
  return Number(quantity)
}

/** The query that is continued (3.21.4.1.2.4): a tag is often the same for all queries of a system. Some say the tag alone. */
function readAgain(message: Er7Message): Pick<PdqContinuation, 'again'> {
  const [qpd] = segmentsOf(message, 'QPD')
  return qpd === undefined || value(message, 'QPD', 3) === '' ? {} : { again: lineOf(message, qpd) }
}

/** DSC-1 as our own answer gave it: the number of the first patient of the page. @throws {IheError} PDQ_UNKNOWN_QUERY */
function readPointer(message: Er7Message): number | undefined {
  const pointer = value(message, 'DSC', 1)
  if (pointer === '' || isNull(pointer)) return undefined
  if (!COUNT.test(pointer)) throw iheError('PDQ_UNKNOWN_QUERY', { at: 'DSC-1', value: pointer })
  return Number(pointer)
}
