// Messages of the scenario and fault tests: laboratory results (OUL^R22) and submissions (ITI-41, ITI-42) of invented patients.

import { createHash, randomUUID } from 'node:crypto'
import { affinityDomain, type CodeSet, codeOf } from '../../profiles/affinity-domain/index.ts'
import {
  documentEntryObject,
  memberAssociation,
  relationship,
  submissionSetObject,
} from '../../profiles/metadata/write.ts'
import { iti41, iti42 } from '../../profiles/transactions/index.ts'
import { writeProvideAndRegister, writeSubmitObjects } from '../../src/codec/ebxml/submit.ts'
import { components, writeEr7 } from '../../src/codec/hl7v2/write.ts'
import { newContentId } from '../../src/codec/mtom/include.ts'
import type { DocumentEntry, SubmissionSet } from '../../src/model/document-entry.ts'
import type { SubmitObjects } from '../../src/model/ebrim.ts'
import { formatCx, newEntryUuid, newOid, type PatientId } from '../../src/model/identifiers.ts'
import { OBJECT_STABLE, RPLC } from '../../src/model/xds.ts'
import type { RawCall } from './support.ts'

export const HOSPITAL_CODE = '1399100015'

export interface Laboratory {
  readonly order: string
  readonly controlId?: string
  /** MSH-7, JST. */
  readonly sentAt?: string
  readonly result?: string
  /** OBX-11: F final, C corrected. */
  readonly status?: 'F' | 'C'
  readonly localId?: string
  /** 見本 花子 when left out. */
  readonly who?: {
    readonly kanji: readonly [string, string]
    readonly kana: readonly [string, string]
    readonly birth: string
  }
}

const HANAKO = { kanji: ['見本', '花子'], kana: ['ミホン', 'ハナコ'], birth: '19620930' } as const

/** An OUL^R22 of the hospital, in ISO-2022-JP as Japanese systems send it. */
export function laboratory({
  order,
  controlId = randomUUID().slice(0, 20),
  sentAt = '20260201120000',
  result = '7.2',
  status = 'F',
  localId = '0000012346',
  who = HANAKO,
}: Laboratory): Buffer {
  const type = components('OUL', 'R22', 'OUL_R22')
  const names = [components(...who.kanji, '', '', '', '', 'L', 'I'), components(...who.kana, '', '', '', '', 'L', 'P')]
  const collected = '202602010830'
  const header = ['EHR', HOSPITAL_CODE, 'GW', 'TSUNAGI', sentAt, '', type, controlId, 'P', '2.5'] as const
  return writeEr7(
    [
      ['MSH', ...header, '', '', '', '', '', { raw: '~ISO IR87' }, '', 'ISO 2022-1994'],
      ['PID', '0001', '', components(localId, '', '', '', 'PI'), '', names, '', who.birth, 'F'],
      ['SPM', '1', '', '', components('023', '血清', 'JC10'), ...Array<string>(12).fill(''), collected],
      ['OBR', '1', order, '', components('E101', '生化学検査', '99O03'), '', '', collected],
      ['ORC', 'SC', order, '', '', 'CM', '', '', '', sentAt],
      [
        'OBX',
        '1',
        'NM',
        components('3A010000002327101', '総蛋白', 'JC10'),
        '',
        result,
        components('g/dL', 'g/dL', 'ISO+'),
        '6.6-8.1',
        '',
        '',
        '',
        status,
      ],
    ],
    { charset: 'ISO-2022-JP' },
  )
}

export interface Submitted {
  readonly patientId: PatientId
  readonly bytes:
    | Buffer
    | { readonly sizeBytes: number; readonly sha1: string; readonly stream: () => AsyncIterable<Buffer> }
  readonly title?: string
  readonly uniqueId?: string
  readonly repositoryUniqueId?: string
  readonly codes?: Partial<Readonly<Record<CodeSet, string>>>
  /** XON; a name without identifier when absent. */
  readonly authorInstitution?: string
  /** entryUUID of the document that this one replaces. */
  readonly replaces?: string
}

