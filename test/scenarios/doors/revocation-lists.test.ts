// Revocation lists of partners' authorities: fetched, checked, felt on open connections, and what happens when they get old (RFC 5280 5, 6.3).

import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { type Authority, createAuthority } from '../../../src/certificates/authority.ts'
import { readCertificate } from '../../../src/certificates/certificate.ts'
import { isObject, rowsOf } from '../../../src/cli/admin-client.ts'
import { localAddresses } from '../../../src/cli/running-server.ts'
import { laboratory } from '../../faults/messages.ts'
import { eventually, startNetwork } from '../../faults/support.ts'
import { type ListOptions, listOf } from './lists.ts'
import { type Certified, FELT_WITHIN_MS, framed, issuing, line, query, startBeside } from './support.ts'

t.setTimeout(170_000)

const HOUR_MS = 3_600_000
const FETCHED_WITHIN_MS = 15_000

const network = await startNetwork(t, { 'tls.crlSeconds': '1' })
const { server, admin } = network
const { ca, registered } = await issuing(network)
const strict = await startBeside(network, { 'tls.crlSeconds': '1', 'tls.crlStale': 'deny' })
t.teardown(strict.server.stop)

/** Where authorities publish: what the next look finds there. */
const published = new Map<string, { readonly status: number; readonly body: Buffer; readonly location?: string }>()
let asked = 0
const publisher = createServer((incoming, reply) => {
  asked += 1
  const found = published.get(incoming.url ?? '') ?? { status: 404, body: Buffer.alloc(0) }
  reply.writeHead(found.status, found.location === undefined ? {} : { location: found.location }).end(found.body)
})
await new Promise<void>((resolve) => publisher.listen(0, '127.0.0.1', resolve))
t.teardown(() => new Promise((resolve) => publisher.close(resolve)))
const address = `http://127.0.0.1:${(publisher.address() as AddressInfo).port}`

interface CrlState {
  readonly thisUpdate?: string
  readonly failure?: string
  readonly fetchedAt?: string
  readonly revoked: number
}

async function stateOf(label: string): Promise<CrlState> {
  const row = rowsOf((await admin.get('/trust-anchors')).body).find((one) => one.label === label)
  const crl = row?.crl
  if (!isObject(crl)) throw new Error(`${label} has no list`)
  return crl as unknown as CrlState
}

interface Partner {
  readonly label: string
  readonly authority: Authority
  readonly publish: (list: ListOptions, status?: number) => Promise<void>
  readonly state: () => Promise<CrlState>
}

let partners = 0

async function partner(t: Test, first: ListOptions | Buffer): Promise<Partner> {
  const label = `partner-${++partners}`
  const authority = await createAuthority({ name: `Partner CA ${partners}` })
  const publish = async (list: ListOptions, status = 200) =>
    void published.set(`/${label}`, { status, body: await listOf(authority, list) })
  if (Buffer.isBuffer(first)) published.set(`/${label}`, { status: 200, body: first })
  else await publish(first)
  await admin.post('/trust-anchors', { label, pem: authority.certificatePem, crl: `${address}/${label}` })
  t.teardown(() => admin.delete(`/trust-anchors/${label}`))
  return { label, authority, publish, state: () => stateOf(label) }
}

const serialOf = ({ cert }: Certified): string => readCertificate(cert).serial

async function answer(t: Test, shown: Certified, port: number): Promise<string> {
  const https = await line(t, port, { ca, key: shown.key, cert: shown.cert })
  https.write(query(server.config))
  await eventually(async () => https.heard() !== '' || https.isClosed(), FELT_WITHIN_MS)
  https.socket.destroy()
  return https.heard().slice(0, 12)
}

const ACCEPTED = 'HTTP/1.1 200'
const REFUSED = 'HTTP/1.1 403'

function becomes(t: Test, shown: Certified, given: { readonly port: number; readonly expected: string }) {
  return eventually(async () => (await answer(t, shown, given.port)) === given.expected, FETCHED_WITHIN_MS)
}

t.test('what a new list revokes is cut on open connections of every process', async (t) => {
  const { authority, publish, state } = await partner(t, { revoked: [] })
  const good = await registered({ authority })
  const lost = await registered({ authority })
  for (const { httpsPort: port } of [server, strict.server])
    t.ok(await becomes(t, lost, { port, expected: ACCEPTED }), 'accepted before')
  const open = await Promise.all(
    [server, strict.server].flatMap(({ httpsPort, mllpPort }) => [
      line(t, httpsPort, { ca, key: lost.key, cert: lost.cert }),
      line(t, mllpPort, { ca, key: lost.key, cert: lost.cert }),
    ]),
  )
  for (const [index, one] of open.entries())
    one.write(index % 2 === 0 ? query(server.config) : framed(laboratory({ order: `00000000090600${index}` })))
  for (const one of open) t.ok(await eventually(async () => one.heard() !== '', FELT_WITHIN_MS))
  const bystander = await line(t, server.httpsPort, { ca, key: good.key, cert: good.cert })
  bystander.write(query(server.config))
  await publish({ revoked: [serialOf(lost)] })
  t.ok(await eventually(async () => (await state()).revoked === 1, FETCHED_WITHIN_MS), 'fetched')
  const since = performance.now()
  for (const one of open) t.ok(await eventually(async () => one.isClosed(), FELT_WITHIN_MS), 'cut')
  t.comment(`cut ${Math.round(performance.now() - since)} ms after the list was kept`)
  t.notOk(bystander.isClosed(), 'another certificate of the authority goes on')
  t.equal(await answer(t, lost, strict.server.httpsPort), REFUSED)
})

