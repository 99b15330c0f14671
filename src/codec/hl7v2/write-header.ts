// Writes MSH of the messages that we send on our own account, HL7 v2.5 in UTF-8 (HL7 v2.5 2.15.9; ITI TF-2 3.9, 3.10, 3.21).

import { hl7Time } from './ack.ts'
import { components, type SegmentValue } from './write.ts'

export interface HeaderFields {
  /** MSH-3 and MSH-4, MSH-5 and MSH-6. */
  readonly sender: readonly [application: string, facility: string]
  readonly receiver: readonly [application: string, facility: string]
  /** MSH-10, of at most 20 characters. */
  readonly controlId: string
  readonly now: Date
}

/** A query and what refers to it. */
export interface QueryEnvelope extends HeaderFields {
  /** QPD-2. */
  readonly tag: string
}

const BETWEEN_VERSION_AND_CHARSET = ['', '', '', '', ''] as const

/** @param type components of MSH-9. */
export function writeHeader({ sender, receiver, controlId, now }: HeaderFields, type: readonly string[]): SegmentValue {
  const head = [...sender, ...receiver, hl7Time(now), '', components(...type), controlId, 'P', '2.5'] as const
  return ['MSH', ...head, ...BETWEEN_VERSION_AND_CHARSET, 'UNICODE UTF-8']
}
