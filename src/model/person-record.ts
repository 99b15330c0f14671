// One record of the master patient index as it travels between networks and from facilities' files: one line of an import or export.

import type { PatientId } from './identifiers.ts'
import type { Demographics } from './person.ts'

export interface PersonRecord {
  readonly id: PatientId
  /** Absent for a number that came along with another one, or was entered by staff. */
  readonly demographics?: Demographics
  /** Value in the affinity domain of the person whose the record is; absent: the matcher finds out. */
  readonly person?: string
}

/** Why a record of an import is not taken. */
export type RecordFault =
  | 'too-long'
  | 'not-utf-8'
  | 'not-json'
  | 'wrong-member'
  | 'bad-date'
  | 'no-domain'
  | 'other-domain'
  | 'unknown-domain'
  | 'no-demographics'
  | 'foreign-person'
  | 'differs'
  | 'elsewhere'
  | 'obsolete'
  | 'obsolete-person'
  | 'second-number'

export interface RefusedRecord {
  /** Counted from 1. */
  readonly line: number
  readonly fault: RecordFault
  /** Member of the line that is wrong, without its value: what describes a patient does not leave by a report. */
  readonly at?: string
}
