// Participant objects of an event: patients, documents, submission set, query, and what an alert is about (ITI TF-2 3.20.4.1; DICOM PS3.15 A.5.3).

import {
  OBJECT_REFERENCE,
  PATIENT_NUMBER,
  REPORT_NUMBER,
  REQUEST_ID,
  SUBMISSION_SET,
  URI,
} from '../../../profiles/atna/codes.ts'
import { eventTypeOf, isTransaction } from '../../../profiles/atna/types.ts'
import { staffCalendar } from '../../../profiles/transactions/index.ts'
import type { AuditDetail, AuditObject } from '../../model/audit-message.ts'
import type { AuditedQuery, DocumentReference, ObjectReference } from '../../model/evidence.ts'
import type { AuditSource } from '../source.ts'
import type { StoredEvent } from '../stored-event.ts'
import { isOutgoing, ownUri, peerUri } from './places.ts'
import type { Share } from './shares.ts'

const PERSON = 1
const SYSTEM_OBJECT = 2
const OTHER = 4
/** ParticipantObjectTypeCodeRole. */
const ROLES = { patient: 1, report: 3, securityResource: 13, job: 20, query: 24, processing: 26 } as const
/** ParticipantObjectDataLifeCycle: permanent erasure (15: deletion or removal of the record). */
const REMOVED = 15
const REMOVING: ReadonlySet<string> = new Set(['ITI-62', 'ITI-86'])

export function objectsOf(
  event: StoredEvent,
  { share, source }: { readonly share: Share; readonly source: AuditSource },
): readonly AuditObject[] {
  const details = messageDetails(event)
  const lifeCycle = REMOVING.has(event.typeCode) ? { lifeCycle: REMOVED } : {}
  return [
    ...share.patients.map((patient) => patientObject(patient, details)),
    ...submissionObjects(event),
    ...(namesDocuments(event)
      ? share.documents.map((document) => ({ ...documentObject(document), ...lifeCycle }))
      : []),
    ...share.objectRefs.map((reference) => ({ ...referenceObject(reference), ...lifeCycle })),
    ...queryObjects(event),
    ...securityObjects(event, source),
  ]
}

/** Identity feeds and their notifications name the message (3.44.5, 3.46.5), HL7 v2 its control id (3.8.5). */
const NAMED_MESSAGES: ReadonlyMap<string, string> = new Map([
  ['ITI-44', 'II'],
  ['ITI-46', 'II'],
  ['ITI-8', 'MSH-10'],
  ['ITI-9', 'MSH-10'],
  ['ITI-10', 'MSH-10'],
  ['ITI-21', 'MSH-10'],
  ['StoreClient', 'MSH-10'],
])

function messageDetails({ typeCode, objects }: StoredEvent): readonly AuditDetail[] {
  const type = NAMED_MESSAGES.get(typeCode)
  return type === undefined || objects.messageId === undefined ? [] : [{ type, value: objects.messageId }]
}

function patientObject(id: string, details: readonly AuditDetail[]): AuditObject {
  return { id, typeCode: PERSON, typeCodeRole: ROLES.patient, idType: PATIENT_NUMBER, details }
}

/**
 * A submission is named by its set; of removed objects their entries are named; what a query found is not (ITI TF-2 3.20.4.1.2). A push has a
 * set of our own making.
 */
const WITHOUT_DOCUMENTS: ReadonlySet<string> = new Set([
  'ITI-41',
  'ITI-42',
  'ITI-57',
  'ITI-61',
  'ITI-62',
  'ITI-92',
  staffCalendar.audit.typeCode,
])
const WITHOUT_SET: ReadonlySet<string> = new Set(['ITI-62', 'StoreClient'])
const PATIENT_RECORD = '110110'

function namesDocuments({ typeCode, eventCode }: StoredEvent): boolean {
  if (typeCode === 'StoreClient') return eventCode !== PATIENT_RECORD
  return !WITHOUT_DOCUMENTS.has(typeCode)
}

