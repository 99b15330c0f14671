// Active participants of an event: who asked, who answered, the person behind it (ITI TF-2 3.20.4.1, tables of the transactions; DICOM PS3.15 A.5.3).

import { APPLICATION_ROLE, DESTINATION_ROLE, LAUNCHER_ROLE, SOURCE_ROLE } from '../../../profiles/atna/codes.ts'
import { isTransaction } from '../../../profiles/atna/types.ts'
import type { AuditCode, AuditParticipant } from '../../model/audit-message.ts'
import type { AuditSource } from '../source.ts'
import type { StoredEvent } from '../stored-event.ts'
import { auditedCode } from '../user.ts'
import { accessPointOf, isOutgoing, ownUri } from './places.ts'

type Participant = (event: StoredEvent, source: AuditSource) => AuditParticipant

/** Exactly the participants that the table of the event has, in the order source, person, destination. */
export function participantsOf(event: StoredEvent, source: AuditSource): readonly AuditParticipant[] {
  if (isTransaction(event.typeCode)) return ofTransaction(event, source)
  switch (event.eventCode) {
    case '110100':
      return ofApplication(event, source)
    case '110106':
      return ofStaff(event, source, SOURCE_ROLE)
    case '110112':
      return ofStaff(event, source, DESTINATION_ROLE)
    default:
      return ofSecurity(event, source)
  }
}

const MISSING = 'unknown'

/** The source asks, unless a person does; in a retrieval it is the repository, which never asks (ITI TF-2 3.43.6, 3.39.5). */
function ofTransaction(event: StoredEvent, source: AuditSource): readonly AuditParticipant[] {
  const persons = personsOf(event)
  const [we, they] = [us(event, source), other(event)]
  const weAreSource = isRetrieval(event) !== isOutgoing(event)
  const from = withRole(weAreSource ? we : they, SOURCE_ROLE)
  const to = withRole(weAreSource ? they : we, DESTINATION_ROLE)
  return [{ ...from, isRequestor: !isRetrieval(event) && persons.length === 0 }, ...persons, to]
}

const RETRIEVALS: ReadonlySet<string> = new Set(['ITI-39', 'ITI-43'])

/** Documents go to the one that asks. */
function isRetrieval({ typeCode }: StoredEvent): boolean {
  return RETRIEVALS.has(typeCode)
}

function withRole(participant: AuditParticipant, role: AuditCode): AuditParticipant {
  return { ...participant, roles: [role] }
}

/** This server. */
const us: Participant = (event, source) => ({
  userId: ownNameIn(event) ?? ownUri(event, source),
  alternativeUserId: String(source.pid),
  isRequestor: false,
  networkAccessPoint: { id: source.hostName, type: 'name' },
  roles: [],
})

function ownNameIn(event: StoredEvent): string | undefined {
  const { hl7v2 } = event.objects
  return isOutgoing(event) ? hl7v2?.sender : hl7v2?.receiver
}

/** The system at the other end. */
function other(event: StoredEvent): AuditParticipant {
  const { hl7v2, replyTo } = event.objects
  const named = isOutgoing(event) ? (hl7v2?.receiver ?? event.endpoint) : (hl7v2?.sender ?? replyTo ?? event.systemId)
  return {
    userId: named ?? MISSING,
    isRequestor: false,
    ...accessPointOf(event.peer),
    roles: [],
  }
}

/** The person of an assertion or a session (ITI TF-2 3.40.4.2). */
function personsOf(event: StoredEvent): readonly AuditParticipant[] {
  const { user, by, automatic } = event.objects
  if (user !== undefined) {
    const { name, roles } = user
    return [{ userId: name, userName: name, isRequestor: true, roles: roles.map(auditedCode) }]
  }
  if (by === undefined || !isPerson(by)) return []
  return [{ userId: by, userName: by, isRequestor: automatic !== true, roles: [] }]
}

/** Done by no person: by this server itself, or by a system of a facility for itself. */
function isPerson(by: string): boolean {
  return by !== 'system' && by !== 'upkeep' && !by.startsWith('system:')
}

/** Staff at the console or the command line; without a person this server did it by itself. */
function ofStaff(event: StoredEvent, source: AuditSource, role: AuditCode): readonly AuditParticipant[] {
  const persons = atTheirPlace(event)
  const we = { ...withRole(us(event, source), role), isRequestor: persons.length === 0 }
  return role === SOURCE_ROLE ? [we, ...persons] : [...persons, we]
}

function atTheirPlace(event: StoredEvent): readonly AuditParticipant[] {
  return personsOf(event).map((person) => ({ ...person, ...accessPointOf(event.peer) }))
}

/** Alerts, log-ons, looks at the log: this server reports; a person asked for it, or a peer took part (DICOM PS3.15 A.5.3.11). */
function ofSecurity(event: StoredEvent, source: AuditSource): readonly AuditParticipant[] {
  const persons = atTheirPlace(event)
  if (persons.length > 0) return [us(event, source), ...persons]
  return [us(event, source), peerOf(event)]
}

function peerOf(event: StoredEvent): AuditParticipant {
  const { claimed, by } = event.objects
  const userId =
    claimed === undefined
      ? (by ?? event.systemId ?? event.peer)
      : `${claimed.verified ? '' : 'unverified:'}<${claimed.subject}@${claimed.issuer}>`
  return {
    userId,
    ...(claimed === undefined ? {} : { userName: userId }),
    isRequestor: event.eventCode !== '110113',
    ...accessPointOf(event.peer),
    roles: [],
  }
}

/** DICOM PS3.15 A.5.3.1: exactly one application, and who started it. */
function ofApplication(event: StoredEvent, source: AuditSource): readonly AuditParticipant[] {
  const { application } = event.objects
  return [
    {
      ...withRole(us(event, source), APPLICATION_ROLE),
      userId: application?.product ?? source.product,
      alternativeUserId: String(application?.pid ?? source.pid),
    },
    { userId: application?.startedBy ?? MISSING, isRequestor: true, roles: [LAUNCHER_ROLE] },
  ]
}
