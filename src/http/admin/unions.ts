// Admin routes of unions (ユニオン): groups of facilities that share under one set of rules.

import type { FastifyInstance } from 'fastify'
import { admitMember } from '../../access/administration.ts'
import type { Membership, Union } from '../../access/ports.ts'
import { answerChanged, answerFault, answerStored } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { changeOf, described, exactly, moment, slug, words } from './schemas.ts'

const union = exactly({ unionId: slug, name: words, kind: { enum: ['open', 'closed'] } })
const member = exactly({ facilityId: slug, validFrom: moment, validTo: moment }, ['validFrom', 'validTo'])

export function registerUnionRoutes(app: FastifyInstance, { store }: AdminPorts): void {
  app.get('/unions', { schema: described('All unions with their members') }, () => store.unions())
  app.post<{ Body: Union }>(
    '/unions',
    { schema: described('Found a union', { body: union }) },
    async (request, reply) => {
      const given = request.body
      return answerStored(
        reply,
        await store.addUnion(given, changeOf(request, `union ${given.unionId} founded`)),
        given,
      )
    },
  )
  app.post<{ Params: { id: string }; Body: Omit<Membership, 'unionId'> }>(
    '/unions/:id/members',
    { schema: described('Take a facility into a union', { body: member }) },
    async (request, reply) => {
      const given = { ...request.body, unionId: request.params.id }
      const change = changeOf(request, `facility ${given.facilityId} joins union ${given.unionId}`)
      const stored = await admitMember(given, change, store)
      return typeof stored === 'string' ? answerStored(reply, stored, given) : answerFault(reply, stored)
    },
  )
  app.delete<{ Params: { id: string; facilityId: string } }>(
    '/unions/:id/members/:facilityId',
    { schema: described('End a membership; its history stays') },
    async (request, reply) => {
      const { id: unionId, facilityId } = request.params
      const change = changeOf(request, `facility ${facilityId} leaves union ${unionId}`)
      return answerChanged(reply, await store.endMembership({ unionId, facilityId }, change))
    },
  )
}
