// A StoreClient message as XDS metadata (ITI TF-3 Tables 4.2.3.2-1 and 4.2.3.3-1): one message, one DocumentEntry an order.

import { codeOf } from '../../profiles/affinity-domain/index.ts'
import type { DataKind } from '../../profiles/storeclient/index.ts'
import type { Caller } from '../model/caller.ts'
import type { EmbeddedFile } from '../model/clinical.ts'
import type { Author, DocumentEntry, SubmissionSet } from '../model/document-entry.ts'
import { type Hl7Time, xdsTime } from '../model/hl7-time.ts'
import { type DetectedCharset, type Er7Message, value } from '../model/hl7v2.ts'
import { formatCx, type PatientId } from '../model/identifiers.ts'
import type { StagedContent } from '../model/staged-document.ts'
import { OBJECT_STABLE } from '../model/xds.ts'
import { authorOf, authorPersonOf, practiceSettingOf } from './author.ts'
import { type Draft, serviceSpan } from './draft.ts'
import { facilityTypeOf, patientAuthority } from './facility.ts'
import { type DocumentIds, documentIds, partKey, submissionSetIds } from './identifiers.ts'
import { patientInfo } from './patient-info.ts'
import type { FacilitySettings, LinkedPatient, StoreClientSettings } from './ports.ts'

export const MIME_ER7 = 'x-application/hl7-v2+er7'
/** Service times as the message writes them; the UTC values of the entry lose the JST day. */
export const ORIGINAL_SERVICE_TIME = 'urn:x-stc:originalServiceTime'
/** Set of a message of eight-bit bytes: what was agreed with its sender says what they are, where they are valid in two sets. */
export const MESSAGE_CHARSET = 'urn:x-stc:charset'
const EIGHT_BIT: ReadonlySet<DetectedCharset> = new Set(['Shift_JIS', 'EUC-JP'])
/** Name of an embedded file as its sender gave it. */
export const FILE_NAME = 'urn:x-stc:fileName'
const REFERENCE_ORDER = 'urn:ihe:iti:xds:2013:order'
/** Names the message by a reference that its embedded files carry too (ITI TF-3 4.2.3.2.28). */
const REFERENCE_UNIQUE_ID = 'urn:ihe:iti:xds:2013:uniqueId'
/** Arc of placer order numbers below the facility's patient number OID. */
const ORDER_ARC = '1'
/** What a slot value holds (ITI TF-3 Table 4.2.3.1.7-2; ebRIM LongName). */
const SLOT_VALUE_LENGTH = 256
const LANGUAGE = 'ja-JP'
/** The MIME type says all there is to know about the format (ITI TF-3 4.2.3.2.9). */
const FORMAT_OF_FILES = 'urn:ihe:iti:xds:2017:mimeTypeSufficient'

/** What all documents of one message have in common. */
export interface MetadataContext {
  readonly message: Er7Message
  readonly caller: Caller
  readonly settings: StoreClientSettings
  readonly facility: FacilitySettings
  readonly kind: DataKind
  readonly sentAt: Hl7Time
  readonly patient: LinkedPatient
  readonly document: StagedContent
}

/** The patient's number at the sending facility, as the entry's sourcePatientId names it. */
export function sourcePatient(context: Pick<MetadataContext, 'caller' | 'patient'>): PatientId {
  return { value: context.patient.localId, authority: patientAuthority(context.caller) }
}

/** Ids of the version of a draft that `part` and `version` name. */
export function idsOf(context: MetadataContext, draft: Draft, part: number, version: string): DocumentIds {
  return documentIds(context.settings.namespace, partKey(draft.key, part), version)
}

