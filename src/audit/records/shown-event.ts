// An event of the access log as those may see it who look after it: who, for whom, when, whom about, what (idlink L-3, L-4).

import { lookOf } from '../../../profiles/audit/looks.ts'
import { EVENT_KINDS, eventKindOf } from '../../../profiles/audit/words.ts'
import type { DocumentReference } from '../../model/evidence.ts'
import { parseCx } from '../../model/identifiers.ts'
import type { LoggedEvent } from './ports.ts'

export interface ShownEvent {
  readonly eventId: string
  readonly eventUuid: string
  readonly at: Date
  readonly kind?: string
  readonly kindName?: { readonly ja: string; readonly en: string }
  readonly eventCode: string
  readonly action: string
  readonly typeCode: string
  readonly outcome: number
  readonly facilityId?: string
  readonly facilityName?: string
  readonly systemId?: string
  readonly person?: string
  readonly personName?: string
  readonly job?: string
  readonly purpose?: string
  readonly patients: readonly string[]
  readonly documents: readonly DocumentReference[]
  readonly emergency?: readonly string[]
  readonly reason?: string
  readonly query?: { readonly id: string; readonly text?: string }
  readonly peer?: string
  readonly endpoint?: string
  /** Id under which the journal keeps the exchange. */
  readonly journalId?: string
  /** It came from another system (ITI-20). */
  readonly received?: true
}

/**
 * Staff of a facility see of another facility's events what was done with their own content and by whom, and nothing of the other
 * facility's systems, addresses and patient numbers (idlink L-1): of the patients they read the ids of `domains`. `whole`: with the text
 * of a query, in which names may stand.
 */
export function shownEvent(
  logged: LoggedEvent,
  asker: { readonly askedFor?: string; readonly domains?: readonly string[]; readonly detail?: 'whole' },
): ShownEvent {
  const { event } = logged
  const { askedFor, domains = [] } = asker
  return askedFor === undefined || event.facilityId === askedFor
    ? { ...common(logged), ...inside(logged, asker.detail) }
    : { ...common(logged), ...ofOwner(logged, { owner: askedFor, domains }) }
}

function common({ event, personName, job, facilityName }: LoggedEvent): Omit<ShownEvent, 'patients' | 'documents'> {
  const { eventId, eventUuid, at, eventCode, action, typeCode, outcome, facilityId, objects, received } = event
  const kind = eventKindOf(eventCode)
  const person = personOf(event.objects)
  const name = objects.user?.displayName ?? personName
  const emergency = objects.emergency
  return {
    eventId,
    eventUuid,
    at,
    ...(kind === undefined ? {} : { kind, kindName: { ja: EVENT_KINDS[kind].ja, en: EVENT_KINDS[kind].en } }),
    eventCode,
    action,
    typeCode,
    outcome,
    ...(facilityId === undefined ? {} : { facilityId }),
    ...(facilityName === undefined ? {} : { facilityName }),
    ...(person === undefined ? {} : { person }),
    ...(name === undefined ? {} : { personName: name }),
    ...(job === undefined ? {} : { job }),
    ...(objects.user === undefined ? {} : { purpose: objects.user.purposeOfUse?.code ?? objects.user.purpose }),
    ...(emergency === undefined ? {} : { emergency }),
    ...(received === undefined ? {} : { received: true }),
  }
}

/** Staff by id, others as they were asserted: as the log is searched. */
function personOf({ user, by }: LoggedEvent['event']['objects']): string | undefined {
  return user?.staffId === undefined ? (user?.name ?? by) : `staff:${user.staffId}`
}

type Rest = Pick<ShownEvent, 'patients' | 'documents'> & Partial<ShownEvent>

function inside({ event }: LoggedEvent, detail: 'whole' | undefined): Rest {
  const { patients, objects, reason, peer, endpoint, exchangeId, systemId } = event
  const { documents = [], query } = objects
  return {
    patients,
    documents,
    ...(systemId === undefined ? {} : { systemId }),
    ...(reason === undefined ? {} : { reason }),
    ...(query === undefined ? {} : { query: detail === 'whole' ? query : { id: query.id } }),
    peer,
    endpoint,
    journalId: exchangeId,
  }
}

function ofOwner(
  { event }: LoggedEvent,
  { owner, domains }: { readonly owner: string; readonly domains: readonly string[] },
): Rest {
  const documents = (event.objects.documents ?? []).filter(({ publisher }) => publisher === owner)
  const named = documents.flatMap(({ patient }) => patient ?? [])
  const isOfSeveral = event.patients.length > 1 && lookOf(event)?.saw === 'content'
  const patients = named.length > 0 || isOfSeveral ? [...new Set(named)] : event.patients
  // A calendar names the patient by the number that was asked for, too.
  return { documents, patients: patients.filter((cx) => domains.includes(parseCx(cx)?.authority ?? '')) }
}
