// Admin routes of patient indexes that are kept alike with neighbouring communities (PIXv3; docs/federation.md).

import type { FastifyInstance, FastifyReply } from 'fastify'
import { answerChanged, answerError } from './answers.ts'
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
      return state === 'missing' ? notKeptAlike(reply) : state
    },
  )
  app.post<Id>(
    '/partners/:id/synchronisation/resume',
    { schema: described('Tell a community anew what it refused or could not take, and ask it about everybody again') },
    async (request, reply) => {
      const { id } = request.params
      const change = changeOf(request, `index of the community of ${id} resumed`)
      const resumed = await synchronisation.resume(id, change)
      return resumed === 'missing' ? notKeptAlike(reply) : answerChanged(reply, resumed)
    },
  )
}

function notKeptAlike(reply: FastifyReply): FastifyReply {
  return answerError(reply, 404, {
    code: 'NOT_FOUND',
    message: 'There is no community of this name whose index is kept alike with ours',
    hint: 'GET /admin/v1/partners lists the communities; tsunagi partner change … --identity pix --pix-url … agrees on it',
    ja: '名寄せを同期している隣接ネットワークにこの名前はありません。tsunagi partner change … --identity pix --pix-url … で設定してください。',
  })
}
