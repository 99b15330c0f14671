// The sending facility: MSH-4 against the certificate, and the national OIDs below its code (保険医療機関コード 10桁).

import { iheError } from '../../profiles/errors/index.ts'
import type { CallingSystem } from '../model/caller.ts'
import { type Oid, parseOid } from '../model/identifiers.ts'

const PATIENT_ROOT = '1.2.392.100495.20.3.51'
const DOCTOR_ROOT = '1.2.392.100495.20.3.41'
const DENTIST_ROOT = '1.2.392.100495.20.3.42'
const PHARMACIST_ROOT = '1.2.392.100495.20.3.43'
const SHORT_CODE = /^\d{7}$/

/** Third digit of the code, 点数表番号: what kind of insured institution it is. */
function feeTable(code: string): string {
  return code.startsWith('9') ? '' : code.charAt(2)
}

/** The 1 before the code keeps codes with a leading zero legal as an OID arc. */
function below(root: string, code: string): Oid | undefined {
  return parseOid(`${root}.1${code}`)
}

/** Assigning authority of the facility's own patient numbers, as the ids of its documents name it. */
export function patientAuthority(system: CallingSystem): Oid {
  const national = system.facilityCode === undefined ? undefined : below(PATIENT_ROOT, system.facilityCode)
  return national ?? system.assigningAuthority ?? system.facilityOid
}

/** Whether an authority written in PID-3.4.2 is one of the facility's own. */
export function ownsAuthority(system: CallingSystem, authority: string): boolean {
  return [patientAuthority(system), system.assigningAuthority, system.facilityOid].some((own) => own === authority)
}

/** OID below which the facility numbers its staff; undefined without a facility code. */
export function staffAuthority(system: CallingSystem): Oid | undefined {
  const code = system.facilityCode
  if (code === undefined) return undefined
  const root = { '3': DENTIST_ROOT, '4': PHARMACIST_ROOT }[feeTable(code)] ?? DOCTOR_ROOT
  return below(root, code)
}

/** Code of healthcareFacilityTypeCode that the facility code implies; hospital and clinic share the digit 1. */
export function facilityTypeOf(system: CallingSystem): string {
  const types: Readonly<Record<string, string>> = {
    '1': 'MEDICAL',
    '3': 'DENTAL',
    '4': 'PHARMACY',
    '6': 'VISITING-NURSE',
  }
  return types[feeTable(system.facilityCode ?? '')] ?? 'OTHER'
}

/**
 * MSH-4.1 is the facility's 10-digit code or its last seven digits, or MSH-4.2 its OID.
 * @throws {IheError} HL7_FACILITY otherwise.
 */
export function requireOwnFacility(system: CallingSystem, code: string, oid: string): void {
  const own = system.facilityCode
  if (oid !== '' && oid === system.facilityOid) return
  if (own !== undefined && (code === own || (SHORT_CODE.test(code) && own.endsWith(code)))) return
  throw iheError('HL7_FACILITY', { at: 'MSH-4', value: code, rule: 'MSH-4 = facility of the client certificate' })
}
