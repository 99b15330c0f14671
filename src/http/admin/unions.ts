// Admin routes of unions (ユニオン): groups of facilities that share under one set of rules.

import type { FastifyInstance } from 'fastify'
import type { UnionEdit } from '../../access/administration/revision-ports.ts'
import { admitMember, foundUnion } from '../../access/administration.ts'
import type { Membership, Union } from '../../access/ports.ts'
import { answerChanged, answerFault, answerStored, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS, OFFICE } from './principal.ts'
import { changeOf, described, exactly, moment, slug, words } from './schemas.ts'

const shown = {
  areas: { type: 'array', items: slug, maxItems: 100, uniqueItems: true, description: 'areas that it serves' },
  noticeUrl: {
    type: 'string',
    pattern: '^https?://\\S{1,500}$',
    description: 'page on which the range of joint use is published (共同利用の公表)',
  },
} as const
const founded = { ...shown, validFrom: moment, validTo: moment }
const kind = { enum: ['open', 'closed'] } as const
const union = exactly({ unionId: slug, name: words, kind, ...founded }, Object.keys(founded))
const edited = { name: words, kind, areas: shown.areas, noticeUrl: { ...shown.noticeUrl, nullable: true } }
const edit = { ...exactly({ ...edited, reason: words }, [...Object.keys(edited), 'reason']), minProperties: 1 }
const ending = exactly({ reason: words })

const member = exactly({ facilityId: slug, validFrom: moment, validTo: moment }, ['validFrom', 'validTo'])

interface Id {
  Params: { id: string }
}

export function registerUnionRoutes(app: FastifyInstance, { store }: AdminPorts): void {
  app.get('/unions', { schema: described('All unions with their members', { roles: OFFICE }) }, () => store.unions())
  app.post<{ Body: Union }>(
    '/unions',
    { schema: described('Found a union', { body: union }) },
    async (request, reply) => {
      const change = changeOf(request, `union ${request.body.unionId} founded`)
      const stored = await foundUnion(request.body, change, store)
      return typeof stored === 'string' ? answerStored(reply, stored, request.body) : answerFault(reply, stored)
    },
  )
  registerMembers(app, store)
  registerEdits(app, store)
}

function registerMembers(app: FastifyInstance, store: AdminPorts['store']): void {
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

function registerEdits(app: FastifyInstance, store: AdminPorts['store']): void {
  app.patch<Id & { Body: UnionEdit & { reason?: string } }>(
    '/unions/:id',
    { schema: described('Change a union; what was there before stays readable', { body: edit }) },
    async (request, reply) => {
      const { id } = request.params
      const { reason, ...given } = request.body
      const change = changeOf(request, `union ${id} changed: ${Object.keys(given).join(', ')}`)
      return answerChanged(
        reply,
        await store.editUnion(id, given, reason === undefined ? change : { ...change, reason }),
      )
    },
  )
  app.post<Id & { Body: { reason: string } }>(
    '/unions/:id/end',
    { schema: described('End a union and all memberships in it; its history stays', { body: ending }) },
    async (request, reply) => {
      const { id } = request.params
      const change = { ...changeOf(request, `union ${id} ended`), reason: request.body.reason }
      return answerChanged(reply, await store.endUnion(id, change))
    },
  )
  app.get<Id>(
    '/unions/:id/revisions',
    { schema: described('What was changed of a union, the newest first', { roles: NETWORK_READERS }) },
    async (request, reply) => {
      const { id } = request.params
      const isThere = (await store.unions()).some(({ unionId }) => unionId === id)
      return isThere ? store.revisions('union', id) : notFound(reply)
    },
  )
}
