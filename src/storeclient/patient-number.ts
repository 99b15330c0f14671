// The patient number of the sending facility in PID-3 and its canonical form (HL7 v2.5 3.4.2.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { CallingSystem } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import { component, type Er7Message, isNull, repetitions, segmentsOf } from '../model/hl7v2.ts'
import { canonicalNumber, type LocalIdForm } from '../model/patient-number.ts'
import { ownsAuthority } from './facility.ts'

export interface PatientNumber {
  readonly received: string
  /** The form under which links are kept and compared. */
  readonly canonical: string
  readonly warnings: readonly IheError[]
}

interface Candidate {
  readonly id: string
  readonly authority: string
  readonly type: string
  readonly repetition: number
}

/**
 * The patient number: PID-3 of type PI and this facility's authority (or none), else the first without a type.
 * @throws {IheError} HL7_PATIENT_ID_MISSING; HL7_FACILITY when the only numbers belong to another authority.
 */
export function readPatientNumber(message: Er7Message, system: CallingSystem, form: LocalIdForm): PatientNumber {
  const candidates = repetitions(message, segmentsOf(message, 'PID')[0], 3)
    .map((raw, index) => ({
      id: component(message, raw),
      authority: component(message, raw, 4, 2),
      type: component(message, raw, 5),
      repetition: index + 1,
    }))
    .filter(({ id, type }) => id.trim() !== '' && !isNull(id) && (type === 'PI' || type === ''))
  if (candidates.length === 0) throw iheError('HL7_PATIENT_ID_MISSING', { at: 'PID-3' })
  const own = candidates.filter(({ authority }) => authority === '' || ownsAuthority(system, authority))
  const chosen = own.find(({ type }) => type === 'PI') ?? own[0]
  if (chosen === undefined) throw foreignAuthority(candidates[0])
  return canonicalise(chosen, form)
}

/** The number that the folder of an SS-MIX2 storage names; another one in PID-3 is warned about (its published samples have such). */
export function filedPatientNumber(message: Er7Message, folder: string, form: LocalIdForm): PatientNumber {
  const filed = canonicalise({ id: folder, authority: '', type: 'PI', repetition: 1 }, form)
  const written = repetitions(message, segmentsOf(message, 'PID')[0], 3).map((raw) => component(message, raw))
  if (
    written.some(
      (id) => canonicalise({ id, authority: '', type: '', repetition: 1 }, form).canonical === filed.canonical,
    )
  )
    return filed
  const rule = 'PID-3 = folder of the patient'
  return { ...filed, warnings: [...filed.warnings, iheError('HL7_IDENTITY_DIFFERS', { at: 'PID-3', rule })] }
}

function foreignAuthority(candidate: Candidate | undefined): IheError {
  const value = candidate?.authority ?? ''
  return iheError('HL7_FACILITY', { at: 'PID-3.4.2', value, rule: 'PID-3.4 = authority of the certificate’s facility' })
}

function canonicalise(chosen: Candidate, form: LocalIdForm): PatientNumber {
  const received = chosen.id
  const canonical = canonicalNumber(received, form)
  const at = chosen.repetition === 1 ? 'PID-3' : `PID-3[${chosen.repetition}]`
  const warnings = canonical === received ? [] : [iheError('HL7_PADDING', { at, rule: `patient number form ${form}` })]
  return { received, canonical, warnings }
}
