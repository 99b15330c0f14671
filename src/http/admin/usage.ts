// Admin route of storage accounting: what facilities store by month, what it costs, and warnings (idle and full steps, quotas).

import type { FastifyInstance } from 'fastify'
import { monthOf, usageOf } from '../../storeclient/contract/usage.ts'
import type { AdminPorts } from './ports.ts'
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
    { schema: described('Bytes that facilities store in a month (JST), fees and warnings', { querystring: asked }) },
    async (request) => {
      const { month = monthOf(new Date()), facility } = request.query
      const figures = await usage.figures({ month, ...(facility === undefined ? {} : { facilityId: facility }) })
      return figures.map((one) => usageOf(one, usage.fees))
    },
  )
}
