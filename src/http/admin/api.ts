// /admin/v1: every route closed without the token, refusals in words; OpenAPI comes from the same schemas that check (design §5).

import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { IheError } from '../../model/error.ts'
import type { DoorLog } from '../door.ts'
import { nameOf } from '../failure.ts'
import { answerError, answerInvalid, answerRefusal, notFound } from './answers.ts'
import { registerCalendarRoutes } from './calendar.ts'
import { registerContractRoutes } from './contracts.ts'
import { registerDocumentRoutes } from './documents.ts'
import { registerFacilityRoutes } from './facilities.ts'
import { registerMatchingRoutes } from './matching.ts'
import { registerMergeRoutes } from './merges.ts'
import { registerSearchRoutes } from './patient-search.ts'
import { registerTransferRoutes } from './patient-transfer.ts'
import { registerPatientRoutes } from './patients.ts'
import type { AdminPorts } from './ports.ts'
import { decoratePrincipal, refuseRole, setPrincipal } from './principal.ts'
import { registerReviewRoutes } from './reviews.ts'
import { described, isStaffName, STAFF_HEADER } from './schemas.ts'
import { registerStorageExport } from './storage-export.ts'
import { registerSubscriptionRoutes } from './subscriptions.ts'
import { registerSystemRoutes } from './systems.ts'
import { registerToleranceRoutes } from './tolerances.ts'
import { registerUnionRoutes } from './unions.ts'
import { registerUsageRoutes } from './usage.ts'
import { registerWithheldRoutes } from './withheld.ts'

const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

export async function registerAdminApi(app: FastifyInstance, ports: AdminPorts): Promise<void> {
  decoratePrincipal(app)
  app.addHook('onRequest', async (request, reply) => authorise(request, reply, ports))
  app.addHook('onRequest', async (request, reply) => refuseRole(request, reply))
  app.addHook('onSend', async (request) => {
    if (request.method !== 'GET') ports.changed()
  })
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(reply, { error, request, log: ports.log }))
  app.setNotFoundHandler(async (_request, reply) => notFound(reply))
  app.get('/openapi.json', { schema: { ...described('', { roles: 'anyone' }), hide: true } }, async () => app.swagger())
  app.get(
    '/network',
    { schema: described('Identifiers and addresses of this network', { roles: 'anyone' }) },
    async () => ports.network(),
  )
  registerFacilityRoutes(app, ports)
  registerStorageExport(app, ports)
  registerSystemRoutes(app, ports)
  registerToleranceRoutes(app, ports)
  registerUnionRoutes(app, ports)
  registerPatientRoutes(app, ports)
  registerSearchRoutes(app, ports)
  registerTransferRoutes(app, ports)
  registerMergeRoutes(app, ports)
  registerReviewRoutes(app, ports)
  registerMatchingRoutes(app, ports)
  registerSubscriptionRoutes(app, ports)
  registerContractRoutes(app, ports)
  registerWithheldRoutes(app, ports)
  registerUsageRoutes(app, ports)
  registerCalendarRoutes(app, ports)
  registerDocumentRoutes(app, ports)
}

/**
 * The token, compared in constant time. A browser page can reach loopback too, so a foreign Host or any Origin is refused
 * before it (DNS rebinding, request forgery).
 */
async function authorise(
  request: FastifyRequest,
  reply: FastifyReply,
  { token, hostNames = [] }: AdminPorts,
): Promise<FastifyReply | undefined> {
  const { host = '', origin, authorization = '' } = request.headers
  const name = host.toLowerCase().replace(/:\d+$/, '')
  if (origin !== undefined || !(LOOPBACK_HOST.test(name) || hostNames.includes(name)))
    return answerError(reply, 403, {
      code: 'FOREIGN_ORIGIN',
      message: 'The admin API answers local programs only, not web pages or other host names',
      hint: 'Call it as localhost or 127.0.0.1 from a program on this host, without an Origin header',
      ja: '管理APIはこのサーバ上のプログラムからのみ利用できます。',
    })
  if (sameText(authorization, `Bearer ${token}`)) {
    setPrincipal(request, { kind: 'host' })
    return refuseStaff(request, reply)
  }
  return answerError(reply, 401, {
    code: 'TOKEN_REQUIRED',
    message: 'The admin API needs its token',
    hint: 'Send Authorization: Bearer with the token that stands in <data directory>/config/admin-token',
    ja: '管理APIのトークンが必要です。データディレクトリの config/admin-token にあるトークンを Authorization: Bearer で送信してください。',
  })
}

/** A name that history and audit are to keep is one that they can show. */
function refuseStaff(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const name = request.headers[STAFF_HEADER]
  if (name === undefined || isStaffName(name)) return undefined
  return answerError(reply, 400, {
    code: 'INVALID',
    message: `${STAFF_HEADER} names no member of staff`,
    hint: 'Send a name of letters, digits, dots, hyphens and @, at most 64 characters, or leave the header out',
    ja: `${STAFF_HEADER} は英数字・ピリオド・ハイフン・@ の64文字以内で指定してください。`,
  })
}

function sameText(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

function refuse(
  reply: FastifyReply,
  given: { readonly error: FastifyError; readonly request: FastifyRequest; readonly log: DoorLog },
): FastifyReply {
  const { error } = given
  if (error instanceof IheError) return answerRefusal(reply, error)
  if (error.validation !== undefined) return answerInvalid(reply, error)
  const status = error.statusCode ?? 500
  if (status < 500)
    return answerError(reply, status, {
      code: 'INVALID',
      message: error.message,
      hint: 'Send JSON as Content-Type: application/json; GET /admin/v1/openapi.json has the schema of every request',
      ja: 'リクエストに誤りがあります。Content-Type: application/json でJSONを送信してください。',
    })
  given.log.error({ cause: nameOf(error), route: given.request.routeOptions.url }, 'an admin request failed')
  return answerError(reply, 500, {
    code: 'INTERNAL',
    message: 'The server failed on this request',
    hint: 'See the log of the server; what was not confirmed was not stored',
    ja: 'サーバ内部の障害です。ログを確認してください。',
  })
}
