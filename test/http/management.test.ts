// The management door: health, drain, and an admin API that is closed to everyone without the token (reliability: health; design §5).

import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Counter, Registry } from 'prom-client'
import t, { type Test } from 'tap'
import type { AdministrationStore } from '../../src/access/ports.ts'
import type { AdminPorts } from '../../src/http/admin/ports.ts'
import { createManagement, type ManagementOptions } from '../../src/http/management.ts'

const TOKEN = 'correct-token-of-this-test'

const logged: unknown[] = []
const store = {
  facilities: async () => {
    throw new Error('password=hunter2 at db.example.jp')
  },
  unions: async () => [],
} as unknown as AdministrationStore

const admin: AdminPorts = {
  token: TOKEN,
  hostNames: ['hub.example.jp'],
  log: {
    info: () => {},
    warn: () => {},
    error: (fields) => logged.push(fields),
  },
  store,
  ownRepository: '2.25.1',
  certificates: {} as AdminPorts['certificates'],
  documentKinds: [],
  patients: {} as AdminPorts['patients'],
  anchors: {} as AdminPorts['anchors'],
  auditTargets: {} as AdminPorts['auditTargets'],
  transfer: {} as AdminPorts['transfer'],
  index: {} as AdminPorts['index'],
  subscriptions: {} as AdminPorts['subscriptions'],
  synchronisation: {} as AdminPorts['synchronisation'],
  rights: {} as AdminPorts['rights'],
  issuers: {} as AdminPorts['issuers'],
  contracts: {} as AdminPorts['contracts'],
  replays: {} as AdminPorts['replays'],
  accounts: {} as AdminPorts['accounts'],
  emergency: { ports: {}, store: {} } as AdminPorts['emergency'],
  explaining: {} as AdminPorts['explaining'],
  simulation: {} as AdminPorts['simulation'],
  records: {} as AdminPorts['records'],
  chain: {} as AdminPorts['chain'],
  release: {} as AdminPorts['release'],
  usage: {} as AdminPorts['usage'],
  onboarding: {} as AdminPorts['onboarding'],
  discovery: {} as AdminPorts['discovery'],
  journal: {} as AdminPorts['journal'],
  changed: () => {},
  tolerances: async () => [],
  testPartner: {} as AdminPorts['testPartner'],
  viewing: {} as AdminPorts['viewing'],
  exportStorage: async function* () {},
  readCertificate: () => {
    throw new Error('no certificate')
  },
  network: () => ({ accessMode: 'consent' }),
}

type Checks = ManagementOptions['checks']

async function open(t: Test, checks: Checks) {
  const metrics = new Registry()
  new Counter({ name: 'exchanges_total', help: 'test', registers: [metrics] }).inc()
  const management = await createManagement({ metrics, checks, admin })
  const port = await management.listen(0, '127.0.0.1')
  t.teardown(() => management.close())
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<{ status: number; text: string; json: () => Record<string, unknown> }>((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', path, headers, method }, async (response) => {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        resolve({ status: response.statusCode ?? 0, text, json: () => JSON.parse(text) })
      })
        .on('error', reject)
        .end()
    })
  return { management, port, get }
}

const healthy: Checks = async () => ({ database: 'ok', disk: 'ok' })
const bearer = { authorization: `Bearer ${TOKEN}` }

t.test('ready while all checks are ok, not ready when one is not, and while draining', async (t) => {
  let checks: Readonly<Record<string, string>> = { database: 'ok', disk: 'ok' }
  const { management, get } = await open(t, async () => checks)
  t.match(await get('/readyz'), { status: 200 })
  checks = { database: 'not writable', disk: 'ok' }
  const answer = await get('/readyz')
  t.equal(answer.status, 503)
  t.strictSame(answer.json(), { status: 'not ready', checks })
  checks = { database: 'ok', disk: 'ok' }
  management.drain()
  t.match(await get('/readyz'), { status: 503 })
  t.match(await get('/livez'), { status: 200 })
})

