// What anybody may have from the management door without a token: our revocation list, and a PKCS#12 for its code and password.

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { IheError } from '../model/error.ts'
import { answerError, answerRefusal } from './admin/answers.ts'
import { answerIssueFault } from './admin/certificate-answers.ts'
import type { CertificatePorts } from './admin/certificate-ports.ts'
import { exactly } from './admin/schemas.ts'

export type PkiPorts = Pick<CertificatePorts, 'revocationList' | 'fetchPkcs12'>

const PEM_TYPE = 'application/x-pem-file'
const secret = { type: 'string', minLength: 1, maxLength: 100 } as const

export function registerPkiRoutes(app: FastifyInstance, ports: PkiPorts): void {
  app.setErrorHandler((error: FastifyError, _request, reply) => refuse(reply, error))
  app.get('/pki/crl', { schema: { hide: true } }, (request, reply) => sendList(request, reply, ports))
  app.post<{ Body: { code: string; password: string } }>(
    '/pki/pkcs12',
    { schema: { hide: true, body: exactly({ code: secret, password: secret }) } },
    async (request, reply) => {
      const peer = `${request.socket.remoteAddress}:${request.socket.remotePort}`
      const { code, password } = request.body
      const fetched = await ports.fetchPkcs12({ code, password }, { by: 'pkcs12-code', peer, operation: '' })
      reply.header('cache-control', 'no-store')
      if (!('fault' in fetched))
        return reply
          .type('application/x-pkcs12')
          .header('content-disposition', `attachment; filename="${fetched.systemId}.p12"`)
          .send(fetched.file)
      if (fetched.fault !== 'no such order') return answerIssueFault(reply, fetched)
      return answerError(reply, 404, {
        code: 'NO_SUCH_ORDER',
        message: 'Code or password is wrong, or the code was used or is older than 24 hours',
        hint: 'Compare both with what you were given; after five wrong passwords, or when it was used, the operator orders another one',
        ja: 'コードまたはパスワードが正しくないか、使用済みまたは24時間を過ぎています。運用者に再発行を依頼してください。',
      })
    },
  )
}

/** DER, as RFC 5280 has it; PEM for `?format=pem` or who accepts that. */
async function sendList(request: FastifyRequest, reply: FastifyReply, ports: PkiPorts): Promise<FastifyReply> {
  const list = await ports.revocationList()
  if (list === undefined)
    return answerError(reply, 404, {
      code: 'NO_LIST',
      message: 'There is no revocation list yet: the issuing authority cannot sign one',
      hint: 'See "tsunagi cert authority show" on the server',
      ja: '失効リストはまだありません。発行認証局の状態を確認してください。',
    })
  const { format } = request.query as { readonly format?: unknown }
  const wantsPem = format === 'pem' || request.headers.accept?.includes(PEM_TYPE) === true
  reply.header('last-modified', list.thisUpdate.toUTCString()).header('expires', list.nextUpdate.toUTCString())
  return wantsPem ? reply.type(PEM_TYPE).send(list.pem) : reply.type('application/pkix-crl').send(list.der)
}

/** What was sent is not repeated: it may be a code or a password. */
function refuse(reply: FastifyReply, error: FastifyError | IheError): FastifyReply {
  if (error instanceof IheError) return answerRefusal(reply, error)
  const status = error.statusCode ?? 500
  if (status >= 500) return reply.code(500).send({ status: 'failed' })
  return answerError(reply, status, {
    code: 'INVALID',
    message: 'This is not {"code": "…", "password": "…"} as application/json',
    hint: 'Send both as you were given them, and nothing else',
    ja: 'code と password をJSON（application/json）で送信してください。',
  })
}
