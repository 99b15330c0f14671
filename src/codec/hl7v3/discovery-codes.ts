// Codes of patient discovery: what is missing, why there is no answer, who keeps the record (ITI TF-2 3.55.4.2.2).

import type { WantedDatum } from '../../model/discovery.ts'

export const XCPD_NS = 'urn:ihe:iti:xcpd:2009'
/** The detected issue under which reasons stand, and its code system (ActCode). */
export const ISSUE = '_ActAdministrativeDetectedIssueManagementCode'
export const ISSUE_SYSTEM = '2.16.840.1.113883.5.4'
export const WANTED_SYSTEM = '1.3.6.1.4.1.19376.1.2.27.1'
export const CUSTODIAN_SYSTEM = '1.3.6.1.4.1.19376.1.2.27.2'
export const INABILITY_SYSTEM = '1.3.6.1.4.1.19376.1.2.27.3'

export const WANTED_CODES: Readonly<Record<WantedDatum, string>> = {
  sex: 'LivingSubjectAdministrativeGenderRequested',
  address: 'PatientAddressRequested',
  telecom: 'PatientTelecomRequested',
  'birth place': 'LivingSubjectBirthPlaceNameRequested',
  'birth place address': 'LivingSubjectBirthPlaceAddressRequested',
  mother: 'MothersMaidenNameRequested',
}

/** Codes as peers send them: one of them writes `PatientAdressRequested`. */
export const WANTED_DATA: ReadonlyMap<string, WantedDatum> = new Map<string, WantedDatum>([
  ...(Object.entries(WANTED_CODES) as [WantedDatum, string][]).map(([datum, code]) => [code, datum] as const),
  ['PatientAdressRequested', 'address'],
])

/** The rows of a busy server say so; every other error that is not the asker's is ours. */
export const BUSY_CODES: ReadonlySet<string> = new Set(['BUSY', 'TOO_MANY_REQUESTS'])
