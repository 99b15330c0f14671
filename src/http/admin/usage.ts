// Admin route of storage accounting: what facilities store by month, what it costs, and warnings (idle and full steps, quotas).

import type { FastifyInstance } from 'fastify'
import { monthOf, usageOf } from '../../storeclient/contract/usage.ts'
import { notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { FACILITY_READERS, facilityOf, ownFacility } from './principal.ts'
import { described, exactly, slug } from './schemas.ts'

const asked = exactly(
  {
    month: {
      type: 'string',
      pattern: '^\\d{4}-(0[1-9]|1[0-2])$',
      description: 'YYYY-MM; the current month when left out',
    },
    facility: slug,
  },
  ['month', 'facility'],
)

export function registerUsageRoutes(app: FastifyInstance, { usage }: AdminPorts): void {
  app.get<{ Querystring: { month?: string; facility?: string } }>(
    '/usage',
    {
      schema: described('Bytes that facilities store in a month (JST), fees and warnings', {
        roles: FACILITY_READERS,
        querystring: asked,
      }),
    },
    async (request, reply) => {
      const { month = monthOf(new Date()), facility = facilityOf(request) } = request.query
      if (facility !== undefined && !ownFacility(request, facility)) return notFound(reply)
      const figures = await usage.figures({ month, ...(facility === undefined ? {} : { facilityId: facility }) })
      return figures.map((one) => usageOf(one, usage.fees))
    },
  )
}
