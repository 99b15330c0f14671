// Admin routes of audit repositories: where the audit records of this network are sent, and how far each has got (ITI TF-2 3.20).

import type { FastifyInstance } from 'fastify'
import type { NewTarget } from '../../audit/targets.ts'
import { answerChanged, answerStored, invalid, notFound } from './answers.ts'
import type { AuditTargetPorts } from './audit-target-ports.ts'
import { NETWORK_READERS } from './principal.ts'
import { changeOf, described, exactly, slug, words } from './schemas.ts'

const PATH = '/audit/targets'
const host = {
  type: 'string',
  pattern: '^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$|^[0-9A-Fa-f:.]+$',
  maxLength: 253,
  description: 'host name or address',
} as const
const path = {
  type: 'string',
  pattern: '^/[^\\u0000]+$',
  maxLength: 1000,
  description: 'path of a file on the servers',
}
const MAX_POSITION = Number.MAX_SAFE_INTEGER

const target = {
  ...exactly(
    {
      name: slug,
      host,
      port: { type: 'integer', minimum: 1, maximum: 65535, default: 6514 },
      serverName: { ...host, description: 'name that its certificate has to bear; absent: the host' },
      ca: {
        type: 'string',
        maxLength: 65536,
        description: 'PEM of the authorities of its certificate; absent: those of tls.ca',
      },
      certificate: { ...path, description: 'certificate to show it, a file on the servers; absent: the server’s own' },
      key: { ...path, description: 'the key of that certificate' },
      withReceived: { type: 'boolean', default: false, description: 'send on what other systems sent us' },
      fromTheBeginning: { type: 'boolean', default: false, description: 'send what was recorded before, too' },
    },
    ['port', 'serverName', 'ca', 'certificate', 'key', 'withReceived', 'fromTheBeginning'],
  ),
  dependencies: { certificate: ['key'], key: ['certificate'] },
}
const status = exactly({ status: { enum: ['active', 'paused'] }, reason: words }, ['reason'])
const position = exactly({
  after: {
    type: 'integer',
    minimum: 0,
    maximum: MAX_POSITION,
    description: 'number of the seal after which everything is sent; 0: from the beginning',
  },
})

type Named = { Params: { name: string } }

export function registerAuditTargetRoutes(app: FastifyInstance, { store, checkAuthorities }: AuditTargetPorts): void {
  app.get(
    PATH,
    { schema: described('Audit repositories, and how sending to each stands', { roles: NETWORK_READERS }) },
    () => store.targets(),
  )
  app.post<{ Body: NewTarget }>(
    PATH,
    { schema: described('Send audit records to a repository (ITI-20, syslog over TLS)', { body: target }) },
    async (request, reply) => {
      const given = request.body
      const fault = given.ca === undefined ? undefined : faultOf(checkAuthorities, given.ca)
      if (fault !== undefined)
        return invalid(reply, {
          message: `ca: ${fault}`,
          hint: 'Send the PEM text of the authorities that issued the certificate of the audit repository',
          ja: `監査リポジトリのサーバ証明書の認証局として使用できません（${fault}）。認証局の証明書のPEMを指定してください。`,
        })
      const change = changeOf(request, `audit target ${given.name} (${given.host}:${given.port}) added`)
      return answerStored(reply, await store.add(given, change), { name: given.name })
    },
  )
  app.patch<Named & { Body: { status: 'active' | 'paused'; reason?: string } }>(
    `${PATH}/:name`,
    { schema: described('Pause or resume sending; what is recorded meanwhile is sent later', { body: status }) },
    async (request, reply) => {
      const { name } = request.params
      const { status, reason } = request.body
      const change = changeOf(request, `audit target ${name} ${status}`)
      const changed = status === 'paused' ? store.pause(name, reason, change) : store.resume(name, change)
      return answerChanged(reply, await changed)
    },
  )
  app.delete<Named>(
    `${PATH}/:name`,
    { schema: described('Send nothing more to a repository') },
    async (request, reply) => {
      const { name } = request.params
      return answerChanged(reply, await store.remove(name, changeOf(request, `audit target ${name} removed`)))
    },
  )
  app.post<Named & { Body: { after: number } }>(
    `${PATH}/:name/resend`,
    { schema: described('Go on after a seal, before or behind the one that was sent last', { body: position }) },
    async (request, reply) => {
      const { name } = request.params
      const { after } = request.body
      const there = (await store.targets()).find((one) => one.name === name)
      if (there === undefined) return notFound(reply)
      const head = there.sentTo + there.waiting
      if (after > head)
        return invalid(reply, {
          message: `after: ${after} is behind the last seal, ${head}`,
          hint: `Give a number from 0 to ${head}`,
          ja: `after ${after} は最後の封印番号 ${head} を超えています。0から${head}までの番号を指定してください。`,
        })
      const change = changeOf(
        request,
        `audit target ${name} goes on after seal ${after}, before it was ${there.sentTo}`,
      )
      return answerChanged(reply, await store.resend(name, after, change))
    },
  )
}

function faultOf(check: (pem: string) => void, pem: string): string | undefined {
  try {
    check(pem)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
