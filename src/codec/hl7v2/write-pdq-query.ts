// Writes ITI-21 Patient Demographics Query and its cancellation, QBP^Q22 and QCN^J01, for our own command line (ITI TF-2 3.21.4.1.2).

import { iti21 } from '../../../profiles/transactions/iti-21.ts'
import type { Oid, PatientId } from '../../model/identifiers.ts'
import type { SoughtName } from '../../model/pdq.ts'
import { components, type RepetitionValue, writeEr7 } from './write.ts'
import { type QueryEnvelope, writeHeader } from './write-header.ts'

type Name = Omit<SoughtName, 'at'>

/** What of a query HL7 v2 can say: no range of birth dates, no least degree of match. */
export interface PdqV2Fields {
  readonly names: readonly Name[]
  readonly sex?: 'M' | 'F' | 'UN'
  /** Digits YYYY[MM[DD]]. */
  readonly birthDate?: string
  readonly postalCode?: string
  readonly address?: string
  readonly telecom?: string
  readonly mother?: Name
  readonly ids: readonly PatientId[]
  /** Domains wanted in the answer; empty asks for all. */
  readonly domains: readonly Oid[]
  readonly pageSize?: number
}

/** The query, or with the pointer of the last answer the query for the next page. */
export function writePdqQuery(envelope: QueryEnvelope, fields: PdqV2Fields, pointer?: string): Buffer {
  const domains = fields.domains.map((oid) => components('', '', '', ['', oid, 'ISO']))
  const quantity = fields.pageSize === undefined ? '' : components(String(fields.pageSize), 'RD')
  return writeEr7([
    writeHeader(envelope, ['QBP', iti21.trigger, 'QBP_Q21']),
    ['QPD', iti21.queryName, envelope.tag, parametersOf(fields), '', '', '', '', domains],
    ['RCP', 'I', quantity],
    ...(pointer === undefined ? [] : [['DSC', pointer, 'I'] as const]),
  ])
}

export function writePdqCancellation(envelope: QueryEnvelope): Buffer {
  return writeEr7([writeHeader(envelope, ['QCN', 'J01', 'QCN_J01']), ['QID', envelope.tag, iti21.queryName]])
}

function parametersOf(fields: PdqV2Fields): readonly RepetitionValue[] {
  const { names, sex, birthDate, postalCode, address, telecom, mother, ids } = fields
  return [
    ...names.flatMap((name) => nameOf('PID.5', name)),
    ...(mother === undefined ? [] : nameOf('PID.6', mother)),
    ...ids.flatMap(({ value, authority }) => [
      parameter('PID.3.1', value),
      parameter('PID.3.4.2', authority),
      parameter('PID.3.4.3', 'ISO'),
    ]),
    ...[
      ['PID.7', birthDate] as const,
      ['PID.8', sex === 'UN' ? 'O' : sex] as const,
      ['PID.11.1', address] as const,
      ['PID.11.5', postalCode] as const,
      ['PID.13.1', telecom] as const,
    ].flatMap(([field, value]) => (value === undefined ? [] : parameter(field, value))),
  ]
}

function nameOf(field: 'PID.5' | 'PID.6', { family, given, matching }: Name): readonly RepetitionValue[] {
  const open = matching === 'inexact' ? '*' : ''
  return [
    ...(family === undefined ? [] : [parameter(`${field}.1.1`, `${family}${open}`)]),
    ...(given === undefined ? [] : [parameter(`${field}.2`, `${given}${open}`)]),
  ]
}

function parameter(field: string, value: string): RepetitionValue {
  return components(`@${field}`, value)
}
