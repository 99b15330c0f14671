// The least metadata that makes a document of a file registrable, with the codes of the affinity domain (ITI TF-3 4.2.3.2, 4.2.3.3).

import { createHash } from 'node:crypto'
import { affinityDomain, type CodeSet } from '../../profiles/affinity-domain/index.ts'
import { documentEntryObject, memberAssociation, submissionSetObject } from '../../profiles/metadata/write.ts'
import type { Code } from '../model/code.ts'
import type { DocumentEntry, SubmissionSet } from '../model/document-entry.ts'
import type { SubmitObjects } from '../model/ebrim.ts'
import { formatCx, newEntryUuid, newOid, type Oid, type PatientId } from '../model/identifiers.ts'
import { OBJECT_STABLE } from '../model/xds.ts'
import { UsageError } from './failure.ts'

/** Codes every DocumentEntry has. */
export type RequiredCode = Exclude<CodeSet, 'eventCodeList' | 'contentTypeCode' | 'codeList'>

export interface DocumentDescription {
  readonly mimeType: string
  readonly title: string
  readonly patientId: PatientId
  /** CX; absent: the same as `patientId`. */
  readonly sourcePatientId?: string
  readonly sourceId: Oid
  readonly repository: Oid
  readonly author: string
  readonly codes: Readonly<Record<RequiredCode, string>>
}

/**
 * The submission of one new document.
 * @throws {UsageError} for a code that the affinity domain does not have.
 */
export function describeDocument(
  bytes: Buffer,
  description: DocumentDescription,
  now: Date = new Date(),
): { readonly submission: SubmitObjects; readonly entry: DocumentEntry; readonly set: SubmissionSet } {
  const time = now.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')
  const entry = entryOf(bytes, description, time)
  const set = submissionSetOf(description, entry, time)
  return {
    entry,
    set,
    submission: {
      objects: [submissionSetObject(set), documentEntryObject(entry)],
      associations: [memberAssociation(set.entryUUID, entry.entryUUID)],
    },
  }
}

function entryOf(bytes: Buffer, description: DocumentDescription, creationTime: string): DocumentEntry {
  const { codes, patientId } = description
  return {
    entryUUID: newEntryUuid(),
    objectType: OBJECT_STABLE,
    mimeType: description.mimeType,
    uniqueId: newOid(),
    patientId,
    sourcePatientId: description.sourcePatientId ?? formatCx(patientId),
    sourcePatientInfo: [],
    title: description.title,
    author: [authorOf(description)],
    classCode: known('classCode', codes),
    typeCode: known('typeCode', codes),
    formatCode: known('formatCode', codes),
    practiceSettingCode: known('practiceSettingCode', codes),
    healthcareFacilityTypeCode: known('healthcareFacilityTypeCode', codes),
    confidentialityCode: [known('confidentialityCode', codes)],
    eventCodeList: [],
    languageCode: affinityDomain.languageCode[0] ?? 'ja-JP',
    creationTime,
    hash: createHash('sha1').update(bytes).digest('hex'),
    size: String(bytes.length),
    repositoryUniqueId: description.repository,
    referenceIdList: [],
    extraSlots: [],
  }
}

function submissionSetOf(
  description: DocumentDescription,
  entry: DocumentEntry,
  submissionTime: string,
): SubmissionSet {
  return {
    entryUUID: newEntryUuid(),
    uniqueId: newOid(),
    sourceId: description.sourceId,
    patientId: description.patientId,
    contentTypeCode: entry.classCode,
    submissionTime,
    title: description.title,
    author: entry.author,
    intendedRecipient: [],
    extraSlots: [],
  }
}

function authorOf({ author }: DocumentDescription): DocumentEntry['author'][number] {
  return {
    authorInstitution: [author],
    authorRole: [],
    authorSpecialty: [],
    authorTelecommunication: [],
  }
}

function known(set: RequiredCode, codes: DocumentDescription['codes']): Code {
  const found = affinityDomain[set].find(({ code }) => code === codes[set])
  if (found !== undefined) return found
  const all = affinityDomain[set].map(({ code }) => code).join(', ')
  throw new UsageError(`${codes[set]} is no ${set} of this affinity domain; there are ${all}`)
}
