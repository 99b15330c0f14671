// Admin routes of agreements on use beyond the network (広域的利用に係る合意書; idlink U-9, X-4).

import type { FastifyInstance } from 'fastify'
import { DIRECTIONS, type NewAgreement } from '../../access/administration/agreement-ports.ts'
import { concludeAgreement } from '../../access/administration/agreements.ts'
import { answerChanged, answerFault, answerStored } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS } from './principal.ts'
import { changeOf, described, exactly, identity, moment, oid, slug, words } from './schemas.ts'

const agreement = exactly(
  {
    title: words,
    unionId: { ...slug, description: 'our side; absent: the whole network' },
    partnerCommunity: { ...oid, description: 'home community id of the other side, without urn:oid:' },
    partnerUnion: { ...slug, description: 'a union beside ours, instead of a community' },
    direction: { enum: DIRECTIONS, description: 'outgoing: they see ours; incoming: we see theirs' },
    kinds: { type: 'array', items: words, minItems: 1, maxItems: 100, description: 'classCodes; absent: all' },
    validFrom: moment,
    validTo: moment,
    evidence: { ...words, description: 'where the signed paper is kept' },
  },
  ['unionId', 'partnerCommunity', 'partnerUnion', 'kinds', 'evidence'],
)

export function registerAgreementRoutes(app: FastifyInstance, { store, documentKinds }: AdminPorts): void {
  app.get<{ Querystring: { running?: 'true' | 'false' } }>(
    '/agreements',
    {
      schema: described('Agreements with other communities and unions, the newest first', {
        roles: NETWORK_READERS,
        querystring: exactly({ running: { enum: ['true', 'false'] } }, ['running']),
      }),
    },
    (request) => (request.query.running === 'true' ? store.runningAgreements() : store.agreements()),
  )
  app.post<{ Body: NewAgreement }>(
    '/agreements',
    { schema: described('Record an agreement', { body: agreement }) },
    async (request, reply) => {
      const change = changeOf(request, 'agreement recorded')
      const answered = await concludeAgreement(request.body, change, { store, documentKinds })
      if ('fault' in answered) return answerFault(reply, answered)
      return answerStored(reply, answered.stored, { agreementId: answered.agreementId })
    },
  )
  app.post<{ Params: { id: string }; Body: { reason: string } }>(
    '/agreements/:id/end',
    {
      schema: described('End an agreement before its time; sharing ends at once, its history stays', {
        params: exactly({ id: identity }),
        body: exactly({ reason: words }),
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const change = { ...changeOf(request, `agreement ${id} ended`), reason: request.body.reason }
      return answerChanged(reply, await store.endAgreement(id, change))
    },
  )
}
