// /admin/v1: every route closed without the token, refusals in words; OpenAPI comes from the same schemas that check (design §5).

import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AdministrationStore, Change } from '../../access/ports.ts'
import { explain, IheError } from '../../model/error.ts'
import type { DoorLog } from '../door.ts'
import { nameOf } from '../soap-door.ts'
import { registerFacilityRoutes } from './facilities.ts'
import { type PatientPorts, registerPatientRoutes } from './patients.ts'
import { registerSystemRoutes } from './systems.ts'
import { registerUnionRoutes } from './unions.ts'

export interface AdminPorts {
  readonly token: string
  readonly log: DoorLog
  readonly store: AdministrationStore
  readonly patients: PatientPorts
  readonly readCertificate: (pem: string) => Parameters<AdministrationStore['addCertificate']>[1]
  /** What a connecting vendor needs to know of this network. */
  readonly network: () => Readonly<Record<string, unknown>>
}

export interface AdminError {
  readonly code: string
  readonly message: string
  readonly ja: string
}

const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/

export async function registerAdminApi(app: FastifyInstance, ports: AdminPorts): Promise<void> {
  app.addHook('onRequest', async (request, reply) => authorise(request, reply, ports.token))
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(reply, { error, request, log: ports.log }))
  app.setNotFoundHandler(async (_request, reply) => notFound(reply))
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.get('/network', { schema: described('Identifiers and addresses of this network') }, async () => ports.network())
  registerFacilityRoutes(app, ports)
  registerSystemRoutes(app, ports)
  registerUnionRoutes(app, ports)
  registerPatientRoutes(app, ports)
}

/**
 * The token, compared in constant time. A browser page can reach loopback too, so a foreign Host or any Origin is refused
 * before it (DNS rebinding, request forgery).
 */
async function authorise(
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
): Promise<FastifyReply | undefined> {
  const { host = '', origin, authorization = '' } = request.headers
  if (origin !== undefined || !LOOPBACK_HOST.test(host))
    return answerError(reply, 403, {
      code: 'FOREIGN_ORIGIN',
      message: 'The admin API answers local programs only, not web pages or other host names',
      ja: '管理APIはこのサーバ上のプログラムからのみ利用できます。',
    })
  if (sameText(authorization, `Bearer ${token}`)) return undefined
  return answerError(reply, 401, {
    code: 'TOKEN_REQUIRED',
    message: 'Send Authorization: Bearer with the token that stands in <data directory>/config/admin-token',
    ja: 'データディレクトリの config/admin-token にあるトークンを Authorization: Bearer で送信してください。',
  })
}

function sameText(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

export function answerError(reply: FastifyReply, status: number, error: AdminError): FastifyReply {
  return reply.code(status).send(error)
}

export function notFound(reply: FastifyReply): FastifyReply {
  return answerError(reply, 404, {
    code: 'NOT_FOUND',
    message: 'There is nothing of this name',
    ja: '該当するものがありません。',
  })
}

/** 201 for what is new, 200 for the same again, 409 for other content under the same name, 404 for what it refers to. */
export function answerStored(
  reply: FastifyReply,
  stored: 'created' | 'unchanged' | 'conflict' | 'missing',
  body: unknown,
): FastifyReply {
  switch (stored) {
    case 'created':
      return reply.code(201).send(body)
    case 'unchanged':
      return reply.code(200).send(body)
    case 'missing':
      return notFound(reply)
    case 'conflict':
      return answerError(reply, 409, {
        code: 'CONFLICT',
        message: 'This name, OID or code is already used with other content; read what is there and choose another one',
        ja: 'この名前・OID・コードは別の内容で登録済みです。登録内容を確認してください。',
      })
  }
}

export function answerChanged(reply: FastifyReply, changed: 'changed' | 'missing'): FastifyReply {
  return changed === 'changed' ? reply.code(200).send({ status: 'ok' }) : notFound(reply)
}

export function changeOf(request: FastifyRequest, operation: string): Change {
  return { by: 'admin-token', peer: `${request.socket.remoteAddress}:${request.socket.remotePort}`, operation }
}

/** A schema with a summary and the security every route has. */
export function described(
  summary: string,
  parts: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return { summary, security: [{ token: [] }], ...parts }
}

function refuse(
  reply: FastifyReply,
  given: { readonly error: FastifyError; readonly request: FastifyRequest; readonly log: DoorLog },
): FastifyReply {
  const { error } = given
  if (error instanceof IheError) {
    const status = error.row.code === 'BUSY' ? 503 : 409
    return answerError(reply, status, { code: error.row.code, message: explain(error), ja: error.row.ja })
  }
  if (error.validation !== undefined)
    return answerError(reply, 400, {
      code: 'INVALID',
      message: validationText(error),
      ja: `入力に誤りがあります: ${validationText(error)}`,
    })
  if ((error.statusCode ?? 500) < 500)
    return answerError(reply, error.statusCode ?? 400, {
      code: 'INVALID',
      message: error.message,
      ja: 'リクエストに誤りがあります。',
    })
  given.log.error({ cause: nameOf(error), route: given.request.routeOptions.url }, 'an admin request failed')
  return answerError(reply, 500, {
    code: 'INTERNAL',
    message: 'The server failed on this request; see its log',
    ja: 'サーバ内部の障害です。ログを確認してください。',
  })
}

/** Which member, what is wrong with it, what would do. */
function validationText(error: FastifyError): string {
  return (error.validation ?? [])
    .map(({ instancePath, message, params }) => {
      const { additionalProperty, allowedValues, missingProperty } = params as Record<string, unknown>
      if (additionalProperty !== undefined) return `"${String(additionalProperty)}" is not a member of this request`
      if (missingProperty !== undefined) return `"${String(missingProperty)}" is required`
      const choice = Array.isArray(allowedValues) ? `: ${allowedValues.join(', ')}` : ''
      return `${instancePath.slice(1).replaceAll('/', '.') || 'body'} ${message ?? 'is wrong'}${choice}`
    })
    .join('; ')
}
