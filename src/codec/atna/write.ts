// Writes an audit message as one line of XML (DICOM PS3.15 A.5.1; ITI TF-2 3.20.4.1).

import type { AuditCode, AuditDetail, AuditMessage, AuditObject, AuditParticipant } from '../../model/audit-message.ts'
import { el, type Markup, text } from '../xml/write.ts'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
/** NetworkAccessPointTypeCode. */
const ACCESS_POINT_TYPES = { name: 1, address: 2 } as const

/** Elements and attributes in the order of the schema; values that the schema has in base64 are plain in the message. */
export function writeAuditMessage(message: AuditMessage): string {
  const { source } = message
  return (
    DECLARATION +
    el(
      'AuditMessage',
      undefined,
      eventIdentification(message),
      ...message.participants.map(participant),
      el(
        'AuditSourceIdentification',
        { AuditEnterpriseSiteID: source.enterpriseSiteId, AuditSourceID: source.sourceId },
        ...source.types.map((type) => coded('AuditSourceTypeCode', type)),
      ),
      ...message.objects.map(object),
    )
  )
}

function eventIdentification(message: AuditMessage): Markup {
  const { outcomeDescription } = message
  return el(
    'EventIdentification',
    {
      EventActionCode: message.action,
      EventDateTime: message.at.toISOString(),
      EventOutcomeIndicator: message.outcome,
    },
    coded('EventID', message.eventId),
    ...message.eventTypes.map((type) => coded('EventTypeCode', type)),
    ...(outcomeDescription === undefined ? [] : [el('EventOutcomeDescription', undefined, text(outcomeDescription))]),
    ...message.purposesOfUse.map((purpose) => coded('PurposeOfUse', purpose)),
  )
}

function participant(one: AuditParticipant): Markup {
  const { networkAccessPoint } = one
  return el(
    'ActiveParticipant',
    {
      UserID: one.userId,
      AlternativeUserID: one.alternativeUserId,
      UserName: one.userName,
      UserIsRequestor: String(one.isRequestor),
      NetworkAccessPointID: networkAccessPoint?.id,
      NetworkAccessPointTypeCode:
        networkAccessPoint === undefined ? undefined : ACCESS_POINT_TYPES[networkAccessPoint.type],
    },
    ...one.roles.map((role) => coded('RoleIDCode', role)),
  )
}

function object(one: AuditObject): Markup {
  const named =
    one.name !== undefined
      ? [el('ParticipantObjectName', undefined, text(one.name))]
      : one.query !== undefined
        ? [el('ParticipantObjectQuery', undefined, text(base64(one.query)))]
        : []
  return el(
    'ParticipantObjectIdentification',
    {
      ParticipantObjectID: one.id,
      ParticipantObjectTypeCode: one.typeCode,
      ParticipantObjectTypeCodeRole: one.typeCodeRole,
      ParticipantObjectDataLifeCycle: one.lifeCycle,
      ParticipantObjectSensitivity: one.sensitivity,
    },
    coded('ParticipantObjectIDTypeCode', one.idType),
    ...named,
    ...one.details.map(detail),
  )
}

function detail({ type, value }: AuditDetail): Markup {
  return el('ParticipantObjectDetail', { type, value: base64(value) })
}

function coded(name: string, { code, system, text: originalText }: AuditCode): Markup {
  return el(name, { 'csd-code': code, codeSystemName: system, originalText })
}

function base64(value: string): string {
  return Buffer.from(value, 'utf8').toString('base64')
}
