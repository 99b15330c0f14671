// Submissions for tests: one SubmissionSet, any entries, the associations that belong to them (ITI TF-3 4.2.1).

import {
  documentEntryObject,
  folderObject,
  memberAssociation,
  submissionSetObject,
} from '../../profiles/metadata/write.ts'
import type { Caller, CallingSystem } from '../../src/model/caller.ts'
import type { DocumentEntry, Folder, SubmissionSet } from '../../src/model/document-entry.ts'
import type { Association, RegistryObject, SubmitObjects } from '../../src/model/ebrim.ts'
import { type Oid, parseOid } from '../../src/model/identifiers.ts'
import { HAS_MEMBER, OBJECT_STABLE } from '../../src/model/xds.ts'

export function oid(text: string): Oid {
  const parsed = parseOid(text)
  if (parsed === undefined) throw new Error(`not an OID: ${text}`)
  return parsed
}

export const COMMUNITY = oid('2.25.900.1')
export const REPOSITORY = '2.25.900.2'
const CONFIDENTIALITY = '2.16.840.1.113883.5.25'

export function entry(change: Partial<DocumentEntry> = {}): DocumentEntry {
  const code = (value: string) => ({ code: value, scheme: '2.25.900.3', display: `display of ${value}` })
  return {
    entryUUID: 'Document01',
    objectType: OBJECT_STABLE,
    mimeType: 'text/plain',
    uniqueId: '2.25.900.4.1',
    patientId: { value: 'P1', authority: COMMUNITY },
    sourcePatientId: 'L1^^^&2.25.900.5&ISO',
    sourcePatientInfo: ['PID-3|L1^^^&2.25.900.5&ISO'],
    author: [],
    classCode: code('LAB'),
    typeCode: code('type'),
    formatCode: code('format'),
    practiceSettingCode: code('practice'),
    healthcareFacilityTypeCode: code('facility'),
    confidentialityCode: [{ code: 'N', scheme: CONFIDENTIALITY, display: 'normal' }],
    eventCodeList: [],
    languageCode: 'ja-JP',
    creationTime: '20260401120000',
    hash: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
    size: '0',
    repositoryUniqueId: REPOSITORY,
    referenceIdList: [],
    extraSlots: [],
    ...change,
  }
}

export function submissionSet(change: Partial<SubmissionSet> = {}): SubmissionSet {
  return {
    entryUUID: 'SubmissionSet01',
    uniqueId: '2.25.900.6.1',
    sourceId: '2.25.900.7',
    patientId: { value: 'P1', authority: COMMUNITY },
    contentTypeCode: { code: 'content', scheme: '2.25.900.3', display: 'content' },
    submissionTime: '20260401120000',
    author: [],
    intendedRecipient: [],
    extraSlots: [],
    ...change,
  }
}

export function folder(change: Partial<Folder> = {}): Folder {
  return {
    entryUUID: 'Folder01',
    uniqueId: '2.25.900.9.1',
    patientId: { value: 'P1', authority: COMMUNITY },
    codeList: [{ code: 'pathway', scheme: '2.25.900.3', display: 'pathway' }],
    title: 'パス',
    extraSlots: [],
    ...change,
  }
}

/** Folder-DocumentEntry HasMember with the SS-HM that belongs to it (ITI TF-3 4.2.2.1.3, 4.2.2.1.4). */
export function inFolder(folderId: string, entryId: string): readonly Association[] {
  const membership = association(HAS_MEMBER, folderId, entryId)
  return [membership, association(HAS_MEMBER, 'SubmissionSet01', membership.id)]
}

export interface Parts {
  readonly set?: Partial<SubmissionSet>
  readonly entries?: readonly Partial<DocumentEntry>[]
  readonly folders?: readonly Partial<Folder>[]
  readonly associations?: readonly Association[]
  /** Changes the objects after they were built, for what the typed values cannot say. */
  readonly bend?: (object: RegistryObject) => RegistryObject
}

export function submission(parts: Parts = {}): SubmitObjects {
  const set = submissionSet(parts.set)
  const entries = (parts.entries ?? [{}]).map(entry)
  const folders = (parts.folders ?? []).map(folder)
  const objects = [submissionSetObject(set), ...entries.map(documentEntryObject), ...folders.map(folderObject)]
  return {
    objects: parts.bend === undefined ? objects : objects.map(parts.bend),
    associations: [
      ...[...entries, ...folders].map(({ entryUUID }) => memberAssociation(set.entryUUID, entryUUID)),
      ...(parts.associations ?? []),
    ],
  }
}

export function association(type: string, source: string, target: string, slots: Association['slots'] = []) {
  return { id: `Association-${source}-${target}`, type, source, target, slots, classifications: [] }
}

export function caller(change: Partial<CallingSystem> & { readonly messageId?: string } = {}): Caller {
  const { messageId, ...system } = change
  return {
    systemId: 'clinic-b',
    facilityId: 'clinic-b',
    facilityOid: oid('2.25.900.8'),
    facilityName: 'Clinic B',
    patientIdForm: 'exact',
    roles: new Set(['document-source']),
    accessMode: 'consent',
    repositories: [],
    unionFacilities: ['clinic-b', 'hospital-a'],
    confidentialityCeiling: 'N',
    ...system,
    exchange: {
      id: '00000000-0000-4000-8000-000000000001',
      door: 'https',
      endpoint: '/xds/registry',
      peer: '192.0.2.1:4711',
      receivedAt: new Date(0),
      requestBytes: 0,
      startedMs: 0,
      transaction: 'ITI-42',
      ...(messageId === undefined ? {} : { messageId }),
    },
  }
}
