// Admin routes of the inbox of a publishing facility: who opened its records by emergency access, and that it was read.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { NoticeFilter } from '../../access/emergency/store.ts'
import { answerChanged, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { principalOf } from './principal.ts'
import { described, exactly, identity, type Paged, pageOf, paging, whoOf } from './schemas.ts'

const USUAL_PAGE = 100
const filters = { state: { enum: ['unread', 'due', 'overdue'] } } as const

interface Listed extends Paged {
  readonly state?: NonNullable<NoticeFilter['state']>
}

export function registerNoticeRoutes(app: FastifyInstance, { emergency }: AdminPorts): void {
  const { store } = emergency
  app.get<{ Querystring: Listed }>(
    '/emergency/notices',
    {
      schema: described('Inbox of a facility: emergency access to its records, the newest first', {
        ...paging(filters),
        roles: ['facility-administrator'],
      }),
    },
    async (request, reply) => {
      const facilityId = facilityOf(request)
      if (facilityId === undefined) return notFound(reply)
      const { state } = request.query
      return store.notices({
        facilityId,
        ...pageOf(request.query, USUAL_PAGE),
        ...(state === undefined ? {} : { state }),
      })
    },
  )
  app.post<{ Params: { id: string } }>(
    '/emergency/notices/:id/acknowledge',
    {
      schema: described('The notice was read', {
        params: exactly({ id: identity }),
        roles: ['facility-administrator'],
      }),
    },
    async (request, reply) => {
      const facilityId = facilityOf(request)
      if (facilityId === undefined) return notFound(reply)
      return answerChanged(reply, await store.acknowledge(request.params.id, { ...whoOf(request), facilityId }))
    },
  )
}

/** Staff of the network have no inbox. */
function facilityOf(request: FastifyRequest): string | undefined {
  const principal = principalOf(request)
  return principal.kind === 'host' ? undefined : principal.facilityId
}
