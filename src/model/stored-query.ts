// Stored queries after decoding (ITI TF-2 3.18.4.1.2.3.7): typed, with AND/OR resolved.

import type { PatientId } from './identifiers.ts'

/** All inner lists must match (AND); within one list any value matches (OR). Values are `code^^scheme`. */
export type CodeFilter = readonly (readonly string[])[]

export type ReturnType = 'LeafClass' | 'ObjectRef'

/** from ≤ x < to, 14 digits each, either side open. */
export interface TimeRange {
  readonly from?: string
  readonly to?: string
}

export interface FindDocuments {
  readonly kind: 'FindDocuments'
  readonly returnType: ReturnType
  readonly patientId: PatientId
  /** availabilityStatus URNs. */
  readonly status: readonly string[]
  readonly objectTypes: readonly string[]
  readonly codes: {
    readonly classCode: CodeFilter
    readonly typeCode: CodeFilter
    readonly practiceSettingCode: CodeFilter
    readonly healthcareFacilityTypeCode: CodeFilter
    readonly formatCode: CodeFilter
    readonly eventCodeList: CodeFilter
    readonly confidentialityCode: CodeFilter
  }
  readonly creationTime: TimeRange
  readonly serviceStartTime: TimeRange
  readonly serviceStopTime: TimeRange
  /** SQL LIKE patterns; any may match any author. */
  readonly authorPerson: readonly string[]
}

export interface GetDocuments {
  readonly kind: 'GetDocuments'
  readonly returnType: ReturnType
  readonly by: 'entryUUID' | 'uniqueId'
  readonly values: readonly string[]
}

export type StoredQuery = FindDocuments | GetDocuments

/** An object as the registry stored it: canonical XML after the element name, without status and home (design §3). */
export interface StoredObject {
  readonly element: 'ExtrinsicObject' | 'RegistryPackage' | 'Association'
  readonly id: string
  readonly status: string
  /** Of a Folder, 14 digits: it moves after registration, so it stands beside the fragment (ITI TF-3 4.2.3.4.6). */
  readonly lastUpdateTime?: string
  readonly ebrim: string
}
