// Audit records of other systems, as this network keeps them (ITI TF-2 3.20, Audit Record Repository): the certificate says who sent them.

import type { AuditObject } from '../model/audit-message.ts'
import type { CallingSystem, Exchange } from '../model/caller.ts'
import type { DocumentReference } from '../model/evidence.ts'
import type { AuditEvent, RecordOrigin } from './event.ts'

/** What the record says of itself, as far as rows have columns for it; the record itself is kept whole. */
export interface ReadRecord {
  readonly uuid?: string
  readonly eventCode: string
  readonly action: AuditEvent['action']
  readonly typeCode: string
  readonly outcome: AuditEvent['outcome']
  readonly objects: readonly AuditObject[]
}

export interface ReceivedEvent extends AuditEvent {
  /** By which it is recognised when it comes again; absent: it bears none, and is kept as often as it comes. */
  readonly eventUuid?: string
  readonly systemId: string
  readonly facilityId: string
  readonly received: string
}

const PATIENT = { typeCode: 1, typeCodeRole: 1 } as const
const REPORT = { typeCode: 2, typeCodeRole: 3 } as const
const SUBMISSION_SET_ROLE = 20
const SUBMISSION_SET = 'urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd'
const REPORT_NUMBER = '9'

/** The event of a record. System and facility are those of the certificate, whatever the record claims. */
export function receivedEvent(
  { record, origin, xml }: { readonly record: ReadRecord; readonly origin: RecordOrigin; readonly xml: string },
  exchange: Exchange,
  system: CallingSystem,
): ReceivedEvent {
  const { objects, uuid, eventCode, action, typeCode, outcome } = record
  const documents = objects.flatMap(documentOf)
  const submissionSet = objects.find(isSubmissionSet)?.id
  return {
    exchangeId: exchange.id,
    ...(uuid === undefined ? {} : { eventUuid: uuid }),
    eventCode,
    action,
    typeCode,
    outcome,
    systemId: system.systemId,
    facilityId: system.facilityId,
    peer: exchange.peer,
    endpoint: exchange.endpoint,
    patients: objects.filter(isPatient).map(({ id }) => id),
    objects: {
      ...(documents.length === 0 ? {} : { documents }),
      ...(submissionSet === undefined ? {} : { submissionSetUniqueId: submissionSet }),
      origin,
    },
    received: xml,
  }
}

function isPatient({ typeCode, typeCodeRole }: AuditObject): boolean {
  return typeCode === PATIENT.typeCode && typeCodeRole === PATIENT.typeCodeRole
}

function isSubmissionSet({ typeCodeRole, idType }: AuditObject): boolean {
  return typeCodeRole === SUBMISSION_SET_ROLE && idType.code === SUBMISSION_SET
}

function documentOf({ typeCode, typeCodeRole, idType, id, details }: AuditObject): readonly DocumentReference[] {
  if (typeCode !== REPORT.typeCode || typeCodeRole !== REPORT.typeCodeRole || idType.code !== REPORT_NUMBER) return []
  const repository = details.find(({ type }) => type === 'Repository Unique Id')?.value ?? ''
  return [{ documentUniqueId: id, repositoryUniqueId: repository }]
}

/**
 * Whether two records that bear the same UUID are one record that came twice. A UUID may be that of a request, which several records are about;
 * and what a sender writes again after it was started anew names another process.
 */
export function isSameRecord(one: string, other: string): boolean {
  return withoutProcess(one) === withoutProcess(other)
}

function withoutProcess(xml: string): string {
  return xml.replaceAll(/ AlternativeUserID="[^"]*"/g, '')
}
