// Admin routes of patient indexes that are kept alike with neighbouring communities (PIXv3; docs/federation.md).

import type { FastifyInstance } from 'fastify'
import { answerChanged, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS } from './principal.ts'
import { changeOf, described } from './schemas.ts'

interface Id {
  Params: { id: string }
}

export function registerSynchronisationRoutes(app: FastifyInstance, { synchronisation }: AdminPorts): void {
  app.get<Id>(
    '/partners/:id/synchronisation',
    {
      schema: described('How far a community’s index is alike with ours, and what waits for staff', {
        roles: NETWORK_READERS,
      }),
    },
    async (request, reply) => {
      const state = await synchronisation.state(request.params.id)
      return state === 'missing' ? notFound(reply) : state
    },
  )
  app.post<Id>(
    '/partners/:id/synchronisation/resume',
    { schema: described('Tell a community anew what it refused or could not take, and ask it about everybody again') },
    async (request, reply) => {
      const { id } = request.params
      const change = changeOf(request, `index of the community of ${id} resumed`)
      return answerChanged(reply, await synchronisation.resume(id, change))
    },
  )
}
