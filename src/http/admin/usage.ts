// Admin route of storage accounting: what facilities store by month, what it costs, and warnings (idle and full steps, quotas).

import type { FastifyInstance } from 'fastify'
import { findFacility } from '../../access/administration.ts'
import { monthOf, usageOf } from '../../storeclient/contract/usage.ts'
import { notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { FACILITY_READERS, facilityOf, ownFacility } from './principal.ts'
import { described, exactly, month, slug } from './schemas.ts'

const filters = exactly(
  {
    month: { ...month, description: 'YYYY-MM in Japan; the current month when left out' },
    facility: slug,
  },
  ['month', 'facility'],
)

export function registerUsageRoutes(app: FastifyInstance, { usage, store }: AdminPorts): void {
  app.get<{ Querystring: { month?: string; facility?: string } }>(
    '/usage',
    {
      schema: described('Bytes that facilities store in a month (JST), fees and warnings', {
        roles: FACILITY_READERS,
        querystring: filters,
      }),
    },
    async (request, reply) => {
      const { month: asked = monthOf(new Date()), facility = facilityOf(request) } = request.query
      // No figures would say that a facility whose name was mistyped stores nothing.
      const isThere = facility === undefined || (await findFacility(facility, store)) !== undefined
      if (!isThere || (facility !== undefined && !ownFacility(request, facility))) return notFound(reply)
      const figures = await usage.figures({ month: asked, ...(facility === undefined ? {} : { facilityId: facility }) })
      return figures.map((one) => usageOf(one, usage.fees))
    },
  )
}