export interface Submission {
  readonly entry: DocumentEntry
  readonly set: SubmissionSet
  readonly provide: RawCall
  readonly register: RawCall
}

const TIME = '20260201000000'

/** One document as ITI-41 and as ITI-42, with the least metadata that will do. */
export function submissionOf(given: Submitted): Submission {
  const entry = entryOf(given)
  const set = setOf(entry)
  const submission: SubmitObjects = {
    objects: [submissionSetObject(set), documentEntryObject(entry)],
    associations: [
      memberAssociation(set.entryUUID, entry.entryUUID),
      ...(given.replaces === undefined
        ? []
        : [relationship(RPLC, { source: entry.entryUUID, target: given.replaces })]),
    ],
  }
  const contentId = newContentId()
  const document = { id: entry.entryUUID, content: { kind: 'part', contentId } } as const
  const body = Buffer.isBuffer(given.bytes) ? given.bytes : given.bytes.stream()
  return {
    entry,
    set,
    provide: {
      transaction: iti41,
      body: writeProvideAndRegister({ submission, documents: [document] }),
      attachments: [{ contentId, contentType: entry.mimeType, body }],
      messageId: `urn:uuid:${randomUUID()}`,
    },
    register: { transaction: iti42, body: writeSubmitObjects(submission), messageId: `urn:uuid:${randomUUID()}` },
  }
}

function entryOf(given: Submitted): DocumentEntry {
  const { patientId, bytes, uniqueId, repositoryUniqueId, codes = {}, authorInstitution = '架空中央病院' } = given
  const { title = '診療情報提供書' } = given
  const facts = Buffer.isBuffer(bytes)
    ? { sha1: createHash('sha1').update(bytes).digest('hex'), sizeBytes: bytes.length }
    : bytes
  const code = (set: CodeSet, standard: string) => codeOf(set, codes[set] ?? standard)
  return {
    entryUUID: newEntryUuid(),
    objectType: OBJECT_STABLE,
    mimeType: 'application/pdf',
    uniqueId: uniqueId ?? newOid(),
    patientId,
    sourcePatientId: formatCx(patientId),
    sourcePatientInfo: [],
    title,
    author: [
      {
        authorPerson: 'D0100^見本^医子',
        authorInstitution: [authorInstitution],
        authorRole: [],
        authorSpecialty: [],
        authorTelecommunication: [],
      },
    ],
    classCode: code('classCode', 'DOCUMENT'),
    typeCode: code('typeCode', 'DOC'),
    formatCode: code('formatCode', 'urn:x-ssmix2:1.2:DOC'),
    practiceSettingCode: code('practiceSettingCode', '99'),
    healthcareFacilityTypeCode: code('healthcareFacilityTypeCode', 'HOSPITAL'),
    confidentialityCode: [code('confidentialityCode', 'N')],
    eventCodeList: [],
    languageCode: affinityDomain.languageCode[0] ?? 'ja-JP',
    creationTime: TIME,
    hash: facts.sha1,
    size: String(facts.sizeBytes),
    referenceIdList: [],
    extraSlots: [],
    ...(repositoryUniqueId === undefined ? {} : { repositoryUniqueId }),
  }
}

function setOf(entry: DocumentEntry): SubmissionSet {
  return {
    entryUUID: newEntryUuid(),
    uniqueId: newOid(),
    sourceId: newOid(),
    patientId: entry.patientId,
    contentTypeCode: entry.classCode,
    submissionTime: TIME,
    author: entry.author,
    intendedRecipient: [],
    extraSlots: [],
  }
}

/** Registry errors of an answer: `XDSUnknownPatientId`, … */
export function errorCodesOf(text: string): readonly string[] {
  return [...text.matchAll(/errorCode="([^"]+)"/g)].map(([, code]) => code ?? '')
}

export function isSuccess(text: string): boolean {
  return /<rs:RegistryResponse[^>]*ResponseStatusType:Success"/.test(text)
}
