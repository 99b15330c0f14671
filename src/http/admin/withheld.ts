// Admin routes of held messages and of the quarantine (要確認): what waits, and staff's word about it. Content is never shown.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { findFacility } from '../../access/administration.ts'
import { explain } from '../../model/error.ts'
import type { Released, WithheldReason, WithheldState } from '../../storeclient/hold/hold-ports.ts'
import { releaseMessage } from '../../storeclient/hold/hold-release.ts'
import { answerError, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { facilityOf, ownFacility, REGISTRARS } from './principal.ts'
import { described, exactly, identity, type Paged, pageOf, paging, slug, whoOf, words } from './schemas.ts'

const ROOMS = [
  { path: '/held', reason: 'unlinked', title: 'Held messages: their patient number is not linked' },
  { path: '/quarantine', reason: 'identity', title: 'Messages in quarantine: their person is another one' },
] as const satisfies readonly { readonly path: string; readonly reason: WithheldReason; readonly title: string }[]

const USUAL_PAGE = 100
const filters = {
  state: { enum: ['open', 'waiting', 'stuck', 'released', 'dropped', 'expired'] },
  facility: slug,
} as const
const message = exactly({ id: identity })
const decision = exactly({ reason: words })

interface Asked extends Paged {
  readonly state?: WithheldState | 'open'
  readonly facility?: string
}

export function registerWithheldRoutes(app: FastifyInstance, ports: AdminPorts): void {
  for (const room of ROOMS) registerRoom(app, ports, room)
}

function registerRoom(app: FastifyInstance, { release, store }: AdminPorts, room: (typeof ROOMS)[number]) {
  const { path, reason, title } = room
  const { withheld } = release
  /** A number of the other room is none of this one, nor is one of another facility. */
  const find = async (request: FastifyRequest<{ Params: { id: string } }>) => {
    const found = await withheld.find(request.params.id)
    return found?.reason === reason && ownFacility(request, found.facilityId) ? found : undefined
  }
  app.get<{ Querystring: Asked }>(
    path,
    { schema: described(`${title}; the oldest first`, { roles: REGISTRARS, ...paging(filters) }) },
    async (request, reply) => {
      const { state, facility = facilityOf(request) } = request.query
      // An empty list would say that nothing waits at a facility whose name was mistyped.
      const isThere = facility === undefined || (await findFacility(facility, store)) !== undefined
      if (!isThere || (facility !== undefined && !ownFacility(request, facility))) return notFound(reply)
      return withheld.list({
        reason,
        ...pageOf(request.query, USUAL_PAGE),
        ...(state === undefined ? {} : { state }),
        ...(facility === undefined ? {} : { facilityId: facility }),
      })
    },
  )
  app.get<{ Params: { id: string } }>(
    `${path}/:id`,
    { schema: described('What is known of one message; never its content', { roles: REGISTRARS, params: message }) },
    async (request, reply) => (await find(request)) ?? notFound(reply),
  )
  app.post<{ Params: { id: string }; Body: { reason: string } }>(
    `${path}/:id/drop`,
    { schema: described('Erase a message', { roles: REGISTRARS, params: message, body: decision }) },
    async (request, reply) => {
      const { id } = request.params
      if ((await find(request)) === undefined) return notFound(reply)
      const dropped = await withheld.drop(id, { ...whoOf(request), reason: request.body.reason })
      return dropped === 'missing' ? ended(reply) : { status: 'dropped' }
    },
  )
  app.post<{ Params: { id: string }; Body: { reason: string } }>(
    `${path}/:id/release`,
    {
      schema: described('File a message now, for the person linked now', {
        roles: REGISTRARS,
        params: message,
        body: decision,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      if ((await find(request)) === undefined) return notFound(reply)
      const decided = await withheld.decide(id, { ...whoOf(request), reason: request.body.reason })
      if (decided === 'missing') return ended(reply)
      const confirmed = reason === 'identity' ? 'confirmed' : 'checked'
      return answerReleased(reply, await releaseMessage({ withheldId: id, identity: confirmed }, release))
    },
  )
}

function answerReleased(reply: FastifyReply, released: Released): FastifyReply {
  switch (released.kind) {
    case 'filed':
      return reply.send({ status: 'filed', ...released, kind: undefined })
    case 'gone':
      return ended(reply)
    case 'suspended':
      return answerError(reply, 409, {
        code: 'CONFLICT',
        message: 'The facility of the message is suspended',
        hint: 'Resume the facility first; until then the message waits',
        ja: '施設が停止中です。再開後に登録されます。',
      })
    case 'refused': {
      const { row } = released.error
      const { code, hint, ja } = row
      const outcome = released.state === 'dropped' ? 'it was erased' : 'it waits on'
      return answerError(reply, 409, {
        code,
        message: `The message could not be filed, ${outcome}: ${explain(released.error)} [journal ${released.journalId}]`,
        hint,
        ja,
      })
    }
  }
  return released satisfies never
}

function ended(reply: FastifyReply): FastifyReply {
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: 'This message has been filed, dropped or erased already',
    hint: 'GET the message, or the list with its state, to see what became of it',
    ja: 'このメッセージは登録済み、破棄済み、または期限切れです。',
  })
}
