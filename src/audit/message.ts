// A kept event as the messages of ITI-20: who, whom about, what; one message a patient (ITI TF-2 3.20.4.1; DICOM PS3.15 A.5.3).

import { APPLICATION_SERVER, EVENTS } from '../../profiles/atna/codes.ts'
import { eventTypeOf } from '../../profiles/atna/types.ts'
import type { AuditCode, AuditMessage } from '../model/audit-message.ts'
import { derivedUuid } from '../model/derived-uuid.ts'
import { objectsOf, recordObject } from './message/objects.ts'
import { participantsOf } from './message/participants.ts'
import { sharesOf } from './message/shares.ts'
import type { AuditSource } from './source.ts'
import type { StoredEvent } from './stored-event.ts'
import { auditedCode } from './user.ts'

export type { AuditSource } from './source.ts'

/**
 * The messages of an event, in a fixed order: the same event gives the same messages whenever it is asked. The first one has
 * the event's UUID, each further one a UUID made of it.
 */
export function auditMessages(event: StoredEvent, source: AuditSource): readonly AuditMessage[] {
  const common = commonOf(event, source)
  return sharesOf(event).map((share, index) => {
    const uuid = index === 0 ? event.eventUuid : derivedUuid(event.eventUuid, String(index))
    return { ...common, uuid, objects: [...objectsOf(event, { share, source }), recordObject(uuid, event)] }
  })
}

function commonOf(event: StoredEvent, source: AuditSource): Omit<AuditMessage, 'uuid' | 'objects'> {
  const { user, error } = event.objects
  const { enterpriseSiteId, sourceId } = source
  return {
    eventId: EVENTS.get(event.eventCode) ?? { code: event.eventCode, system: 'DCM', text: event.eventCode },
    action: event.action,
    at: event.at,
    outcome: event.outcome,
    eventTypes: eventTypes(event),
    ...(error === undefined || event.outcome === 0 ? {} : { outcomeDescription: error }),
    purposesOfUse: user?.purposeOfUse === undefined ? [] : [auditedCode(user.purposeOfUse)],
    participants: participantsOf(event, source),
    source: { ...(enterpriseSiteId === undefined ? {} : { enterpriseSiteId }), sourceId, types: [APPLICATION_SERVER] },
  }
}

const AUDIT_LOG_USED = '110101'
const PUSH = 'StoreClient'

/** A look at the log has no type (DICOM PS3.15 A.5.3.2); a push says besides which message it was. */
function eventTypes({ eventCode, typeCode, objects }: StoredEvent): readonly AuditCode[] {
  if (eventCode === AUDIT_LOG_USED) return []
  const type = eventTypeOf(typeCode)
  const message = typeCode === PUSH ? objects.hl7v2?.type : undefined
  return message === undefined ? [type] : [type, { code: message, system: 'HL7 v2.5 MSH-9', text: message }]
}
