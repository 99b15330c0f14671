// Admin routes of neighbouring communities (XCA; idlink U-9, X-4).

import type { FastifyInstance, FastifyReply } from 'fastify'
import {
  PARTNER_STATES,
  type Partner,
  type PartnerEdit,
  type PartnerFault,
} from '../../access/administration/partner-ports.ts'
import { answerChanged, answerStored, invalid, notFound } from './answers.ts'
import { partnerView } from './partner-view.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS } from './principal.ts'
import { changeOf, described, exactly, oid, slug, whoOf, words } from './schemas.ts'

const url = { type: 'string', pattern: '^https://[^\\s#@]{1,500}$', description: 'an https:// address' } as const
const endpoints = {
  queryUrl: { ...url, description: 'ITI-38 address of its Responding Gateway; absent: it is not asked' },
  retrieveUrl: { ...url, description: 'ITI-39 address of its Responding Gateway' },
  discoveryUrl: { ...url, description: 'ITI-55 address of its Responding Gateway' },
  pixUrl: { ...url, description: 'ITI-44 and ITI-45 address of its PIX Manager' },
} as const
const audience = {
  ...words,
  description: 'it wants an assertion about who asks, for this audience (XUA)',
} as const
const terms = {
  queryMs: { type: 'integer', minimum: 100, maximum: 600_000, description: 'how long a query of it may take' },
  retrieveMs: { type: 'integer', minimum: 100, maximum: 3_600_000, description: 'how long a retrieval may take' },
  identity: {
    enum: ['none', 'xcpd', 'pix'],
    description:
      'how a patient of ours is found there: linked numbers, discovery (ITI-55), synchronised indexes (PIXv3)',
  },
  isAsynchronous: { type: 'boolean', description: 'its answers come on a connection of their own (WS-Addressing)' },
  status: { enum: PARTNER_STATES, description: 'test: it is asked for testSystems alone; paused: it is not asked' },
  testSystems: {
    type: 'array',
    items: slug,
    maxItems: 100,
    uniqueItems: true,
    description: 'systems for which it is asked while it is tried',
  },
} as const
const added = { ...endpoints, ...terms, assertionAudience: audience }
const partner = exactly(
  {
    facilityId: { ...slug, description: 'facility that stands for the community here' },
    community: { ...oid, description: 'its homeCommunityId, without urn:oid:' },
    ...added,
  },
  Object.keys(added),
)

const orNull = (schema: object) => ({ ...schema, nullable: true })
const edited = {
  ...Object.fromEntries(Object.entries({ ...endpoints, assertionAudience: audience }).map(([n, s]) => [n, orNull(s)])),
  ...terms,
}
const edit = {
  ...exactly({ ...edited, reason: words }, [...Object.keys(edited), 'reason']),
  minProperties: 1,
}

interface Id {
  Params: { id: string }
}

export function registerPartnerRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { store } = ports
  app.get(
    '/partners',
    {
      schema: described('Neighbouring communities and the facilities that stand for them', { roles: NETWORK_READERS }),
    },
    () => store.partners(),
  )
  app.post<{ Body: Partner }>(
    '/partners',
    { schema: described('A facility stands for a neighbouring community from now on', { body: partner }) },
    async (request, reply) => {
      const { facilityId, community } = request.body
      if (ports.network().homeCommunityId === `urn:oid:${community}`) return ourselves(reply)
      const change = changeOf(request, `facility ${facilityId} stands for community ${community}`)
      const stored = await store.addPartner(request.body, change)
      return typeof stored === 'object' ? answerFault(reply, stored) : answerStored(reply, stored, request.body)
    },
  )
  registerOne(app, ports)
  registerTest(app, ports)
}

