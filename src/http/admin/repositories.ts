// Admin routes of repositories of this network apart from this server (docs/federation.md).

import type { FastifyInstance, FastifyReply } from 'fastify'
import { isAddress } from '../../access/administration/partners.ts'
import {
  REPOSITORY_STATES,
  type RepositoryApart,
  type RepositoryEdit,
} from '../../access/administration/repository-ports.ts'
import { answerChanged, answerStored, invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS } from './principal.ts'
import { changeOf, described, exactly, oid, slug, words } from './schemas.ts'

const facilityId = {
  ...slug,
  description: 'facility whose authorities hold for its server certificate; absent: those of the network alone',
} as const
const terms = {
  url: { type: 'string', pattern: '^https://[^\\s#@]{1,500}$', description: 'its ITI-43 address, https://' },
  retrieveMs: { type: 'integer', minimum: 100, maximum: 3_600_000, description: 'how long a retrieval may take' },
  status: { enum: REPOSITORY_STATES, description: 'paused: nothing is fetched from it' },
} as const
const repository = exactly(
  { repositoryUniqueId: { ...oid, description: 'as in the entries of its documents' }, ...terms, facilityId },
  ['retrieveMs', 'status', 'facilityId'],
)
const edited = { ...terms, facilityId: { ...facilityId, nullable: true } }
const edit = {
  ...exactly({ ...edited, reason: words }, [...Object.keys(edited), 'reason']),
  minProperties: 1,
}

interface Id {
  Params: { id: string }
}

export function registerRepositoryRoutes(app: FastifyInstance, { store, ownRepository }: AdminPorts): void {
  app.get(
    '/repositories',
    {
      schema: described('Repositories and On-Demand Document Sources apart, whose documents the gateways fetch', {
        roles: NETWORK_READERS,
      }),
    },
    () => store.repositories(),
  )
  app.post<{ Body: RepositoryApart }>(
    '/repositories',
    { schema: described('The gateways fetch documents of a repository apart from now on', { body: repository }) },
    async (request, reply) => {
      const { repositoryUniqueId, url } = request.body
      if (repositoryUniqueId === ownRepository) return answerOwn(reply)
      if (!isAddress(url)) return answerNoAddress(reply, url)
      const change = changeOf(request, `repository ${repositoryUniqueId} is at ${url}`)
      return answerStored(reply, await store.addRepository(request.body, change), request.body)
    },
  )
  app.patch<Id & { Body: RepositoryEdit & { readonly reason?: string } }>(
    '/repositories/:id',
    {
      schema: described('Change where a repository apart is asked, pause it or resume it; what is left out stays', {
        body: edit,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const { reason, ...given } = request.body
      if (given.url !== undefined && !isAddress(given.url)) return answerNoAddress(reply, given.url)
      const said = Object.entries(given).map(([name, value]) => `${name}: ${value ?? 'none'}`)
      const change = { ...changeOf(request, `repository ${id} ${said.join('; ')}`), ...(reason ? { reason } : {}) }
      return answerChanged(reply, await store.editRepository(id, given, change))
    },
  )
  app.delete<Id & { Body: { readonly reason: string } }>(
    '/repositories/:id',
    {
      schema: described('Nothing is fetched from a repository apart any more; its history stays', {
        body: exactly({ reason: words }),
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const change = { ...changeOf(request, `repository ${id} removed`), reason: request.body.reason }
      return answerChanged(reply, await store.removeRepository(id, change))
    },
  )
  app.get<Id>(
    '/repositories/:id/revisions',
    {
      schema: described('When and why a repository apart was changed or removed, the newest first', {
        roles: NETWORK_READERS,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const revisions = await store.revisions('repository', id)
      const isKnown = (await store.repositories()).some(({ repositoryUniqueId }) => repositoryUniqueId === id)
      return revisions.length === 0 && !isKnown ? notFound(reply) : revisions
    },
  )
}

function answerOwn(reply: FastifyReply): FastifyReply {
  return invalid(reply, {
    message: 'repositoryUniqueId: this is the repository of this server (repository.uniqueId)',
    hint: 'Nothing is needed for its own documents; send the repositoryUniqueId of the repository apart',
    ja: 'このサーバー自身のリポジトリIDです。別のリポジトリのrepositoryUniqueIdを指定してください。',
  })
}

function answerNoAddress(reply: FastifyReply, value: string): FastifyReply {
  return invalid(reply, {
    message: `url ${JSON.stringify(value)} is no https:// address`,
    hint: 'Send https://host[:port]/path, without a user name and without #',
    ja: 'urlが正しいアドレスではありません。https://ホスト[:ポート]/パスを指定してください。',
  })
}
