// What the routes have in common by which staff read clinical content on behalf of a facility: who, for whom, and the exchange recorded.

import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { StaffReading } from '../../storeclient/view/calendar-ports.ts'
import { slug, whoOf } from './schemas.ts'

/** Query of every such route. */
export const readingQuery = {
  facility: { ...slug, description: 'facility on whose behalf is read: what it may see is shown' },
  by: {
    type: 'string',
    pattern: '^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$',
    description: 'member of staff who reads; kept in the audit and in the journal',
  },
} as const

export interface ReadingQuery {
  readonly facility: string
  readonly by: string
}

export function readingOf(
  request: FastifyRequest<{ Querystring: ReadingQuery }>,
  given: { readonly transaction: string; readonly endpoint: string },
): StaffReading {
  const { facility, by } = request.query
  const { peer } = whoOf(request)
  return {
    facilityId: facility,
    by: `admin-token:${by}`,
    exchange: {
      id: randomUUID(),
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
