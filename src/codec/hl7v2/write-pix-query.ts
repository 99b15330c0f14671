// Writes ITI-9 PIX Query, QBP^Q23, for our own command line (ITI TF-2 3.9.4.1.2).

import { iti9 } from '../../../profiles/transactions/iti-9.ts'
import type { Oid, PatientId } from '../../model/identifiers.ts'
import { hl7Time } from './ack.ts'
import { components, writeEr7 } from './write.ts'

export interface PixQueryFields {
  /** MSH-3 and MSH-4, MSH-5 and MSH-6. */
  readonly sender: readonly [application: string, facility: string]
  readonly receiver: readonly [application: string, facility: string]
  readonly controlId: string
  readonly tag: string
  readonly now: Date
  readonly patientId: PatientId
  /** None asks for all domains. */
  readonly domains: readonly Oid[]
}

export function writePixQuery(query: PixQueryFields): Buffer {
  const { sender, receiver, controlId, tag, now, patientId, domains } = query
  const type = components('QBP', iti9.trigger, 'QBP_Q21')
  const gap = ['', '', '', '', ''] as const
  return writeEr7([
    ['MSH', ...sender, ...receiver, hl7Time(now), '', type, controlId, 'P', '2.5', ...gap, 'UNICODE UTF-8'],
    [
      'QPD',
      iti9.queryName,
      tag,
      components(patientId.value, '', '', ['', patientId.authority, 'ISO']),
      domains.map((oid) => components('', '', '', ['', oid, 'ISO'])),
    ],
    ['RCP', 'I'],
  ])
}
