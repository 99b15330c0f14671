// The test of a connection to a neighbouring community says in words what is wrong, at the first thing that is (ITI TF-2 3.19, 3.38, 3.39).

import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer as createPlain } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { affinityDomain } from '../../profiles/affinity-domain/index.ts'
import { dataKinds } from '../../profiles/storeclient/index.ts'
import { openTrust } from '../../src/app/trust.ts'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { readCertificate } from '../../src/certificates/certificate.ts'
import { signRevocationList } from '../../src/certificates/crl.ts'
import { isObject, rowsOf, textOf } from '../../src/cli/admin-client.ts'
import { connectorOf } from '../../src/http/outgoing-tls.ts'
import { run } from '../cli/fake-door.ts'
import { eventually, SILENT, startNetwork, temporaryDirectory } from '../faults/support.ts'

t.setTimeout(120_000)

const FELT_WITHIN_MS = 15_000
const network = await startNetwork(t, { 'tls.crlSeconds': '1' })
const { admin, server, pool } = network
const COMMUNITY = server.config.community.homeCommunityId.replace('urn:oid:', '')
const own = `https://localhost:${server.httpsPort}/xca/responding`
/** It listens to nothing else than what the test of this host may reach: itself, as its own neighbour, which nobody may enter. */
await admin.post('/partners', { facilityId: 'network-east', community: '2.25.9901', queryUrl: own, retrieveUrl: own })
await pool.query(`update access.partner set community = $1 where facility_id = 'network-east'`, [COMMUNITY])

interface Report {
  readonly result: string
  readonly steps: readonly string[]
  readonly text: string
}

/** Steps as `step result`, and all words. */
async function tested(url?: string, more: object = {}): Promise<Report> {
  if (url !== undefined) await admin.patch('/partners/network-east', { queryUrl: url, retrieveUrl: url, ...more })
  const { body } = await admin.slow.post('/partners/network-east/test', {})
  const steps = rowsOf(isObject(body) ? body.steps : [])
  return {
    result: isObject(body) ? textOf(body.result) : '',
    steps: steps.map(({ step, result }) => `${textOf(step)} ${textOf(result)}`),
    text: steps.map(({ message, hint, ja }) => [message, hint, ja].map(textOf).join('\n')).join('\n'),
  }
}

async function listening(t: Test, options: ServerOptions, answer: { status: number; type: string; body: string }) {
  const gateway = createServer(options, (_request, response) => {
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body)
  }).listen(0, 'localhost')
  await once(gateway, 'listening')
  t.teardown(() => {
    gateway.closeAllConnections()
    gateway.close()
  })
  return `https://localhost:${(gateway.address() as AddressInfo).port}/xca`
}

const NO_WSDL = { status: 404, type: 'text/html', body: '<html></html>' }
const authority = await createAuthority({ name: 'Neighbour CA' })

t.test('a system that is not registered there is told whose certificate is refused', async (t) => {
  const { result, steps, text } = await tested()
  t.equal(result, 'failed')
  t.match(steps, ['terms warning', 'name passed', 'connection passed', 'tls passed', 'certificate passed'])
  t.match(text, /no agreement that runs/)
  t.match(text, /our|registered|登録/)
})

t.test('when all is good every step says what it found, and nobody was asked about', async (t) => {
  const pem = await readFile(join(server.config.dataDir, 'pki', 'server.crt'), 'utf8')
  await admin.post('/systems/network-east/certificates', { pem })
  await admin.post('/agreements', {
    title: '広域的利用に係る合意書',
    partnerCommunity: COMMUNITY,
    direction: 'incoming',
    validFrom: '2026-01-01T00:00:00+09:00',
    validTo: '2099-01-01T00:00:00+09:00',
  })
  const { result, steps, text } = await tested()
  t.same(
    steps,
    [
      'terms passed',
      'name passed',
      'connection passed',
      'tls passed',
      'certificate passed',
      'own certificate passed',
      'service description passed',
      'query passed',
      'retrieve passed',
    ],
    text,
  )
  t.equal(result, 'passed')
  t.match(text, /localhost is .*127\.0\.0\.1/)
  t.match(text, /TLSv1\.3, TLS_AES/)
  t.match(text, /days left/)
  t.match(text, /ITI-38, ITI-39/)
  const xcpd = own.replace('/xca/', '/xcpd/')
  const discovering = await tested(own, { identity: 'xcpd', discoveryUrl: xcpd })
  t.same(discovering.steps.slice(-3), ['query passed', 'retrieve passed', 'discovery passed'], discovering.text)
  t.match(discovering.text, /ITI-55/)
  await admin.patch('/partners/network-east', { identity: 'none', discoveryUrl: null })
  const journal = await pool.query(
    `select transaction, result from journal.exchange where system_id is null and facility_id = 'network-east' order by at`,
  )
  t.same(journal.rows, [
    ...['ITI-38', 'ITI-39', 'ITI-38', 'ITI-39', 'ITI-55'].map((transaction) => ({ transaction, result: 'success' })),
  ])
  const audit = await pool.query(
    `select type_code, reason, objects from audit.event where endpoint like 'https://%/responding' or reason like 'connection to%'
     order by event_id desc limit 4`,
  )
  t.same(audit.rows.map(({ type_code }) => type_code).sort(), ['110132', 'ITI-38', 'ITI-39', 'ITI-55'])
  t.match(
    audit.rows.find(({ type_code }) => type_code === '110132'),
    { reason: 'connection to the community of network-east tried: passed', objects: { by: 'admin-token' } },
  )
})

