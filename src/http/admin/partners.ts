// Admin routes of neighbouring communities (XCA; idlink U-9, X-4).

import type { FastifyInstance } from 'fastify'
import type { Partner } from '../../access/administration/partner-ports.ts'
import { answerStored } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS } from './principal.ts'
import { changeOf, described, exactly, oid, slug, words } from './schemas.ts'

const url = { type: 'string', pattern: '^https://\\S{1,500}$', description: 'an https:// address' } as const
const endpoints = {
  queryUrl: { ...url, description: 'ITI-38 address of its Responding Gateway; absent: it is not asked' },
  retrieveUrl: { ...url, description: 'ITI-39 address of its Responding Gateway' },
  discoveryUrl: { ...url, description: 'ITI-55 address of its Responding Gateway' },
  pixUrl: { ...url, description: 'ITI-44 and ITI-45 address of its PIX Manager' },
} as const
const terms = {
  identity: {
    enum: ['none', 'xcpd', 'pix'],
    description:
      'how a patient of ours is found there: linked numbers, discovery (ITI-55), synchronised indexes (PIXv3)',
  },
  isAsynchronous: { type: 'boolean', description: 'its answers come on a connection of their own (WS-Addressing)' },
  assertionAudience: { ...words, description: 'it wants an assertion about who asks, for this audience (XUA)' },
} as const
const partner = exactly(
  {
    facilityId: { ...slug, description: 'facility that stands for the community here' },
    community: { ...oid, description: 'its homeCommunityId, without urn:oid:' },
    ...endpoints,
    ...terms,
  },
  [...Object.keys(endpoints), ...Object.keys(terms)],
)

export function registerPartnerRoutes(app: FastifyInstance, { store }: AdminPorts): void {
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
      const change = changeOf(request, `facility ${facilityId} stands for community ${community}`)
      return answerStored(reply, await store.addPartner(request.body, change), request.body)
    },
  )
}
