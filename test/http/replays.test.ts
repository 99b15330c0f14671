// What a replay tells of errors: to the facility that sent the message all, to whoever runs the network nothing that the message holds (docs/adr/0039).

import fastify from 'fastify'
import t from 'tap'
import { decoratePrincipal, setPrincipal } from '../../src/http/admin/principal.ts'
import { registerReplayRoutes } from '../../src/http/admin/replays.ts'
import type { Exchanged, ReplayPorts } from '../../src/journal/replay-ports.ts'
import type { CallingSystem } from '../../src/model/caller.ts'
import type { Principal } from '../../src/model/user.ts'

const ID = '019a0000-0000-7000-8000-000000000000'
const refusal = { blame: 'caller', retry: 'never' }
const REFUSED: Exchanged = {
  exchangeId: ID,
  at: new Date('2026-11-21T12:00:00Z'),
  door: 'https',
  endpoint: '/xds/registry',
  transaction: 'ITI-42',
  systemId: 'clinic-b',
  facilityId: 'clinic-b',
  result: 'failure',
  errors: [
    { ...refusal, code: 'XML_NOT_WELL_FORMED', rule: 'unexpected close tag: HANAKO' },
    { ...refusal, code: 'PATIENT_DEPRECATED', at: 'Association(HANAKO)', rule: 'replaced by 0000012346^^^&2.25.7&ISO' },
  ],
  patients: [],
  documents: [],
}
const message = {
  exchangeId: ID,
  direction: 'request',
  sizeBytes: 1,
  bytes: Buffer.from('x'),
  isWhole: true,
  parts: [],
} as const
const replays: ReplayPorts = {
  now: () => new Date(),
  exchange: async () => REFUSED,
  kept: async () => [message],
  stored: async () => new Map(),
  systemOf: async () => ({}) as CallingSystem,
  obstacle: async () => undefined,
  perform: async (_replayable, judge) => {
    const attempt = { exchange: REFUSED, tables: [], changes: [], isNamed: true }
    return (await judge(attempt, { confirm: async () => 'used' })).result
  },
  confirmations: { keep: async () => {}, find: async () => undefined },
  looked: async () => {},
}

async function told(principal: Principal): Promise<string> {
  const app = fastify()
  t.teardown(() => app.close())
  decoratePrincipal(app)
  app.addHook('onRequest', async (request) => setPrincipal(request, principal))
  registerReplayRoutes(app, { replays })
  const { statusCode, payload } = await app.inject({ method: 'POST', url: `/journal/${ID}/replay`, payload: {} })
  t.equal(statusCode, 200, payload)
  return payload
}

t.test('errors of a dry run are masked for the operator as they are in the journal', async (t) => {
  const masked = await told({ kind: 'host' })
  t.notMatch(masked, /HANAKO/)
  t.notMatch(masked, /0000012346/)
  t.match(masked, /PATIENT_DEPRECATED/)
  const staff = {
    kind: 'staff',
    staffId: 'a',
    roles: ['facility-administrator'],
    job: 'clerk',
    mayUseEms: false,
  } as const
  t.match(await told({ ...staff, facilityId: 'clinic-b' }), /unexpected close tag: HANAKO/)
})
