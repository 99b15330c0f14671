// Reads the answer to a PIX Query, RSP^K23, for our own command line; errors of some peers come as ACK (ITI TF-2 3.9.4.2).

import { component, type Er7Message, repetitions, type Segment, segmentsOf, value } from '../../model/hl7v2.ts'
import { parseOid } from '../../model/identifiers.ts'
import type { CorrespondingId, PixAnswer } from '../../model/pix.ts'
import { type ReadAck, readAck } from './ack.ts'
import { readEr7 } from './read.ts'

export type PixV2Answer =
  | Exclude<PixAnswer, { readonly kind: 'unknown' }>
  | { readonly kind: 'refused'; readonly ack: ReadAck }

/** The answer as a value. @throws {IheError} as `readEr7`. */
export function readPixResponse(bytes: Uint8Array): PixV2Answer {
  const ack = readAck(bytes)
  if (ack.code !== 'AA') return { kind: 'refused', ack }
  const message = readEr7(bytes)
  if (value(message, 'QAK', 2) !== 'OK') return { kind: 'nothing' }
  const ids = segmentsOf(message, 'PID').flatMap((pid) => readIdentifiers(message, pid))
  return ids.length === 0 ? { kind: 'nothing' } : { kind: 'found', ids }
}

/** PID-3. Ids without an OID are left out, because nobody else knows whose namespace it is. */
export function readIdentifiers(message: Er7Message, pid: Segment): readonly CorrespondingId[] {
  return repetitions(message, pid, 3).flatMap((raw) => {
    const authority = parseOid(component(message, raw, 4, 2))
    const id = component(message, raw)
    if (authority === undefined || id === '') return []
    return { id: { value: id, authority }, authorityName: component(message, raw, 4, 1) }
  })
}
