// Writes ITI-9 PIX Query, QBP^Q23, for our own command line (ITI TF-2 3.9.4.1.2).

import { iti9 } from '../../../profiles/transactions/iti-9.ts'
import type { Oid, PatientId } from '../../model/identifiers.ts'
import { components, writeEr7 } from './write.ts'
import { type QueryEnvelope, writeHeader } from './write-header.ts'

export interface PixQueryFields extends QueryEnvelope {
  readonly patientId: PatientId
  /** None asks for all domains. */
  readonly domains: readonly Oid[]
}

export function writePixQuery(query: PixQueryFields): Buffer {
  const { tag, patientId, domains } = query
  return writeEr7([
    writeHeader(query, ['QBP', iti9.trigger, 'QBP_Q21']),
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
