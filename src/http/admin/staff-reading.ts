// What the routes have in common by which clinicians read: who, for whom, and the exchange recorded. The facility is the session's, always.

import type { FastifyRequest } from 'fastify'
import { newJournalId } from '../../model/journal-id.ts'
import type { User } from '../../model/user.ts'
import type { StaffReading } from '../../storeclient/view/calendar-ports.ts'
import { principalOf, type RouteRoles, sessionOf } from './principal.ts'
import { slug, whoOf } from './schemas.ts'

/** Nobody else has clinical content: neither who runs the network, nor who holds the token of the host (idlink A-8). */
export const CLINICAL_ROLES: RouteRoles = ['clinician']

/** Query of every such route. */
export const readingQuery = {
  facility: { ...slug, description: 'facility of the session, when it is named; any other is as if it were not there' },
} as const

export interface ReadingQuery {
  readonly facility?: string
}

type Reading = FastifyRequest<{ Querystring: ReadingQuery }>

/** Undefined for another facility than the one whose staff asks. */
export function readingOf(
  request: Reading,
  given: { readonly transaction: string; readonly endpoint: string },
): StaffReading | undefined {
  const principal = principalOf(request)
  if (principal.kind === 'host' || principal.facilityId === undefined) return undefined
  const { facilityId } = principal
  if (request.query.facility !== undefined && request.query.facility !== facilityId) return undefined
  const { by, peer } = whoOf(request)
  return {
    facilityId,
    by,
    user: userOf(request, principal),
    exchange: {
      id: newJournalId(),
      door: 'admin',
      endpoint: given.endpoint,
      peer,
      receivedAt: new Date(),
      requestBytes: 0,
      startedMs: performance.now(),
      transaction: given.transaction,
    },
  }
}

function userOf(request: Reading, { staffId, job }: { readonly staffId: string; readonly job: User['job'] }): User {
  const view = sessionOf(request)?.view
  return {
    name: staffId,
    origin: 'session',
    staffId,
    job,
    roles: [],
    purpose: 'treatment',
    ...(view === undefined ? {} : { displayName: view.name }),
    ...(view?.facilityName === undefined ? {} : { organization: view.facilityName }),
  }
}
