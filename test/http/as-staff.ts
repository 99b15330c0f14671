// Admin routes as a member of staff meets them who has logged on, without the log-on: the principal is handed in (src/http/admin/principal.ts).

import fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { registerEmergencyRoutes } from '../../src/http/admin/emergency.ts'
import type { AdminPorts } from '../../src/http/admin/ports.ts'
import { decoratePrincipal, refuseRole, setPrincipal } from '../../src/http/admin/principal.ts'
import type { Principal } from '../../src/model/user.ts'

export interface StaffAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly body: Record<string, unknown>
  readonly list: readonly Record<string, unknown>[]
}

export type AsStaff = (principal: Principal, call: readonly [string, string, unknown?]) => Promise<StaffAnswer>

/** Routes of emergency access over the ports of a server. */
export async function asStaff(t: Test, emergency: AdminPorts['emergency']): Promise<AsStaff> {
  let asking: Principal = { kind: 'host' }
  const app: FastifyInstance = fastify({
    ajv: { customOptions: { removeAdditional: false, allErrors: true, coerceTypes: false } },
  })
  decoratePrincipal(app)
  app.addHook('onRequest', async (request) => setPrincipal(request, asking))
  app.addHook('onRequest', async (request, reply) => refuseRole(request, reply))
  registerEmergencyRoutes(app, { emergency } as AdminPorts)
  await app.ready()
  t.teardown(() => app.close())
  return async (principal, [method, url, payload]) => {
    asking = principal
    const response = await app.inject({
      method: method as 'GET',
      url,
      ...(payload === undefined ? {} : { payload: payload as object }),
    })
    const { date: _date, ...headers } = response.headers
    const parsed = /json/.test(String(headers['content-type'])) ? JSON.parse(response.payload) : {}
    return { status: response.statusCode, headers, text: response.payload, body: parsed, list: parsed }
  }
}