function registerOne(app: FastifyInstance, ports: AdminPorts): void {
  const { store } = ports
  const find = async (id: string) => (await store.partners()).find(({ facilityId }) => facilityId === id)
  app.get<Id>(
    '/partners/:id',
    { schema: described('All that is known of a neighbouring community', { roles: NETWORK_READERS }) },
    async (request, reply) => {
      const found = await find(request.params.id)
      return found === undefined ? notFound(reply) : partnerView(found, ports)
    },
  )
  app.get<Id>(
    '/partners/:id/revisions',
    {
      schema: described('When and why the terms with a community were changed, the newest first', {
        roles: NETWORK_READERS,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      return (await find(id)) === undefined ? notFound(reply) : store.revisions('partner', id)
    },
  )
  app.patch<Id & { Body: PartnerEdit & { readonly reason?: string } }>(
    '/partners/:id',
    {
      schema: described('Change the terms with a community, pause it or resume it; what is left out stays', {
        body: edit,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const { reason, ...given } = request.body
      const change = { ...changeOf(request, `community of ${id} ${saidOf(given)}`), ...(reason ? { reason } : {}) }
      const changed = await store.editPartner(id, given, change)
      return typeof changed === 'object' ? answerFault(reply, changed) : answerChanged(reply, changed)
    },
  )
  app.delete<Id & { Body: { readonly reason: string } }>(
    '/partners/:id',
    {
      schema: described('Nothing is asked of a community or shown to it any more; its history stays', {
        body: exactly({ reason: words }),
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const change = { ...changeOf(request, `community of ${id} removed`), reason: request.body.reason }
      return answerChanged(reply, await store.removePartner(id, change))
    },
  )
}

function registerTest(app: FastifyInstance, { testPartner }: AdminPorts): void {
  app.post<Id & { Body: { readonly systemId?: string } }>(
    '/partners/:id/test',
    {
      schema: described('Try the connection to a community, step by step; nobody’s data is sent or asked for', {
        body: exactly({ systemId: { ...slug, description: 'system for which it is asked' } }, ['systemId']),
      }),
    },
    async (request, reply) => {
      const tested = await testPartner({ ...whoOf(request), ...request.body, facilityId: request.params.id })
      if (tested === 'missing') return notFound(reply)
      if (tested !== 'no system') return tested
      return invalid(reply, {
        message: 'systemId: no active system of this name, or the facility of the community is not active',
        hint: 'Name an active system, or none; GET /admin/v1/systems and /admin/v1/facilities show what is active',
        ja: '有効なシステムがないか、コミュニティの施設が停止しています。システムIDと施設の状態を確認してください。',
      })
    },
  )
}

/** For the audit: what is so from now on. */
function saidOf(edit: PartnerEdit): string {
  return Object.entries(edit)
    .map(([name, value]) => `${name}: ${[value].flat().join(' ') || 'none'}`)
    .join('; ')
}

/** What it is asked and shown would come from ourselves, and its users would be taken for ours. */
function ourselves(reply: FastifyReply): FastifyReply {
  return invalid(reply, {
    message: 'community: this is the homeCommunityId of this network itself, which is no neighbour of its own',
    hint: 'Send the homeCommunityId of the other community, without urn:oid:; GET /admin/v1/network shows our own',
    ja: 'communityに自ネットワークのホームコミュニティIDが指定されています。相手コミュニティのIDを指定してください。',
  })
}

function answerFault(reply: FastifyReply, given: PartnerFault): FastifyReply {
  switch (given.fault) {
    case 'query and retrieve together':
      return invalid(reply, {
        message: 'queryUrl, retrieveUrl: a community is asked by both, or not at all',
        hint: 'Send both addresses; they are the same where one gateway answers ITI-38 and ITI-39',
        ja: 'queryUrl（ITI-38）とretrieveUrl（ITI-39）は両方を指定してください。同じゲートウェイの場合は同じアドレスで構いません。',
      })
    case 'no address for identity': {
      const [member, what] = given.identity === 'xcpd' ? ['discoveryUrl', 'ITI-55'] : ['pixUrl', 'ITI-44, ITI-45']
      return invalid(reply, {
        message: `identity ${given.identity}: ${member} is required, the ${what} address of the community`,
        hint: `Send ${member}, or another identity`,
        ja: `identity ${given.identity} には ${member}（${what}のアドレス）が必要です。`,
      })
    }
    case 'no address':
      return invalid(reply, {
        message: `${given.member} ${JSON.stringify(given.value)} is no https:// address`,
        hint: 'Send https://host[:port]/path, without a user name and without #',
        ja: `${given.member}が正しいアドレスではありません。https://ホスト[:ポート]/パスを指定してください。`,
      })
    case 'unknown system':
      return invalid(reply, {
        message: `testSystems: "${given.systemId}" is no system of this network`,
        hint: 'GET /admin/v1/systems lists them; register the system first',
        ja: `システム「${given.systemId}」は登録されていません。システムIDを確認してください。`,
      })
  }
  given satisfies never
}
