// One document as people read it: what the registry says of it, whose it is, and its content as far as it can be read.

import type { Clinical } from './clinical.ts'
import type { PersonName } from './person.ts'

export interface Bilingual {
  readonly ja: string
  readonly en: string
}

export interface ViewedFile {
  readonly uniqueId: string
  readonly title: string
  readonly mimeType: string
  readonly sizeBytes: number
  /** SHA-1, hex. */
  readonly hash: string
}

export interface ViewedDocument {
  readonly uniqueId: string
  readonly title: string
  readonly kind: Bilingual & { readonly code: string }
  readonly state: 'current' | 'former' | 'cancelled'
  readonly facility: { readonly facilityId: string; readonly name: string }
  /** Names of persons and departments, as written. */
  readonly authors: readonly string[]
  /** First and last moment of the service, milliseconds since 1970 UTC. */
  readonly serviceStartMs?: number
  readonly serviceStopMs?: number
  readonly createdMs?: number
  readonly mimeType: string
  readonly sizeBytes?: number
  /** 1 for a document that replaced none. */
  readonly versions: number
  readonly formerUniqueId?: string
  /** Of a document that lies in another repository: its bytes are not here. */
  readonly repositoryUniqueId?: string
  readonly files: readonly ViewedFile[]
}

/** As the message itself names the patient, which is how the facility knows them. */
export interface ViewedPatient {
  readonly number: string
  readonly names: readonly PersonName[]
  /** Digits YYYY[MM[DD]]. */
  readonly birthTime: string
  readonly sex: string
}

export interface ClinicalView {
  readonly document: ViewedDocument
  readonly patient?: ViewedPatient
  /** Absent for what is no HL7 v2.5 message of a known kind. */
  readonly content?: Clinical
  /** What the document said whose place this one took. */
  readonly former?: Clinical
  /** The message as it came, one text a segment; long ones are cut. */
  readonly segments: readonly string[]
}
