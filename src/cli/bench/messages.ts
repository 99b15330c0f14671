// Messages of the bench: new ones for every shot where the transaction stores, the same one where it reads.

import { randomBytes, randomUUID } from 'node:crypto'
import { affinityDomain, codeOf } from '../../../profiles/affinity-domain/index.ts'
import { documentEntryObject, memberAssociation, submissionSetObject } from '../../../profiles/metadata/write.ts'
import { iti18, iti41, iti42, iti43, iti44Add, iti45, type Transaction } from '../../../profiles/transactions/index.ts'
import { writeFindDocuments } from '../../codec/ebxml/query-request.ts'
import { renderFragment } from '../../codec/ebxml/registry-object.ts'
import { type DocumentRequest, writeRetrieveRequest } from '../../codec/ebxml/retrieve.ts'
import { writeProvideAndRegister, writeSubmitObjects } from '../../codec/ebxml/submit.ts'
import { components, writeEr7 } from '../../codec/hl7v2/write.ts'
import { writeFeed } from '../../codec/hl7v3/write-feed.ts'
import { writeQuery } from '../../codec/hl7v3/write-query.ts'
import { newContentId } from '../../codec/mtom/include.ts'
import { type Attachment, writeRelated } from '../../codec/mtom/write.ts'
import { writeEnvelope } from '../../codec/soap/write.ts'
import type { Markup } from '../../codec/xml/write.ts'
import type { DocumentEntry, SubmissionSet } from '../../model/document-entry.ts'
import type { SubmitObjects } from '../../model/ebrim.ts'
import type { Device } from '../../model/hl7v3.ts'
import { formatCx, newEntryUuid, newOid, type Oid, type PatientId } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import type { StoredObject } from '../../model/stored-query.ts'
import { OBJECT_STABLE, STATUS_APPROVED } from '../../model/xds.ts'
import type { Shot } from './load.ts'

export interface BenchPatient {
  readonly patientId: PatientId
  readonly localId: string
  readonly localAuthority: Oid
  readonly facilityCode: string
  readonly sourceId: Oid
}

/** Ids of one submission of one document: whoever makes its rows anew for another submission has to change these. */
export interface SubmissionIds {
  readonly messageId: string
  readonly entryUuid: string
  readonly entryUniqueId: string
  readonly setUuid: string
  readonly setUniqueId: string
  readonly associationUuid: string
}

interface Message {
  readonly transaction: Transaction
  readonly body: Markup
  readonly messageId?: string
  readonly blocks?: readonly Markup[]
}

function envelope({ transaction, body, messageId = newMessageId(), ...more }: Message): string {
  return writeEnvelope({ action: transaction.action, messageId, body, ...more })
}

function newMessageId(): string {
  return `urn:uuid:${randomUUID()}`
}

/** ExtrinsicObjects about a patient as a registry has them stored. */
export function storedEntries(patient: BenchPatient, count: number): readonly StoredObject[] {
  return Array.from({ length: count }, () => {
    const entry = { ...documentEntry(patient), ...newStored(newOid()) }
    const ebrim = renderFragment(documentEntryObject(entry))
    return { element: 'ExtrinsicObject', id: entry.entryUUID, status: STATUS_APPROVED, ebrim }
  })
}

/** @param security header that says for which user. */
export function findShot(patient: BenchPatient, security?: Markup): Shot {
  const body = writeFindDocuments({ patientId: patient.patientId, returnType: 'LeafClass' })
  return simple(envelope({ transaction: iti18, body, ...(security === undefined ? {} : { blocks: [security] }) }))
}

export function retrieveShot(document: DocumentRequest): Shot {
  return related(envelope({ transaction: iti43, body: writeRetrieveRequest([document]) }), [])
}

export interface DescribedPatient {
  readonly id: PatientId
  readonly demographics: Demographics
}

