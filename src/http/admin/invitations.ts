// Admin routes of invitations: created with the system they are for or for one that is there, listed, withdrawn; and the checklist.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { registerSystem } from '../../access/administration.ts'
import { writeLetter } from '../../access/onboarding/letter.ts'
import type { InvitationRecord } from '../../access/onboarding/ports.ts'
import { digestOf, newSecret } from '../../access/onboarding/secret.ts'
import { answerError, answerFault, answerStored, invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { FACILITY_READERS, NETWORK_READERS } from './principal.ts'
import { changeOf, described, exactly, identity, words } from './schemas.ts'
import { newSystem, OPTIONAL_MEMBERS, type SystemBody, systemMembers } from './systems.ts'

const USUAL_DAYS = 14
const MAX_DAYS = 90

const invitation = exactly(
  {
    ...systemMembers,
    days: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_DAYS,
      description: `1 to ${MAX_DAYS}, ${USUAL_DAYS} when absent`,
    },
    note: words,
  },
  [...OPTIONAL_MEMBERS, 'facilityId', 'roles', 'days', 'note'],
)

type Body = Pick<SystemBody, 'systemId'> & Partial<SystemBody> & { readonly days?: number; readonly note?: string }

/** An invitation by its number. */
const numbered = { params: exactly({ id: identity }) }

export function registerInvitationRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { invitations } = ports.onboarding
  const readers = { roles: NETWORK_READERS }
  app.get('/invitations', { schema: described('All invitations, the newest first', readers) }, () => invitations.list())
  app.get<{ Params: { id: string } }>(
    '/invitations/:id',
    { schema: described('One invitation', { ...numbered, ...readers }) },
    async (request, reply) => (await invitations.find(request.params.id)) ?? notFound(reply),
  )
  app.post<{ Body: Body }>(
    '/invitations',
    {
      schema: described(
        'Invite a system: with facilityId and roles it is registered too, without it is there. The code is answered this once',
        { body: invitation },
      ),
    },
    (request, reply) => invite(request, reply, ports),
  )
  app.post<{ Params: { id: string } }>(
    '/invitations/:id/withdraw',
    { schema: described('Withdraw an invitation that was not redeemed', numbered) },
    async (request, reply) => {
      const { id } = request.params
      const withdrawn = await invitations.withdraw(id, changeOf(request, `invitation ${id} withdrawn`))
      if (withdrawn === 'missing') return notFound(reply)
      return withdrawn === 'conflict' ? redeemedAlready(reply) : reply.send({ status: 'ok' })
    },
  )
  app.get<{ Params: { id: string } }>(
    '/systems/:id/checklist',
    {
      schema: described('First steps of a system: which it has taken, when, and what was refused last', {
        roles: FACILITY_READERS,
        own: 'system',
      }),
    },
    async (request, reply) => (await ports.onboarding.checklist(request.params.id)) ?? notFound(reply),
  )
}

async function invite(
  request: FastifyRequest<{ Body: Body }>,
  reply: FastifyReply,
  { store, onboarding }: AdminPorts,
): Promise<FastifyReply> {
  const { days = USUAL_DAYS, note, ...system } = request.body
  if (isSystem(system)) {
    const change = changeOf(request, `system ${system.systemId} registered`)
    const registered = await registerSystem(newSystem(system), change, store)
    if ('fault' in registered) return answerFault(reply, registered)
    const { stored } = registered
    if (stored === 'conflict' || stored === 'missing') return answerStored(reply, stored, undefined)
  } else if (Object.keys(system).length > 1) return half(reply)
  const { systemId } = system
  const secret = newSecret()
  const change = changeOf(request, `invitation for system ${systemId} created`)
  const asked = { systemId, days, ...(note === undefined ? {} : { note }) }
  const created = await onboarding.invitations.create(asked, digestOf(secret), change)
  if (created === 'missing') return notFound(reply)
  if (created === 'inactive') return inactive(reply)
  return answerInvitation(reply, { created, secret, onboarding })
}

/** A system is registered when its facility and its roles are given. */
function isSystem(body: Pick<SystemBody, 'systemId'> & Partial<SystemBody>): body is SystemBody {
  return body.facilityId !== undefined && body.roles !== undefined
}

async function answerInvitation(
  reply: FastifyReply,
  given: {
    readonly created: InvitationRecord
    readonly secret: string
    readonly onboarding: AdminPorts['onboarding']
  },
): Promise<FastifyReply> {
  const { created, secret, onboarding } = given
  const system = await onboarding.systemOf(created.systemId)
  if (system === undefined) throw new Error('the system of an invitation has no row')
  const head = onboarding.letterHead()
  const letter = writeLetter({ invitation: created, system, secret, ...head })
  return reply
    .code(201)
    .header('cache-control', 'no-store')
    .send({ ...created, secret, ...head, letter })
}

function half(reply: FastifyReply): FastifyReply {
  return invalid(reply, {
    message:
      'facilityId and roles: both are needed to register the system, and without them nothing else of it is given',
    hint: 'Give facilityId and roles with the rest, or systemId alone for a system that is registered',
    ja: 'システムを登録する場合はfacilityIdとrolesの両方が必要です。登録済みのシステムにはsystemIdだけを指定してください。',
  })
}

function inactive(reply: FastifyReply): FastifyReply {
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: 'The system or its facility is suspended or has ended, so that nobody can be invited for it',
    hint: 'Resume it first: tsunagi facility resume, or PATCH /admin/v1/systems/<system>',
    ja: 'システムまたは施設が停止中か契約終了のため、招待できません。先に再開してください。',
  })
}

function redeemedAlready(reply: FastifyReply): FastifyReply {
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: 'The invitation was redeemed: its certificate is what lets the system in',
    hint: 'Suspend or revoke the certificate: GET /admin/v1/invitations/<number> has its fingerprint',
    ja: 'この招待は使用済みです。発行された証明書を停止または失効してください（招待の詳細に指紋があります）。',
  })
}
