// Admin routes of patient discovery at neighbouring communities (XCPD, ITI-55; docs/federation.md).

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Sought } from '../../gateway/discovery-administration.ts'
import { answerError, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS } from './principal.ts'
import { described, exactly, slug, whoOf, words } from './schemas.ts'

interface Discover {
  Params: { id: string }
  Body: { patient: string; forFacility?: string }
}

const asked = exactly(
  {
    patient: { ...words, description: 'id of the network' },
    forFacility: { ...slug, description: 'for which it is asked, where the agreement is with some facilities only' },
  },
  ['forFacility'],
)

export function registerDiscoveryRoutes(app: FastifyInstance, { discovery, patients }: AdminPorts): void {
  app.post<Discover>(
    '/partners/:id/discover',
    {
      schema: described('Ask a community who a patient is there (ITI-55), whatever is known already; audited', {
        body: asked,
      }),
    },
    async (request, reply) => {
      const { id: facilityId } = request.params
      if ((await patients.byXad(request.body.patient)) === undefined) return notFound(reply)
      return answerSought(reply, await discovery.discover({ facilityId, ...request.body }, whoOf(request)))
    },
  )
  app.get<{ Params: { xad: string } }>(
    '/patients/:xad/correlations',
    {
      schema: described('Ids of a patient that communities told us, or we told them, the newest first', {
        roles: NETWORK_READERS,
      }),
    },
    async (request, reply) => {
      const person = await patients.byXad(request.params.xad)
      return person === undefined ? notFound(reply) : discovery.correlations(person.key)
    },
  )
  app.get(
    '/discovery-questions',
    { schema: described('Answers of communities from which nobody was chosen: find out who is meant, and link') },
    () => discovery.questions(),
  )
}

/** What came of it is an answer, also that the community could not be reached; what was not asked is a refusal. */
function answerSought(reply: FastifyReply, sought: Sought): FastifyReply {
  switch (sought.kind) {
    case 'no partner':
      return answerError(reply, 409, {
        code: 'NOT_ASKED',
        message: 'Nothing lets us ask this community by ITI-55',
        hint: 'It has to be active, with identity xcpd, a discoveryUrl, and an agreement that runs and is not only outgoing; name forFacility where the agreement is with some facilities only',
        ja: 'このコミュニティにはITI-55で照会できません。状態（active）、identity（xcpd）、discoveryUrl、有効な合意を確認してください。一部の施設との合意の場合は forFacility を指定してください。',
      })
    case 'no consent':
      return answerError(reply, 409, {
        code: 'NOT_ASKED',
        message: 'No consent for sharing with this community stands',
        hint: 'Record a consent with sharesWithCommunities that does not exclude the community',
        ja: 'このコミュニティとの共有に対する同意がありません。',
      })
    case 'not asked':
      return answerError(reply, 409, {
        code: 'NOT_ASKED',
        message: 'Name and birth date of the patient are not known, or a source asks for discretion',
        hint: 'Link the number of the community instead: tsunagi patient link',
        ja: '患者の氏名・生年月日が不明、または情報源により開示が制限されています。患者番号の名寄せを行ってください。',
      })
    case 'known':
    case 'unknown':
    case 'changed':
    case 'open':
    case 'unavailable':
      return reply.code(200).send({ outcome: sought.kind, ...('reason' in sought ? { reason: sought.reason } : {}) })
  }
  sought satisfies never
}
