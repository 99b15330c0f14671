// Who may call an admin route, and whose objects they may touch (design §4; idlink ).

import fastify from 'fastify'
import t from 'tap'
import {
  decoratePrincipal,
  ownFacility,
  principalOf,
  refuseRole,
  setPrincipal,
} from '../../src/http/admin/principal.ts'
import { described, whoOf } from '../../src/http/admin/schemas.ts'
import type { Principal } from '../../src/model/user.ts'

const HOST: Principal = { kind: 'host' }
const person = (parts: Partial<Principal & { kind: 'staff' }> = {}): Principal => ({
  kind: 'staff',
  staffId: 'sato-hanako',
  facilityId: 'clinic-b',
  roles: [],
  job: 'clerk',
  mayUseEms: false,
  ...parts,
})

/** Routes as the admin API has them, asked by `principal`; undefined: the door let nobody in. */
async function ask(principal: Principal | undefined, url: string, headers: Record<string, string> = {}) {
  const app = fastify()
  decoratePrincipal(app)
  app.addHook('onRequest', async (request) => {
    if (principal !== undefined) setPrincipal(request, principal)
  })
  app.addHook('onRequest', async (request, reply) => refuseRole(request, reply))
  app.get('/usual', { schema: described('said nothing') }, async (request) => whoOf(request))
  app.get('/mute', async (request) => whoOf(request))
  app.get('/register', { schema: described('', { roles: ['network-operator', 'registrar'] }) }, async (request) =>
    whoOf(request),
  )
  app.get('/clinical', { schema: described('', { roles: ['clinician'] }) }, async (request) => whoOf(request))
  app.get('/anyone', { schema: described('', { roles: 'anyone' }) }, async (request) => principalOf(request))
  app.get<{ Params: { id: string } }>('/own/:id', { schema: described('', { roles: 'anyone' }) }, async (request) => ({
    own: ownFacility(request, request.params.id),
  }))
  const answer = await app.inject({ url, headers })
  return { status: answer.statusCode, body: answer.json() }
}

t.test('a route that says nothing is for those who run the network; the host is one of them', async (t) => {
  for (const url of ['/usual', '/mute', '/register', '/anyone']) t.match(await ask(HOST, url), { status: 200 }, url)
  const operator = person({ roles: ['network-operator'] })
  for (const url of ['/usual', '/mute', '/register', '/anyone']) t.match(await ask(operator, url), { status: 200 }, url)
  const registrar = person({ roles: ['registrar', 'auditor'] })
  t.match(await ask(registrar, '/register'), { status: 200 })
  for (const url of ['/usual', '/mute'])
    t.match(await ask(registrar, url), {
      status: 403,
      body: { code: 'ROLE_REQUIRED', message: /network-operator/, ja: /権限/ },
    })
  for (const url of ['/usual', '/mute', '/register', '/clinical'])
    t.match(await ask(person(), url), { status: 403 }, url)
  t.match(await ask(person(), '/anyone'), { status: 200 })
})

t.test('neither the host nor an operator reads clinical content (idlink A-8)', async (t) => {
  t.match(await ask(HOST, '/clinical'), { status: 403, body: { code: 'ROLE_REQUIRED' } })
  t.match(await ask(person({ roles: ['network-operator', 'auditor'] }), '/clinical'), { status: 403 })
  t.match(await ask(person({ roles: ['clinician'] }), '/clinical'), { status: 200 })
})

t.test('no route runs for nobody; an unknown path is no matter of roles', async (t) => {
  t.match(await ask(undefined, '/usual'), { status: 500 })
  t.match(await ask(undefined, '/anyone'), { status: 500 })
  t.match(await ask(person(), '/nothing'), { status: 404 })
})

t.test('staff of a facility have its objects only, staff of the network and the host all', async (t) => {
  t.match(await ask(person(), '/own/clinic-b'), { body: { own: true } })
  t.match(await ask(person(), '/own/hospital-a'), { body: { own: false } })
  t.match(await ask(HOST, '/own/hospital-a'), { body: { own: true } })
  const { facilityId: _, ...operator } = person({ roles: ['network-operator'] }) as Principal & { kind: 'staff' }
  t.match(await ask(operator, '/own/hospital-a'), { body: { own: true } })
})

t.test('history and audit name the person; only the host may speak for somebody', async (t) => {
  t.match(await ask(HOST, '/usual'), { body: { by: 'admin-token' } })
  t.match(await ask(HOST, '/usual', { 'x-staff': 'suzuki' }), { body: { by: 'admin-token:suzuki' } })
  const clinician = person({ roles: ['clinician'] })
  t.match(await ask(clinician, '/clinical', { 'x-staff': 'suzuki' }), { body: { by: 'staff:sato-hanako' } })
})