/** An ITI-44 add; `receiver` is the network's device. */
export function feedShot({ id, demographics }: DescribedPatient, receiver: Device): Shot {
  const body = writeFeed({
    kind: 'add',
    sender: { id: id.authority },
    receiver,
    patientIds: [id],
    otherIds: [],
    demographics,
    providerName: 'bench',
  })
  return simple(envelope({ transaction: iti44Add, body }))
}

/** An ITI-45 for all other ids. */
export function pixShot(patientId: PatientId, receiver: Device): Shot {
  const sender = { id: patientId.authority }
  const body = writeQuery({ sender, receiver, queryId: { root: newOid() }, patientId, dataSources: [] })
  return simple(envelope({ transaction: iti45, body }))
}

function simple(xml: string): Shot {
  return { contentType: 'application/soap+xml; charset=UTF-8', body: Buffer.from(xml) }
}

function related(xml: string, attachments: readonly Attachment[]): Shot {
  const { contentType, body } = writeRelated(xml, attachments)
  if (!Buffer.isBuffer(body)) throw new Error('bench messages are small enough to be one buffer')
  return { contentType, body }
}

export interface Submitted {
  readonly shot: Shot
  readonly ids: SubmissionIds
}

/** An ITI-41 submission of one document of random bytes. */
export function provideShot(patient: BenchPatient, sizeBytes: number): Submitted {
  const { contentType, body, ids } = provideParts(patient, randomBytes(sizeBytes))
  if (!Buffer.isBuffer(body)) throw new Error('bench messages are small enough to be one buffer')
  return { shot: { contentType, body }, ids }
}

/** The package of an ITI-41 with its document as bytes, or as they come. */
export function provideParts(
  patient: BenchPatient,
  document: Buffer | AsyncIterable<Buffer>,
): ReturnType<typeof writeRelated> & { readonly ids: SubmissionIds } {
  const entry = documentEntry(patient)
  const { submission, ids } = submissionOf(patient, entry)
  const contentId = newContentId()
  const body = writeProvideAndRegister({
    submission,
    documents: [{ id: entry.entryUUID, content: { kind: 'part', contentId } }],
  })
  const xml = envelope({ transaction: iti41, body, messageId: ids.messageId })
  return { ...writeRelated(xml, [{ contentId, contentType: entry.mimeType, body: document }]), ids }
}

/** An ITI-42 registration of one document that another repository keeps. */
export function registerShot(patient: BenchPatient, repositoryUniqueId: Oid): Submitted {
  const { submission, ids } = submissionOf(patient, { ...documentEntry(patient), ...newStored(repositoryUniqueId) })
  const body = writeSubmitObjects(submission)
  return { shot: simple(envelope({ transaction: iti42, body, messageId: ids.messageId })), ids }
}

/** What a repository adds to the entry of a document that it keeps (ITI TF-2 3.42.4.1.2). */
function newStored(repositoryUniqueId: Oid): Pick<DocumentEntry, 'repositoryUniqueId' | 'hash' | 'size'> {
  return { repositoryUniqueId, hash: randomBytes(20).toString('hex'), size: '36864' }
}

function submissionOf(
  patient: BenchPatient,
  entry: DocumentEntry,
): { readonly submission: SubmitObjects; readonly ids: SubmissionIds } {
  const set = submissionSet(patient, entry)
  const association = memberAssociation(set.entryUUID, entry.entryUUID)
  return {
    submission: { objects: [submissionSetObject(set), documentEntryObject(entry)], associations: [association] },
    ids: {
      messageId: newMessageId(),
      entryUuid: entry.entryUUID,
      entryUniqueId: entry.uniqueId,
      setUuid: set.entryUUID,
      setUniqueId: set.uniqueId,
      associationUuid: association.id,
    },
  }
}

const TIME = '20260401000000'

