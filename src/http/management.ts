// The management door: health, metrics and the admin API on loopback (reliability: lifecycle; design §5).

import type { AddressInfo } from 'node:net'
import fastifySwagger from '@fastify/swagger'
import fastify from 'fastify'
import type { Registry } from 'prom-client'
import { registerAdminApi } from './admin/api.ts'
import type { AdminPorts } from './admin/ports.ts'
import { registerPkiRoutes } from './pki.ts'
import { compiledWhenCalled, ROUTE_AJV } from './route-schemas.ts'

export interface ManagementOptions {
  readonly metrics: Registry
  /** Name of each check and `ok` or what is wrong, without personal data. */
  readonly checks: () => Promise<Readonly<Record<string, string>>>
  readonly admin: AdminPorts
}

export interface ManagementDoor {
  readonly listen: (port: number, host: string) => Promise<number>
  /** From now on /readyz says no, so that a load balancer turns away. */
  readonly drain: () => void
  readonly close: () => Promise<void>
}

const MAX_BODY_BYTES = 1024 * 1024
/** A database that answers later than this is none (reliability: health). */
const READY_WITHIN_MS = 1000
/** The longest patient number in a path, percent-encoded. */
const MAX_PARAMETER_LENGTH = 2400

export async function createManagement(options: ManagementOptions): Promise<ManagementDoor> {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    schemaController: compiledWhenCalled(),
    ajv: ROUTE_AJV,
  })
  // An error text may name hosts and values; the doors of health and metrics need none.
  app.setErrorHandler((_error, _request, reply) => reply.code(500).send({ status: 'failed' }))
  let draining = false
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tsunagi admin API',
        version: '1',
        description: 'Facilities, systems, unions, consents and patients of the network',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
  })
  app.get('/livez', { schema: { hide: true } }, async () => ({ status: 'ok' }))
  app.get('/startupz', { schema: { hide: true } }, async () => ({ status: 'ok' }))
  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const checks = draining ? { drain: 'shutting down' } : await boundedChecks(options.checks)
    const ready = Object.values(checks).every((check) => check === 'ok')
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'not ready', checks })
  })
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(options.metrics.contentType).send(await options.metrics.metrics()),
  )
  await app.register(async (scope) => registerPkiRoutes(scope, options.admin.certificates))
  await app.register(async (scope) => registerAdminApi(scope, options.admin), { prefix: '/admin/v1' })
  await app.ready()
  return {
    listen: async (port, host) => {
      // Of this process alone: a figure must be its own, whoever shares the other doors.
      await app.listen({ port, host, exclusive: true })
      return (app.server.address() as AddressInfo).port
    },
    drain: () => {
      draining = true
    },
    close: () => app.close(),
  }
}

/** The checks, or that there was no answer in time. */
async function boundedChecks(checks: ManagementOptions['checks']): Promise<Readonly<Record<string, string>>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Readonly<Record<string, string>>>((resolve) => {
    timer = setTimeout(resolve, READY_WITHIN_MS, { checks: 'no answer in time' })
  })
  try {
    return await Promise.race([checks(), late])
  } catch {
    return { checks: 'failed' }
  } finally {
    clearTimeout(timer)
  }
}
