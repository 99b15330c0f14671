// Admin routes of update notifications: who is told of changed patient ids, and what waits to be told (ITI TF-2 3.46, 3.10).

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { NotificationView, Subscription, SubscriptionState } from '../../identity/subscription-ports.ts'
import { answerChanged, answerError, answerStored, invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS } from './principal.ts'
import { changeOf, described, exactly, oid, slug, words } from './schemas.ts'

/** No control characters: they would end up in a segment. */
const header = { type: 'string', pattern: '^[!-~][ -~]{0,179}$', description: 'ASCII text for MSH-5 or MSH-6' } as const
const endpoint = (pattern: string, description: string) => ({ type: 'string', pattern, maxLength: 500, description })
const subscription = {
  ...exactly(
    {
      subscriptionId: slug,
      systemId: slug,
      transaction: { enum: ['ITI-46', 'ITI-10'] },
      endpoint: { type: 'string' },
      deviceOid: oid,
      receivingApplication: header,
      receivingFacility: header,
      domains: { type: 'array', items: oid, minItems: 1, maxItems: 1000, uniqueItems: true },
    },
    ['deviceOid', 'receivingApplication', 'receivingFacility', 'domains'],
  ),
  if: { type: 'object', properties: { transaction: { const: 'ITI-46' } } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: {
    type: 'object',
    properties: {
      endpoint: endpoint('^https://[^\\s#]+$', 'ITI-46: https://host[:port]/path'),
      receivingApplication: false,
      receivingFacility: false,
      deviceOid: {},
    },
    required: ['deviceOid'],
  },
  else: {
    type: 'object',
    properties: {
      endpoint: endpoint('^mllps://[^\\s/?#]+:[0-9]{1,5}$', 'ITI-10: mllps://host:port'),
      deviceOid: false,
      receivingApplication: {},
      receivingFacility: {},
    },
    required: ['receivingApplication', 'receivingFacility'],
  },
}
const status = exactly({ status: { enum: ['active', 'paused'] }, reason: words }, ['reason'])
const asked = exactly({ state: { enum: ['open', 'waiting', 'parked', 'sent', 'skipped'] }, subscription: slug }, [
  'state',
  'subscription',
])
const notification = exactly({
  id: { type: 'string', pattern: '^[0-9]{1,18}$', description: 'number of a notification' },
})

export function registerSubscriptionRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { subscriptions: store } = ports
  app.get(
    '/subscriptions',
    { schema: described('All subscriptions and what waits for them', { roles: NETWORK_READERS }) },
    () => store.subscriptions(),
  )
  app.get<{ Params: { id: string } }>(
    '/subscriptions/:id',
    { schema: described('One subscription', { roles: NETWORK_READERS }) },
    async (request, reply) => {
      const found = (await store.subscriptions()).find((entry) => entry.subscriptionId === request.params.id)
      return found ?? notFound(reply)
    },
  )
  app.post<{ Body: Subscription }>(
    '/subscriptions',
    { schema: described('Subscribe a system to update notifications', { body: subscription }) },
    async (request, reply) => {
      const given = request.body
      if (!URL.canParse(given.endpoint)) return badEndpoint(reply)
      const change = changeOf(request, `subscription ${given.subscriptionId} of system ${given.systemId} added`)
      const stored = await store.add(given, change)
      if (stored === 'not a consumer') return notAConsumer(reply, given.systemId)
      return answerStored(reply, stored, given)
    },
  )
  app.patch<{ Params: { id: string }; Body: { status: SubscriptionState['status']; reason?: string } }>(
    '/subscriptions/:id',
    { schema: described('Pause or resume a subscription; paused, what there is to tell is kept', { body: status }) },
    async (request, reply) => {
      const { id } = request.params
      const { status, reason } = request.body
      const given = {
        subscriptionId: id,
        status,
        ...(reason === undefined || status === 'active' ? {} : { pausedReason: reason }),
      }
      return answerChanged(reply, await store.setStatus(given, changeOf(request, `subscription ${id} ${status}`)))
    },
  )
  app.delete<{ Params: { id: string } }>(
    '/subscriptions/:id',
    { schema: described('End a subscription; what waits for it is not sent') },
    async (request, reply) => {
      const { id } = request.params
      return answerChanged(reply, await store.remove(id, changeOf(request, `subscription ${id} removed`)))
    },
  )
  registerNotificationRoutes(app, ports)
}

const OPEN = ['waiting', 'parked'] as const

function registerNotificationRoutes(app: FastifyInstance, { subscriptions: store }: AdminPorts): void {
  app.get<{ Querystring: { state?: NotificationView['state'] | 'open'; subscription?: string } }>(
    '/notifications',
    {
      schema: described('Notifications, the oldest first; without a state those that are not sent', {
        roles: NETWORK_READERS,
        querystring: asked,
      }),
    },
    (request) => {
      const { state = 'open', subscription } = request.query
      return store.notifications({
        states: state === 'open' ? OPEN : [state],
        ...(subscription === undefined ? {} : { subscriptionId: subscription }),
      })
    },
  )
  app.post<{ Params: { id: string } }>(
    '/notifications/:id/retry',
    { schema: described('Send a notification now, also one that is parked', { params: notification }) },
    async (request, reply) => {
      const { id } = request.params
      return answerHandled(reply, await store.retry(id, changeOf(request, `notification ${id} sent again`)))
    },
  )
  app.post<{ Params: { id: string } }>(
    '/notifications/:id/skip',
    { schema: described('Give a notification up; what waits behind it may leave', { params: notification }) },
    async (request, reply) => {
      const { id } = request.params
      return answerHandled(reply, await store.skip(id, changeOf(request, `notification ${id} skipped`)))
    },
  )
}

function answerHandled(reply: FastifyReply, handled: 'changed' | 'conflict' | 'missing'): FastifyReply {
  if (handled !== 'conflict') return answerChanged(reply, handled)
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: 'This notification was sent or skipped already',
    hint: 'GET /admin/v1/notifications lists what is not sent',
    ja: 'この通知は送信済みまたは破棄済みです。',
  })
}

function notAConsumer(reply: FastifyReply, systemId: string): FastifyReply {
  return invalid(reply, {
    message: `systemId: "${systemId}" has no role pix-consumer`,
    hint: 'Only a PIX consumer is notified: name a system that has the role',
    ja: `システム「${systemId}」にはpix-consumerの役割がありません。役割を持つシステムを指定してください。`,
  })
}

function badEndpoint(reply: FastifyReply): FastifyReply {
  return invalid(reply, {
    message: 'endpoint is no address',
    hint: 'ITI-46: https://host[:port]/path; ITI-10: mllps://host:port',
    ja: 'endpointが正しいアドレスではありません。ITI-46はhttps://ホスト[:ポート]/パス、ITI-10はmllps://ホスト:ポートです。',
  })
}