t.test('a name, a port, a protocol and a certificate that are wrong are each told apart', async (t) => {
  const plain = createPlain().listen(0, 'localhost')
  await once(plain, 'listening')
  t.teardown(() => plain.close())
  const issued = async (names: readonly string[], more: object = {}) => {
    const { certificatePem: cert, privateKeyPem: key } = await issueServerCertificate(authority, { names, ...more })
    return listening(t, { cert, key }, NO_WSDL)
  }
  const good = ['localhost'] as const
  const unknown = await issued(good)
  const cases: readonly (readonly [string, string, RegExp, (() => Promise<unknown>)?])[] = [
    ['https://gateway.invalid/xca', 'name failed', /gateway\.invalid has no address \(ENOTFOUND|EAI_AGAIN/],
    ['https://localhost:1/xca', 'connection failed', /ECONNREFUSED/],
    [`https://localhost:${(plain.address() as AddressInfo).port}/xca`, 'tls failed', /does not speak TLS/],
    [
      unknown,
      'certificate failed',
      /leads to no authority that is trusted.*Neighbour CA[\s\S]*partner.*tsunagi anchor add|anchor add/,
    ],
    [
      await issued(['elsewhere.example.jp']),
      'certificate failed',
      /is for DNS:elsewhere\.example\.jp, not for localhost/,
      () =>
        admin.post('/trust-anchors', { label: 'neighbour', pem: authority.certificatePem, facilityId: 'network-east' }),
    ],
    [await issued(good, { now: new Date('2020-01-01T00:00:00Z'), days: 30 }), 'certificate failed', /CERT_HAS_EXPIRED/],
    [await issued(good, { days: 10 }), 'certificate warning', /\b[89] days left/],
    [unknown, 'query failed', /CONTENT_TYPE/],
  ]
  for (const [url, step, words, before] of cases) {
    await before?.()
    if (before !== undefined) await server.reload()
    const { result, steps, text } = await tested(url)
    t.ok(steps.includes(step), `${step} in ${steps.join(', ')}: ${text}`)
    t.match(text, words)
    t.match(text, /[ぁ-ん]/, 'in Japanese too')
    t.equal(result, 'failed')
    if (step.endsWith('failed') && step !== 'query failed') t.equal(steps.at(-1), step, 'nothing is tried after it')
  }
})

t.test('a server that refuses our certificate is told from one that has another service at the address', async (t) => {
  const { certificatePem: cert, privateKeyPem: key } = await issueServerCertificate(authority, { names: ['localhost'] })
  const other = await createAuthority({ name: 'Another CA' })
  const strict = { cert, key, requestCert: true, rejectUnauthorized: true, ca: other.certificatePem }
  const refusing = await tested(await listening(t, strict, NO_WSDL))
  t.equal(refusing.steps.at(-1), 'own certificate failed')
  t.match(refusing.text, /tls\.certificate/)
  const forbidding = await tested(await listening(t, { cert, key }, { ...NO_WSDL, status: 403 }))
  t.equal(forbidding.steps.at(-1), 'own certificate failed')
  t.match(forbidding.text, /HTTP 403/)
  const wsdl = {
    status: 200,
    type: 'text/xml',
    body: '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"/>',
  }
  const terms = { identity: 'xcpd', discoveryUrl: own }
  const discovery = await tested(own, terms)
  t.equal(discovery.steps.filter((step) => step.startsWith('service description')).at(-1), 'service description failed')
  t.match(discovery.text, /its WSDL has no ITI-55/)
  await admin.patch('/partners/network-east', { identity: 'none' })
  const elsewhere = await tested(await listening(t, { cert, key }, wsdl))
  t.equal(elsewhere.steps.at(-1), 'service description failed')
  t.match(elsewhere.text, /ITI-38 \(urn:ihe:iti:2007:CrossGatewayQuery\)/)
})

t.test(
  'what its authority revoked is not spoken to, nor on connections that stand (RFC 5280, 6.3; 3.19)',
  async (t) => {
    const { config } = server
    const issued = await issueServerCertificate(authority, { names: ['localhost'] })
    const { certificatePem: cert, privateKeyPem: key } = issued
    const url = await listening(t, { cert, key, keepAliveTimeout: 60_000 }, NO_WSDL)
    const trust = await openTrust({ config, log: SILENT, pool, affinityDomain, dataKinds })
    const agent = new Agent({ connect: connectorOf(() => trust.outgoingTo('network-east'), 3000) })
    t.teardown(() => agent.destroy())
    const ask = async () => {
      const { statusCode, body } = await request(url, { dispatcher: agent })
      await body.dump()
      return statusCode
    }
    const closed = once(agent, 'disconnect')
    t.equal(await ask(), 404, 'spoken to as long as it is good')

    const path = join(await temporaryDirectory(t), 'list.crl')
    const now = Date.now()
    const list = await signRevocationList(authority, {
      number: 1n,
      thisUpdate: new Date(now - 60_000),
      nextUpdate: new Date(now + 3_600_000),
      entries: [{ serial: readCertificate(cert).serial, since: new Date(now - 60_000), reason: 'keyCompromise' }],
    })
    await writeFile(path, list)
    const pem = authority.certificatePem
    await admin.delete('/trust-anchors/neighbour')
    await admin.post('/trust-anchors', { label: 'neighbour-2', pem, facilityId: 'network-east', crl: path })
    let report: Report | undefined
    t.ok(
      await eventually(async () => {
        report = await tested(url)
        return report.steps.includes('certificate failed') && report.text.includes('CERT_REVOKED')
      }, FELT_WITHIN_MS),
      report?.text ?? '',
    )
    t.ok(await trust.refresh())
    const [, , fault] = await closed
    t.match(fault, { code: 'CERT_REVOKED' }, 'the connection that stood is ended')
    await t.rejects(ask(), { code: 'CERT_REVOKED' })
  },
)

t.test(
  'a list that runs out while a connection stands ends it too, where none is spoken to without one (tls.crlStale: deny)',
  async (t) => {
    const { config } = server
    const other = await createAuthority({ name: 'CA whose list runs out' })
    const { certificatePem: cert, privateKeyPem: key } = await issueServerCertificate(other, { names: ['localhost'] })
    const url = await listening(t, { cert, key, keepAliveTimeout: 60_000 }, NO_WSDL)
    const path = join(await temporaryDirectory(t), 'list.crl')
    const now = Date.now()
    const nextUpdate = new Date(Math.ceil(now / 1000) * 1000 + 5000)
    await writeFile(
      path,
      await signRevocationList(other, { number: 1n, thisUpdate: new Date(now - 60_000), nextUpdate, entries: [] }),
    )
    await admin.post('/trust-anchors', {
      label: 'runs-out',
      pem: other.certificatePem,
      facilityId: 'network-east',
      crl: path,
    })
    const isRead = async () => {
      const anchor = rowsOf((await admin.get('/trust-anchors')).body).find(({ label }) => label === 'runs-out')
      return isObject(anchor?.crl) && anchor.crl.nextUpdate !== undefined
    }
    t.ok(await eventually(isRead, FELT_WITHIN_MS))
    const strict = { ...config, tls: { ...config.tls, crlStale: 'deny' as const } }
    const trust = await openTrust({ config: strict, log: SILENT, pool, affinityDomain, dataKinds })
    const agent = new Agent({ connect: connectorOf(() => trust.outgoingTo('network-east'), 3000) })
    t.teardown(() => agent.destroy())
    const { statusCode, body } = await request(url, { dispatcher: agent })
    await body.dump()
    t.equal(statusCode, 404, 'spoken to as long as the list is good')
    let fault: Error | undefined
    agent.once('disconnect', (_origin, _targets, error) => {
      fault = error
    })
    await eventually(async () => Date.now() > nextUpdate.getTime(), FELT_WITHIN_MS)
    t.notOk(await trust.refresh(), 'nothing is different but the time')
    await eventually(async () => fault !== undefined, 1000)
    t.match(fault, { code: 'CRL_HAS_EXPIRED' })
  },
)

t.test('the command says it line by line and ends with 1 when the connection does not work', async (t) => {
  const here = ['--data-dir', server.config.dataDir, '--set', `management.port=${server.managementPort}`]
  await tested(own)
  const good = await run(['partner', 'test', 'network-east', ...here])
  t.match(good, { code: 0, out: /^ok {3}terms: .*\n {5}.*\nok {3}name localhost:\d+ \(\d+ ms\): / })
  await tested('https://localhost:1/xca')
  t.match(await run(['partner', 'test', 'network-east', ...here]), {
    code: 1,
    out: /FAIL connection/,
    err: /network-east/,
  })
  t.match(await run(['partner', 'test', 'network-east', '--as', 'nobody', ...here]), {
    code: 1,
    err: /no active system/,
  })
  t.match(await run(['partner', 'test', 'nobody', ...here]), { code: 1 })
})
