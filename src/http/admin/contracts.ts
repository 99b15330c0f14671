// Admin routes of StoreClient contracts: agreed kinds, messages for unlinked numbers, shrink guard, quota.

import type { FastifyInstance, FastifyReply } from 'fastify'
import { DEFAULT_CONTRACT } from '../../model/caller.ts'
import { type ContractChange, unknownKinds } from '../../storeclient/contract/contract.ts'
import { invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { FACILITY_READERS } from './principal.ts'
import { described, exactly, whoOf, words } from './schemas.ts'

const terms = {
  kinds: {
    anyOf: [
      { const: 'all' },
      { type: 'array', items: { type: 'string', maxLength: 20 }, minItems: 1, maxItems: 100, uniqueItems: true },
    ],
    description: 'all, or a list of data kinds',
  },
  unlinked: { enum: ['refuse', 'hold'] },
  shrinkGuard: { enum: ['keep-parts', 'replace'] },
  quotaBytes: {
    anyOf: [{ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, { type: 'null' }],
    description: 'bytes; null takes the quota back',
  },
} as const
const change = { ...exactly({ ...terms, reason: words }, [...Object.keys(terms), 'reason']), minProperties: 1 }

export function registerContractRoutes(app: FastifyInstance, { contracts }: AdminPorts): void {
  const answer = async (id: string, reply: FastifyReply) => {
    const history = await contracts.history(id)
    if (history === undefined) return notFound(reply)
    return { facilityId: id, contract: history[0] ?? DEFAULT_CONTRACT, history }
  }
  app.get<{ Params: { id: string } }>(
    '/facilities/:id/contract',
    {
      schema: described('The StoreClient contract of a facility, and what it was before', {
        roles: FACILITY_READERS,
        own: 'facility',
      }),
    },
    (request, reply) => answer(request.params.id, reply),
  )
  app.patch<{ Params: { id: string }; Body: ContractChange & { reason?: string } }>(
    '/facilities/:id/contract',
    { schema: described('Change the StoreClient contract; what is left out stays', { body: change }) },
    async (request, reply) => {
      const { id } = request.params
      const { reason, ...given } = request.body
      const unknown = unknownKinds(given)
      if (unknown.length > 0) return unknownKind(reply, unknown)
      const setting = reason === undefined ? whoOf(request) : { ...whoOf(request), reason }
      const set = await contracts.set(id, given, setting)
      return set === 'missing' ? notFound(reply) : answer(id, reply)
    },
  )
}

function unknownKind(reply: FastifyReply, unknown: readonly string[]): FastifyReply {
  return invalid(reply, {
    message: `kinds: ${unknown.map((kind) => `"${kind}"`).join(', ')} is no data kind`,
    hint: 'Name data kinds as ADT-00, OMP-01, OML-11 (docs/storeclient/contract.md), or all',
    ja: `「${unknown.join('、')}」というデータ種別はありません。ADT-00、OMP-01、OML-11などの種別か、allを指定してください。`,
  })
}