/** The DocumentEntry of a draft; its document is the raw message, so it is opened by the ER7 MIME type. */
export function documentEntry(context: MetadataContext, draft: Draft, ids: DocumentIds): DocumentEntry {
  const { caller, kind, patient, document, message } = context
  const { startMs, stopMs } = serviceSpan(draft)
  const signer = draft.signed === undefined ? undefined : authorPersonOf(message, draft, caller)
  return {
    entryUUID: ids.entryUUID,
    objectType: OBJECT_STABLE,
    mimeType: MIME_ER7,
    uniqueId: ids.uniqueId,
    patientId: patient.affinityId,
    sourcePatientId: formatCx(sourcePatient(context)),
    sourcePatientInfo: patientInfo(message, sourcePatient(context)),
    title: draft.title ?? `${kind.name.ja} ${isoDate(draft.careDate ?? context.sentAt.jstDate)}`,
    author: [authorOf(message, draft, caller)],
    classCode: draft.classCode ?? kind.classCode,
    typeCode: draft.typeCode ?? kind.typeCode,
    formatCode: kind.formatCode,
    practiceSettingCode: practiceSettingOf(message, draft),
    healthcareFacilityTypeCode: codeOf(
      'healthcareFacilityTypeCode',
      context.facility.facilityType ?? facilityTypeOf(caller),
    ),
    confidentialityCode: (draft.confidentiality ?? ['N']).map((code) => codeOf('confidentialityCode', code)),
    eventCodeList: draft.eventCodes,
    languageCode: LANGUAGE,
    ...(signer === undefined ? {} : { legalAuthenticator: signer }),
    creationTime: xdsTime(context.sentAt.startMs),
    serviceStartTime: xdsTime(startMs),
    serviceStopTime: xdsTime(stopMs),
    hash: document.sha1,
    size: String(document.sizeBytes),
    repositoryUniqueId: context.settings.repositoryUniqueId,
    referenceIdList: [
      ...[...orderReference(context, draft), ...(draft.references ?? [])].filter(isSlotValue),
      ...((draft.files ?? []).length === 0 ? [] : [messageReference(ids)]),
    ],
    extraSlots: [
      { name: ORIGINAL_SERVICE_TIME, values: [...new Set(draft.service.map((time) => time.text))] },
      ...(EIGHT_BIT.has(message.charset) ? [{ name: MESSAGE_CHARSET, values: [message.charset] }] : []),
    ],
  }
}

/** A longer number stays in the message alone: no registry takes it as a reference. */
function isSlotValue(text: string): boolean {
  return text.length <= SLOT_VALUE_LENGTH
}

export interface FileOfMessage {
  /** Entry of the message that the file stands in. */
  readonly message: DocumentEntry
  readonly file: EmbeddedFile
  readonly staged: StagedContent
  readonly ids: DocumentIds
}

/** The DocumentEntry of a file inside a message: all that the message's entry says, of the file's own bytes. */
export function fileEntry({ message, file, staged, ids }: FileOfMessage): DocumentEntry {
  return {
    ...message,
    entryUUID: ids.entryUUID,
    uniqueId: ids.uniqueId,
    mimeType: file.mimeType,
    formatCode: codeOf('formatCode', FORMAT_OF_FILES),
    title: file.title,
    hash: staged.sha1,
    size: String(staged.sizeBytes),
    ...(file.fileName === undefined
      ? {}
      : { extraSlots: [...message.extraSlots, { name: FILE_NAME, values: [file.fileName] }] }),
  }
}

function messageReference({ uniqueId }: DocumentIds): string {
  return `${uniqueId}^^^^${REFERENCE_UNIQUE_ID}`
}

function orderReference(context: MetadataContext, draft: Draft): readonly string[] {
  // A document's own number (TXA-12) is no order number.
  const own = context.kind.key === 'document' ? undefined : draft.number?.received
  const number = draft.orderNumber ?? own
  if (number === undefined) return []
  const clean = number.replaceAll(/[\^&~|]/g, ' ')
  return [`${clean}^^^&${patientAuthority(context.caller)}.${ORDER_ARC}&ISO^${REFERENCE_ORDER}`]
}

function isoDate(digits: string): string {
  return `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`
}

export interface SubmissionContext extends MetadataContext {
  readonly controlId: string
  readonly sendingApplication: string
  readonly sha256: string
  readonly now: Date
}

/** The SubmissionSet of one transmission; one message is one submission, also with several documents. */
export function submissionSet(context: SubmissionContext, draft: Draft): SubmissionSet {
  const { caller, kind } = context
  const ids = submissionSetIds(context.settings.namespace, {
    facilityId: caller.facilityId,
    sendingApplication: context.sendingApplication,
    controlId: context.controlId,
    sha256: context.sha256,
  })
  const author: Author = authorOf(context.message, draft, caller)
  return {
    entryUUID: ids.entryUUID,
    uniqueId: ids.uniqueId,
    sourceId: caller.facilityOid,
    patientId: context.patient.affinityId,
    contentTypeCode: draft.classCode ?? kind.classCode,
    submissionTime: xdsTime(context.now.getTime()),
    title: `${kind.name.ja} ${value(context.message, 'MSH', 10)}`,
    author: [author],
    intendedRecipient: [],
    extraSlots: [],
  }
}