function submissionObjects({ typeCode, objects }: StoredEvent): readonly AuditObject[] {
  const id = objects.submissionSetUniqueId
  if (id === undefined || WITHOUT_SET.has(typeCode)) return []
  return [{ id, typeCode: SYSTEM_OBJECT, typeCodeRole: ROLES.job, idType: SUBMISSION_SET, details: [] }]
}

/** The home community has another name here than in a query: so the tables have it (ITI TF-2 3.43.6, 3.39.5). */
function documentObject({ documentUniqueId, repositoryUniqueId, homeCommunityId }: DocumentReference): AuditObject {
  return {
    id: documentUniqueId,
    typeCode: SYSTEM_OBJECT,
    typeCodeRole: ROLES.report,
    idType: REPORT_NUMBER,
    details: [
      { type: 'Repository Unique Id', value: repositoryUniqueId },
      ...(homeCommunityId === undefined ? [] : [{ type: 'ihe:homeCommunityID', value: homeCommunityId }]),
    ],
  }
}

function referenceObject({ id }: ObjectReference): AuditObject {
  return { id, typeCode: SYSTEM_OBJECT, typeCodeRole: ROLES.report, idType: OBJECT_REFERENCE, details: [] }
}

/** Stored queries say in which encoding their text is, and for which community they ask (ITI TF-2 3.18.6). */
const STORED_QUERIES: ReadonlySet<string> = new Set(['ITI-18', 'ITI-38', 'ITI-51'])
/** A discovery says which community was asked, under the name that a document has for it (ITI TF-2 3.55.5). */
const DISCOVERIES: ReadonlySet<string> = new Set(['ITI-55'])

function queryObjects(event: StoredEvent): readonly AuditObject[] {
  const { query } = event.objects
  if (query === undefined) return []
  return [
    {
      id: query.id,
      typeCode: SYSTEM_OBJECT,
      typeCodeRole: ROLES.query,
      idType: eventTypeOf(event.typeCode),
      query: query.text,
      details: queryDetails(event, query),
    },
  ]
}

function queryDetails(event: StoredEvent, { home }: AuditedQuery): readonly AuditDetail[] {
  const homeAs = (type: string): readonly AuditDetail[] => (home === undefined ? [] : [{ type, value: home }])
  if (STORED_QUERIES.has(event.typeCode))
    return [{ type: 'QueryEncoding', value: 'UTF-8' }, ...homeAs('urn:ihe:iti:xca:2010:homeCommunityId')]
  if (DISCOVERIES.has(event.typeCode)) return homeAs('ihe:homeCommunityID')
  return messageDetails(event).filter(({ type }) => type !== 'II')
}

function securityObjects(event: StoredEvent, source: AuditSource): readonly AuditObject[] {
  if (isTransaction(event.typeCode)) return []
  switch (event.eventCode) {
    case '110101':
      return [{ ...resource(ownUri(event, source)), name: 'Security Audit Log' }]
    case '110113':
      return [{ ...resource(subjectOf(event, source)), details: alertDetails(event) }]
    default:
      return []
  }
}

function resource(uri: string): AuditObject {
  return { id: uri, typeCode: SYSTEM_OBJECT, typeCodeRole: ROLES.securityResource, idType: URI, details: [] }
}

/** The node that could not prove who it is; else what was changed or used. */
function subjectOf(event: StoredEvent, source: AuditSource): string {
  if (event.typeCode !== '110126') return ownUri(event, source)
  return isOutgoing(event) ? event.endpoint : peerUri(event.peer)
}

function alertDetails({ objects }: StoredEvent): readonly AuditDetail[] {
  return objects.alert === undefined ? [] : [{ type: 'Alert Description', value: objects.alert }]
}

/** By which a receiver recognises a record that comes twice; the exchange leads to the journal. */
export function recordObject(uuid: string, { exchangeId }: StoredEvent): AuditObject {
  return {
    id: uuid,
    typeCode: OTHER,
    typeCodeRole: ROLES.processing,
    idType: REQUEST_ID,
    details: [{ type: 'exchange', value: exchangeId }],
  }
}