t.test('a database that hangs or breaks makes not ready within its time, and liveness does not ask it', async (t) => {
  let asked = 0
  const hanging = await open(t, () => {
    asked += 1
    return new Promise(() => {})
  })
  t.match(await hanging.get('/livez'), { status: 200 })
  t.match(await hanging.get('/startupz'), { status: 200 })
  t.equal(asked, 0)
  // A busy machine holds up this clock as long as the server's: both are in this process.
  const answered = await Promise.race([hanging.get('/readyz'), delay(3000)])
  t.match(answered, { status: 503 })
  t.strictSame(answered?.json(), { status: 'not ready', checks: { checks: 'no answer in time' } })
  t.equal(asked, 1)
  const breaking = await open(t, async () => {
    throw new Error('connect ECONNREFUSED db.example.jp')
  })
  const answer = await breaking.get('/readyz')
  t.equal(answer.status, 503)
  t.notMatch(answer.text, 'example.jp')
})

t.test('metrics are Prometheus text of the registry handed in', async (t) => {
  const { get } = await open(t, healthy)
  t.match(await get('/metrics'), { status: 200, text: /^exchanges_total 1$/m })
})

t.test('every admin path is closed without the token, known or not, whatever the method', async (t) => {
  const { get } = await open(t, healthy)
  const wrong: readonly Record<string, string>[] = [
    {},
    { authorization: 'Bearer wrong' },
    { authorization: TOKEN },
    { authorization: `bearer ${TOKEN} ` },
    { authorization: `Basic ${Buffer.from(`a:${TOKEN}`).toString('base64')}` },
    { cookie: `token=${TOKEN}` },
  ]
  for (const headers of wrong)
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS'])
      for (const path of ['/admin/v1/network', '/admin/v1/openapi.json', '/admin/v1/nothing', '/admin/v1/facilities']) {
        const answer = await get(path, headers, method)
        t.equal(answer.status, 401, `${method} ${path} ${JSON.stringify(headers)}`)
        t.match(answer.json(), { code: 'TOKEN_REQUIRED', message: /\w/, hint: /\w/, ja: /トークン/ })
        t.notMatch(answer.text, TOKEN)
      }
})

t.test('with the token an unknown path is 404 in words', async (t) => {
  const { get } = await open(t, healthy)
  const answer = await get('/admin/v1/nothing', bearer)
  t.equal(answer.status, 404)
  t.match(answer.json(), { code: 'NOT_FOUND', hint: /openapi/ })
})

t.test('another host name or any Origin is refused, token or not (DNS rebinding, request forgery)', async (t) => {
  const { get } = await open(t, healthy)
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost@evil',
    '10.0.0.1:8080',
  ])
    t.match(await get('/admin/v1/network', { ...bearer, host }), { status: 403, text: /FOREIGN_ORIGIN/ }, host)
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:8080'])
    t.match(await get('/admin/v1/network', { ...bearer, origin }), { status: 403, text: /FOREIGN_ORIGIN/ }, origin)
  for (const host of [
    'localhost',
    'LOCALHOST:8080',
    '127.0.0.1:1',
    '[::1]:8080',
    'hub.example.jp',
    'Hub.Example.jp:8080',
  ])
    t.match(await get('/admin/v1/network', { ...bearer, host }), { status: 200 }, host)
})