function documentEntry(patient: BenchPatient): DocumentEntry {
  return {
    entryUUID: newEntryUuid(),
    objectType: OBJECT_STABLE,
    mimeType: 'application/pdf',
    uniqueId: newOid(),
    patientId: patient.patientId,
    sourcePatientId: formatCx({ value: patient.localId, authority: patient.localAuthority }),
    sourcePatientInfo: ['PID-5|架空^太郎^^^^^L^I', 'PID-7|19580412', 'PID-8|M'],
    title: '性能試験の文書',
    author: [
      {
        authorPerson: 'D0100^見本^医子',
        authorInstitution: ['架空中央病院'],
        authorRole: [],
        authorSpecialty: ['内科'],
        authorTelecommunication: [],
      },
    ],
    classCode: codeOf('classCode', 'DOCUMENT'),
    typeCode: codeOf('typeCode', '11502-2'),
    formatCode: codeOf('formatCode', 'urn:x-ssmix2:1.2:OML-11'),
    practiceSettingCode: codeOf('practiceSettingCode', '01'),
    healthcareFacilityTypeCode: codeOf('healthcareFacilityTypeCode', 'HOSPITAL'),
    confidentialityCode: [codeOf('confidentialityCode', 'N')],
    eventCodeList: [],
    languageCode: affinityDomain.languageCode[0] ?? 'ja-JP',
    creationTime: TIME,
    serviceStartTime: TIME,
    serviceStopTime: TIME,
    referenceIdList: [],
    extraSlots: [],
  }
}

function submissionSet(patient: BenchPatient, entry: DocumentEntry): SubmissionSet {
  return {
    entryUUID: newEntryUuid(),
    uniqueId: newOid(),
    sourceId: patient.sourceId,
    patientId: patient.patientId,
    contentTypeCode: entry.classCode,
    submissionTime: TIME,
    author: entry.author,
    intendedRecipient: [],
    extraSlots: [],
  }
}

const RESULTS = 10

/** A laboratory result (OML-11) with its own order number and control id, ISO-2022-JP as a Japanese system sends it. */
export function laboratoryShot(patient: BenchPatient, number: number): Shot {
  const order = String(900_000_000_000_000 + number)
  const time = '202604010830'
  const body = writeEr7(
    [
      [
        'MSH',
        'LIS',
        patient.facilityCode,
        'GW',
        'TSUNAGI',
        '20260401120000',
        '',
        components('OUL', 'R22', 'OUL_R22'),
        `B${randomUUID().slice(0, 18)}`,
        'P',
        '2.5',
        '',
        '',
        '',
        '',
        '',
        { raw: '~ISO IR87' },
        '',
        'ISO 2022-1994',
      ],
      [
        'PID',
        '0001',
        '',
        components(patient.localId, '', '', '', 'PI'),
        '',
        [
          components('架空', '太郎', '', '', '', '', 'L', 'I'),
          components('カクウ', 'タロウ', '', '', '', '', 'L', 'P'),
        ],
        '',
        '19580412',
        'M',
      ],
      ['SPM', '1', '', '', components('023', '血清', 'JC10'), '', '', '', '', '', '', '', '', '', '', '', '', time],
      ['OBR', '1', order, '', components('E002', '生化学的検査', '99O03'), '', '', time],
      ['ORC', 'SC', order, '', '', 'CM', '', '', '', time],
      ...Array.from({ length: RESULTS }, (_, index) => observation(index + 1)),
    ],
    { charset: 'ISO-2022-JP' },
  )
  return { contentType: 'x-application/hl7-v2+er7', body }
}

function observation(number: number): Parameters<typeof writeEr7>[0][number] {
  const code = `3A0${String(number).padStart(2, '0')}0000023271${String(number).padStart(2, '0')}`
  return [
    'OBX',
    String(number),
    'NM',
    components(code, '検査項目', 'JC10'),
    '',
    '7.2',
    components('g/dL', 'g/dL', 'ISO+'),
    '6.7-8.3',
    '',
    '',
    '',
    'F',
  ]
}
