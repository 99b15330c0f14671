// What all queries by parameter share: name and tag of the query, its priority, and the echo in the answer (HL7 v2.5 5.5.4, 5.5.6).

import { iheError } from '../../../profiles/errors/index.ts'
import type { IheError } from '../../model/error.ts'
import { type Er7Message, isNull, segmentsOf, value } from '../../model/hl7v2.ts'
import { echo } from './ack.ts'
import { readEr7 } from './read.ts'
import type { FieldValue, SegmentValue } from './write.ts'

/** Length of a query tag in HL7 v2.5; longer ones are given back whole. */
const TAG_LENGTH = 32
const MAX_TAG_LENGTH = 255
/** Answered at once; empty means the same. */
const IMMEDIATE = 'I'

/**
 * Warnings about QPD-1, QPD-2 and RCP-1.
 * @throws {IheError} HL7_FIELD_MISSING without name or tag, V3_DATA_TYPE for a tag out of all bounds, V3_VALUE for an answer that
 *   is wanted later.
 */
export function checkQuery(message: Er7Message): readonly IheError[] {
  for (const field of [1, 2]) {
    const text = value(message, 'QPD', field)
    if (text === '' || isNull(text)) {
      throw iheError('HL7_FIELD_MISSING', { at: `QPD-${field}`, rule: `QPD-${field} is required` })
    }
  }
  const priority = value(message, 'RCP', 1)
  if (priority !== '' && priority !== IMMEDIATE) {
    throw iheError('V3_VALUE', { at: 'RCP-1', value: priority, rule: `RCP-1: ${IMMEDIATE}` })
  }
  const tag = value(message, 'QPD', 2)
  if (tag.length > MAX_TAG_LENGTH) {
    throw iheError('V3_DATA_TYPE', { at: 'QPD-2', value: tag, rule: `at most ${TAG_LENGTH} characters` })
  }
  if (tag.length <= TAG_LENGTH) return []
  return [iheError('V3_TOLERATED', { at: 'QPD-2', value: tag, rule: `at most ${TAG_LENGTH} characters` })]
}

export interface QueryEcho {
  /** QAK-1. */
  readonly tag: FieldValue
  /** QPD as it came; absent when there was none to be read. */
  readonly parameters: SegmentValue | undefined
}

/** Best-effort reading, for answers to messages that are broken elsewhere. Never throws. */
export function echoOf(bytes: Uint8Array): QueryEcho {
  const message = readable(bytes)
  const qpd = message === undefined ? undefined : segmentsOf(message, 'QPD')[0]
  if (message === undefined || qpd === undefined) return { tag: '', parameters: undefined }
  const fields = qpd.fields.map((raw) => echo(message.delimiters, raw))
  return { tag: fields[1] ?? '', parameters: ['QPD', ...fields] }
}

function readable(bytes: Uint8Array): Er7Message | undefined {
  try {
    return readEr7(bytes)
  } catch {
    // The refusal says why it cannot be read.
    return undefined
  }
}
