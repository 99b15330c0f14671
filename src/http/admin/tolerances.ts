// Admin route of what was tolerated in the messages of a system, with the words its vendor needs (StoreClient).

import type { FastifyInstance } from 'fastify'
import { errorRow } from '../../../profiles/errors/index.ts'
import type { ToleratedRow } from '../../model/tolerated.ts'
import { notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { FACILITY_READERS } from './principal.ts'
import { described } from './schemas.ts'

export function registerToleranceRoutes(app: FastifyInstance, { store, tolerances }: AdminPorts): void {
  app.get<{ Params: { id: string } }>(
    '/systems/:id/tolerances',
    {
      schema: described('What was tolerated in the messages of a system, the latest first', {
        roles: FACILITY_READERS,
        own: 'system',
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      if (!(await store.systems()).some(({ systemId }) => systemId === id)) return notFound(reply)
      return (await tolerances(id)).map(explained)
    },
  )
}

function explained(tolerated: ToleratedRow): Readonly<Record<string, unknown>> {
  const row = errorRow(tolerated.code)
  if (row === undefined) return { ...tolerated }
  const { message, hint, ja } = row
  return { ...tolerated, application: row.v2.application, message, hint, ja }
}
