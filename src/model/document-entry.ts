// Typed XDS metadata: DocumentEntry, SubmissionSet and Folder (ITI TF-3 Tables 4.2.3.2-1, 4.2.3.3-1 and 4.2.3.4-1), spelled as IHE
// spells them.

import type { Code } from './code.ts'
import type { Association, RegistryObject, Slot } from './ebrim.ts'
import type { PatientId } from './identifiers.ts'

export interface Author {
  readonly authorPerson?: string
  readonly authorInstitution: readonly string[]
  readonly authorRole: readonly string[]
  readonly authorSpecialty: readonly string[]
  readonly authorTelecommunication: readonly string[]
}

export interface DocumentEntry {
  readonly entryUUID: string
  readonly objectType: string
  readonly mimeType: string
  readonly homeCommunityId?: string
  readonly uniqueId: string
  readonly patientId: PatientId
  readonly sourcePatientId: string
  readonly sourcePatientInfo: readonly string[]
  readonly title?: string
  readonly comments?: string
  readonly author: readonly Author[]
  readonly classCode: Code
  readonly typeCode: Code
  readonly formatCode: Code
  readonly practiceSettingCode: Code
  readonly healthcareFacilityTypeCode: Code
  readonly confidentialityCode: readonly Code[]
  readonly eventCodeList: readonly Code[]
  readonly languageCode: string
  readonly legalAuthenticator?: string
  readonly creationTime?: string
  readonly serviceStartTime?: string
  readonly serviceStopTime?: string
  /** SHA-1, hex, case as submitted. */
  readonly hash?: string
  /** Decimal byte count as submitted. */
  readonly size?: string
  readonly repositoryUniqueId?: string
  readonly referenceIdList: readonly string[]
  readonly URI?: string
  readonly documentAvailability?: string
  /** Slots that are not XDS attributes; kept and returned (ITI TF-3 4.2.3.1.6). */
  readonly extraSlots: readonly Slot[]
}

export interface SubmissionSet {
  readonly entryUUID: string
  readonly homeCommunityId?: string
  readonly uniqueId: string
  readonly sourceId: string
  readonly patientId: PatientId
  readonly contentTypeCode: Code
  readonly submissionTime: string
  readonly title?: string
  readonly comments?: string
  readonly author: readonly Author[]
  readonly intendedRecipient: readonly string[]
  readonly extraSlots: readonly Slot[]
}

export interface Folder {
  readonly entryUUID: string
  readonly homeCommunityId?: string
  readonly uniqueId: string
  readonly patientId: PatientId
  readonly codeList: readonly Code[]
  readonly title: string
  readonly comments?: string
  readonly extraSlots: readonly Slot[]
}

/** A DocumentEntry together with the object it was read from or will be rendered as. */
export interface Described<T> {
  readonly value: T
  readonly object: RegistryObject
}

export interface Submission {
  readonly submissionSet: Described<SubmissionSet>
  readonly entries: readonly Described<DocumentEntry>[]
  readonly folders: readonly Described<Folder>[]
  readonly associations: readonly Association[]
}