const unusable: Readonly<Record<string, { readonly list: ListOptions; readonly failure: RegExp }>> = {
  'of another issuer': { list: { by: await createAuthority({ name: 'Somebody' }) }, failure: /another issuer/ },
  'signed by another key of the same name': { list: { keyOf: await createAuthority() }, failure: /signature is not/ },
  'out of date': { list: { next: -HOUR_MS, from: -2 * HOUR_MS }, failure: /out of date/ },
  'of the future': { list: { from: HOUR_MS, next: 2 * HOUR_MS }, failure: /of the future/ },
  'an addition to another list (critical deltaCRLIndicator)': {
    list: { critical: '2.5.29.27' },
    failure: /critical extension 2\.5\.29\.27/,
  },
}

for (const [name, { list, failure }] of Object.entries(unusable))
  t.test(`a list is not taken that is ${name}, and the former one stays`, async (t) => {
    const { authority, publish, state } = await partner(t, { revoked: ['0a'] })
    t.ok(await eventually(async () => (await state()).revoked === 1, FETCHED_WITHIN_MS))
    await publish({ revoked: ['0a', '0b'], ...list })
    const told = await eventually(async () => failure.test((await state()).failure ?? ''), FETCHED_WITHIN_MS)
    t.ok(told, (await state()).failure ?? 'no failure')
    t.equal((await state()).revoked, 1)
    t.equal(await answer(t, await registered({ authority }), server.httpsPort), ACCEPTED)
  })

t.test('a list older than the one kept is not taken: a revocation is not undone by an old copy', async (t) => {
  const { publish, state } = await partner(t, { revoked: ['0a'] })
  t.ok(await eventually(async () => (await state()).revoked === 1, FETCHED_WITHIN_MS))
  await publish({ revoked: [], from: -HOUR_MS })
  t.ok(await eventually(async () => /older/.test((await state()).failure ?? ''), FETCHED_WITHIN_MS))
  t.equal((await state()).revoked, 1)
})

t.test('an address that redirects, fails or sends too much gives no list', async (t) => {
  const { label, state } = await partner(t, Buffer.from('<html>login</html>'))
  const says = (failure: RegExp) =>
    eventually(async () => failure.test((await state()).failure ?? ''), FETCHED_WITHIN_MS)
  t.ok(await says(/no revocation list/), 'a page')
  published.set(`/${label}`, { status: 302, body: Buffer.alloc(0), location: `${address}/elsewhere` })
  const before = asked
  t.ok(await says(/answered 302/), 'a redirect is not followed')
  t.ok(asked > before)
  published.set(`/${label}`, { status: 200, body: Buffer.alloc(3 * 1024 * 1024) })
  t.ok(await says(/larger than/), 'too much')
})

t.test('a path that is a pipe or a directory gives no list, and keeps no other authority waiting', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-lists-'))
  const pipe = join(directory, 'pipe')
  await promisify(execFile)('mkfifo', [pipe])
  t.teardown(async () => {
    // Whoever waits for a writer waits no more.
    await (await open(pipe, constants.O_RDWR | constants.O_NONBLOCK)).close()
    await rm(directory, { recursive: true })
  })
  const { authority, publish, state } = await partner(t, { revoked: [] })
  for (const [label, crl] of Object.entries({ pipe, directory })) {
    await admin.post('/trust-anchors', { label, pem: (await createAuthority({ name: label })).certificatePem, crl })
    t.teardown(() => admin.delete(`/trust-anchors/${label}`))
    const told = async () => /no file/.test((await stateOf(label)).failure ?? '')
    t.ok(await eventually(told, FETCHED_WITHIN_MS), label)
  }
  await publish({ revoked: [serialOf(await registered({ authority }))] })
  t.ok(await eventually(async () => (await state()).revoked === 1, FETCHED_WITHIN_MS), 'the others are fetched on')
})

t.test('without a list in force: denied where deny is set, in grace otherwise; the metric tells', async (t) => {
  const { label, authority } = await partner(t, Buffer.from('nothing'))
  const shown = await registered({ authority })
  t.ok(await becomes(t, shown, { port: server.httpsPort, expected: ACCEPTED }), 'grace:24, the default')
  t.ok(await becomes(t, shown, { port: strict.server.httpsPort, expected: REFUSED }), 'deny')
  const fresh = await partner(t, { revoked: [] })
  t.ok(await eventually(async () => (await fresh.state()).fetchedAt !== undefined, FETCHED_WITHIN_MS))
  const { managementUrl } = localAddresses(server)
  const metrics = await (await request(`${managementUrl}/metrics`)).body.text()
  t.match(metrics, new RegExp(`tsunagi_crl_life_left_ratio\\{anchor="${label}"\\} 0\\b`))
  t.match(metrics, new RegExp(`tsunagi_crl_life_left_ratio\\{anchor="${fresh.label}"\\} 0\\.99`))
  t.match(metrics, new RegExp(`tsunagi_crl_seconds_left\\{anchor="${fresh.label}"\\} \\d`))
})

t.test('a list that runs out is felt on open connections where deny is set', async (t) => {
  const { authority, label } = await partner(t, { revoked: [], next: 6000 })
  const shown = await registered({ authority })
  t.ok(await becomes(t, shown, { port: strict.server.httpsPort, expected: ACCEPTED }))
  published.delete(`/${label}`)
  const open = await line(t, strict.server.httpsPort, { ca, key: shown.key, cert: shown.cert })
  open.write(query(server.config))
  t.ok(await eventually(async () => open.heard() !== '', FELT_WITHIN_MS))
  t.ok(await eventually(async () => open.isClosed(), 6000 + FELT_WITHIN_MS), 'cut')
  t.equal(await answer(t, shown, server.httpsPort), ACCEPTED, 'in grace where that is set')
})