t.test('a request without a Host is refused', async (t) => {
  const { port } = await open(t, healthy)
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET /admin/v1/network HTTP/1.0\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`),
    )
    let text = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    socket.on('end', () => resolve(text))
  })
  t.match(answer, / 403 /)
})

t.test('OpenAPI lists every route with the security it has', async (t) => {
  const { get } = await open(t, healthy)
  const document = (await get('/admin/v1/openapi.json', bearer)).json() as {
    readonly openapi: string
    readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly security?: unknown }>>>>
  }
  t.equal(document.openapi, '3.1.0')
  t.strictSame(Object.keys(document.paths).sort(), [
    '/admin/v1/access/explain',
    '/admin/v1/access/simulate',
    '/admin/v1/agreements',
    '/admin/v1/agreements/{id}/end',
    '/admin/v1/audit/claims',
    '/admin/v1/audit/content-references',
    '/admin/v1/audit/events',
    '/admin/v1/audit/events/{id}',
    '/admin/v1/audit/export',
    '/admin/v1/audit/key',
    '/admin/v1/audit/months',
    '/admin/v1/audit/months/{month}/drop',
    '/admin/v1/audit/targets',
    '/admin/v1/audit/targets/{name}',
    '/admin/v1/audit/targets/{name}/resend',
    '/admin/v1/audit/who-saw',
    '/admin/v1/calendar/{patient}',
    '/admin/v1/certificates',
    '/admin/v1/certificates/expiring',
    '/admin/v1/certificates/{fingerprint}',
    '/admin/v1/certificates/{fingerprint}/confirmation',
    '/admin/v1/certificates/{fingerprint}/renewal',
    '/admin/v1/consents/{id}',
    '/admin/v1/consents/{id}/withdraw',
    '/admin/v1/discovery-questions',
    '/admin/v1/documents/{uniqueId}/bytes',
    '/admin/v1/documents/{uniqueId}/content',
    '/admin/v1/documents/{uniqueId}/page',
    '/admin/v1/documents/{uniqueId}/text',
    '/admin/v1/domains',
    '/admin/v1/emergency',
    '/admin/v1/emergency/assertions/{facility}',
    '/admin/v1/emergency/counts',
    '/admin/v1/emergency/disasters',
    '/admin/v1/emergency/disasters/{id}/end',
    '/admin/v1/emergency/notices',
    '/admin/v1/emergency/notices/{id}/acknowledge',
    '/admin/v1/emergency/report',
    '/admin/v1/emergency/{id}',
    '/admin/v1/emergency/{id}/contacted',
    '/admin/v1/emergency/{id}/end',
    '/admin/v1/emergency/{id}/review',
    '/admin/v1/facilities',
    '/admin/v1/facilities/{id}',
    '/admin/v1/facilities/{id}/audience',
    '/admin/v1/facilities/{id}/contract',
    '/admin/v1/facilities/{id}/counts',
    '/admin/v1/facilities/{id}/idle-minutes',
    '/admin/v1/facilities/{id}/ledger',
    '/admin/v1/facilities/{id}/profile',
    '/admin/v1/facilities/{id}/revisions',
    '/admin/v1/facilities/{id}/rights',
    '/admin/v1/facilities/{id}/ssmix',
    '/admin/v1/facilities/{id}/statuses',
    '/admin/v1/held',
    '/admin/v1/held/{id}',
    '/admin/v1/held/{id}/drop',
    '/admin/v1/held/{id}/release',
    '/admin/v1/invitations',
    '/admin/v1/invitations/{id}',
    '/admin/v1/invitations/{id}/withdraw',
    '/admin/v1/issuers',
    '/admin/v1/issuers/{id}',
    '/admin/v1/issuers/{id}/certificates',
    '/admin/v1/issuers/{id}/certificates/{fingerprint}',
    '/admin/v1/issuers/{id}/staff',
    '/admin/v1/journal',
    '/admin/v1/journal/{id}',
    '/admin/v1/journal/{id}/replay',
    '/admin/v1/login',
    '/admin/v1/logout',
    '/admin/v1/matches',
    '/admin/v1/matching',
    '/admin/v1/matching/check',
    '/admin/v1/matching/models',
    '/admin/v1/matching/models/{version}/activate',
    '/admin/v1/matching/models/{version}/comparison',
    '/admin/v1/me',
    '/admin/v1/me/password',
    '/admin/v1/me/second-factor',
    '/admin/v1/me/second-factor/confirm',
    '/admin/v1/merges',
    '/admin/v1/merges/{id}/undo',
    '/admin/v1/network',
    '/admin/v1/notifications',
    '/admin/v1/notifications/{id}/retry',
    '/admin/v1/notifications/{id}/skip',
    '/admin/v1/partners',
    '/admin/v1/partners/{id}',
    '/admin/v1/partners/{id}/discover',
    '/admin/v1/partners/{id}/revisions',
    '/admin/v1/partners/{id}/synchronisation',
    '/admin/v1/partners/{id}/synchronisation/resume',
    '/admin/v1/partners/{id}/test',
    '/admin/v1/partners/{id}/tolerances',
    '/admin/v1/partners/{id}/tolerances/{tolerance}',
    '/admin/v1/patients',
    '/admin/v1/patients/by-sheet',
    '/admin/v1/patients/export',
    '/admin/v1/patients/import',
    '/admin/v1/patients/search',
    '/admin/v1/patients/{xad}',
    '/admin/v1/patients/{xad}/consents',
    '/admin/v1/patients/{xad}/correlations',
    '/admin/v1/patients/{xad}/history',
    '/admin/v1/patients/{xad}/links',
    '/admin/v1/patients/{xad}/links/{facilityId}/{id}',
    '/admin/v1/patients/{xad}/merge',
    '/admin/v1/patients/{xad}/merges',
    '/admin/v1/patients/{xad}/resume-support',
    '/admin/v1/patients/{xad}/sheet',
    '/admin/v1/patients/{xad}/split',
    '/admin/v1/patients/{xad}/stop-support',
    '/admin/v1/patients/{xad}/support-stops',
    '/admin/v1/quarantine',
    '/admin/v1/quarantine/{id}',
    '/admin/v1/quarantine/{id}/drop',
    '/admin/v1/quarantine/{id}/release',
    '/admin/v1/repositories',
    '/admin/v1/repositories/{id}',
    '/admin/v1/repositories/{id}/revisions',
    '/admin/v1/reviews',
    '/admin/v1/reviews/counts',
    '/admin/v1/reviews/{id}',
    '/admin/v1/reviews/{id}/answer',
    '/admin/v1/reviews/{id}/claim',
    '/admin/v1/rights',
    '/admin/v1/service-contracts',
    '/admin/v1/service-contracts/{id}/end',
    '/admin/v1/service-contracts/{id}/facilities',
    '/admin/v1/settings/{name}',
    '/admin/v1/staff',
    '/admin/v1/staff/{id}',
    '/admin/v1/staff/{id}/access-code',
    '/admin/v1/staff/{id}/end',
    '/admin/v1/staff/{id}/history',
    '/admin/v1/staff/{id}/resume',
    '/admin/v1/staff/{id}/suspend',
    '/admin/v1/staff/{id}/unlock',
    '/admin/v1/subscriptions',
    '/admin/v1/subscriptions/{id}',
    '/admin/v1/systems',
    '/admin/v1/systems/{id}',
    '/admin/v1/systems/{id}/assertions',
    '/admin/v1/systems/{id}/certificates',
    '/admin/v1/systems/{id}/certificates/requests',
    '/admin/v1/systems/{id}/checklist',
    '/admin/v1/systems/{id}/pkcs12',
    '/admin/v1/systems/{id}/revisions',
    '/admin/v1/systems/{id}/rules',
    '/admin/v1/systems/{id}/tolerances',
    '/admin/v1/trust-anchors',
    '/admin/v1/trust-anchors/{label}',
    '/admin/v1/unions',
    '/admin/v1/unions/{id}',
    '/admin/v1/unions/{id}/emergency-confidentiality',
    '/admin/v1/unions/{id}/end',
    '/admin/v1/unions/{id}/members',
    '/admin/v1/unions/{id}/members/{facilityId}',
    '/admin/v1/unions/{id}/revisions',
    '/admin/v1/usage',
  ])
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods))
      t.strictSame(operation.security, path === '/admin/v1/login' ? [] : [{ token: [] }], `${method} ${path}`)
})

t.test('an unexpected failure tells the caller nothing and the log no more than its kind', async (t) => {
  const { get } = await open(t, healthy)
  const answer = await get('/admin/v1/facilities', bearer)
  t.equal(answer.status, 500)
  t.match(answer.json(), { code: 'INTERNAL', hint: /log/ })
  t.notMatch(answer.text, 'hunter2')
  t.notMatch(JSON.stringify(logged), 'hunter2')
  t.equal(logged.length, 1)
})
