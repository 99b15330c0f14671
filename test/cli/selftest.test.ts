// Steps of the self-test against answers that a real server gives on bad days only.

import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { type TLSSocket, type TlsOptions, createServer as tlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { ensureDevelopmentPki } from '../../src/certificates/pki-directory.ts'
import type { AdminAnswer, AdminClient } from '../../src/cli/admin-client.ts'
import { clockStep, doorClock, schemaStep } from '../../src/cli/selftest/database.ts'
import {
  certificateStep,
  type Door,
  doorsOf,
  mllpStrangerStep,
  publicDoorOf,
  versionsStep,
} from '../../src/cli/selftest/doors.ts'
import { largest, readFigures } from '../../src/cli/selftest/figures.ts'
import { roomFinding } from '../../src/cli/selftest/files.ts'
import { auditStep, expiringStep, partnersStep, targetsStep, waitingStep } from '../../src/cli/selftest/keeping.ts'
import { readinessStep, serverStep, versionStep } from '../../src/cli/selftest/management.ts'
import { openWalk, resultOf, type Step } from '../../src/cli/selftest/step.ts'
import { loadConfig } from '../../src/config/config.ts'
import { makePlace, openManagement, type Place } from './fake-door.ts'

const GIB = 1024 ** 3

t.test('a walk keeps what each step says, and a step that breaks is one that failed', async (t) => {
  const shown: Step[] = []
  const walk = openWalk((step) => shown.push(step))
  await walk.take('one', 'here', () => ({ result: 'warning', message: 'm', ja: 'j' }))
  t.equal(resultOf(walk.steps()), 'warning')
  await walk.take('two', undefined, () => {
    throw new Error('broken')
  })
  t.match(walk.steps(), [
    { step: 'one', at: 'here' },
    { step: 'two', result: 'failed', message: 'broken' },
  ])
  t.same(shown, walk.steps())
  t.equal(resultOf(walk.steps()), 'failed')
  t.equal(resultOf([{ result: 'skipped', message: '', ja: '' }]), 'passed')
})

t.test('figures are read as Prometheus writes them', async (t) => {
  const figures = readFigures(
    ['# HELP a words', '# TYPE a gauge', 'a 1.5e3', 'b{x="1",y="a\\"b\\\\c"} 2', 'b{x="2"} 7', 'c NaN', ''].join('\n'),
  )
  t.strictSame(figures, [
    { name: 'a', labels: {}, value: 1500 },
    { name: 'b', labels: { x: '1', y: 'a"b\\c' }, value: 2 },
    { name: 'b', labels: { x: '2' }, value: 7 },
  ])
  t.equal(largest(figures, 'b'), 7)
  t.equal(largest(figures, 'b', { x: '1' }), 2)
  t.equal(largest(figures, 'c'), undefined, 'a gauge that could not be read')
})

t.test('room: less than 1 GiB fails, less than 5 GiB or a tenth warns', async (t) => {
  t.equal(roomFinding(GIB - 1, 100 * GIB).result, 'failed')
  t.equal(roomFinding(4 * GIB, 8 * GIB).result, 'warning')
  t.equal(roomFinding(9 * GIB, 100 * GIB).result, 'warning')
  t.equal(roomFinding(50 * GIB, 100 * GIB).result, 'passed')
})

t.test(
  'clocks: a second is allowed (ITI TF-2 3.1), and what cannot be measured is not held against them',
  async (t) => {
    const clock = (aheadMs: number, uncertainMs = 0) =>
      ({ of: ['the database', 'データベース'], aheadMs, uncertainMs }) as const
    t.equal(clockStep([]).result, 'skipped')
    t.equal(clockStep([clock(900), clock(-900)]).result, 'passed')
    t.equal(clockStep([clock(0), clock(-1700)]).result, 'warning')
    t.equal(clockStep([clock(1700, 800)]).result, 'passed')
    t.equal(clockStep([clock(3_600_000, 800)]).result, 'failed')
    t.match(clockStep([clock(-3_600_000)]).message, /the database -3600\.0 s/)
    const at = Date.parse('2026-04-01T00:00:10.400Z')
    const told = doorClock('Wed, 01 Apr 2026 00:00:10 GMT', { sentAt: at, heardAt: at + 200 })
    t.equal(told?.aheadMs, 0)
    t.equal(told?.uncertainMs, 600)
    t.equal(doorClock(undefined, { sentAt: at, heardAt: at }), undefined)
  },
)

t.test('schema: of this version, behind it, not to be looked at, not there', async (t) => {
  const look = (missing: readonly string[]) => Promise.resolve({ missing, aheadMs: 0, tookMs: 1 })
  t.equal((await schemaStep(look([]))).result, 'passed')
  t.match(await schemaStep(look(['0002_more'])), { result: 'failed', message: /0002_more/, hint: /tsunagi migrate/ })
  t.match(await schemaStep(Promise.reject(new Error('no password'))), { result: 'failed', message: /no password/ })
  t.equal((await schemaStep(Promise.resolve(undefined))).result, 'skipped')
})

t.test('the audit log: changed fails, late warns, young is well', async (t) => {
  const figures = (more: string) =>
    readFigures(`tsunagi_audit_chains_broken 0\ntsunagi_audit_unsealed_oldest_seconds 1\n${more}\n`)
  t.match(auditStep(figures('')), { result: 'passed', message: /not verified yet/ })
  t.match(auditStep(readFigures('tsunagi_audit_chains_broken 2\n')), { result: 'failed', message: /^2 months/ })
  t.match(auditStep(readFigures('tsunagi_audit_chains_broken 0\n')), { result: 'warning', message: /cannot be read/ })
  t.match(auditStep(figures('tsunagi_audit_unsigned_oldest_seconds 7300')), {
    result: 'warning',
    message: /signed since 2 h/,
  })
  t.match(auditStep(figures('tsunagi_audit_verification_age_seconds 200000')), { result: 'warning', message: /56 h/ })
  t.match(auditStep(readFigures('tsunagi_audit_unsealed_oldest_seconds 90\n')), { result: 'warning', message: /90 s/ })
  t.match(auditStep(figures('tsunagi_metrics_readable{group="sealing"} 0')), { result: 'warning' })
})

t.test('what waits for people', async (t) => {
  t.equal(waitingStep([]).result, 'passed')
  const found = waitingStep(
    readFigures(
      'tsunagi_jobs{task="a",state="waiting"} 3\ntsunagi_jobs{task="a",state="failed"} 2\ntsunagi_notifications_parked{subscription="x"} 1\n',
    ),
  )
  t.match(found, { result: 'warning', message: /^1 notifications parked .*; 2 jobs failed for good$/ })
})

t.test('the version that runs is not that of these files', async (t) => {
  t.match(versionStep(readFigures('tsunagi_build_info{version="0.0.0-other",node="v20.1.0"} 1\n')), {
    result: 'warning',
    message: /runs version 0\.0\.0-other/,
  })
  t.match(versionStep([]), { result: 'warning', message: /version unknown/ })
})

/** An admin API that answers these paths with these bodies. */
function answering(bodies: Readonly<Record<string, unknown>>): AdminClient {
  const get = async (path: string): Promise<AdminAnswer> => ({ status: 200, body: bodies[path] })
  const never = async (): Promise<never> => {
    throw new Error('the self-test changes nothing')
  }
  return { get, post: never, put: never, patch: never, delete: never, text: never, slow: { get, post: never } }
}

t.test('audit repositories, neighbours and certificates as the admin API tells of them', async (t) => {
  const targets = (...states: readonly string[]) =>
    targetsStep(
      answering({ '/audit/targets': states.map((state, at) => ({ name: `arr${at}`, status: 'active', state })) }),
    )
  t.equal((await targets()).result, 'passed')
  t.equal((await targets('up', 'waiting')).result, 'passed')
  t.match(await targets('up', 'refused'), { result: 'warning', message: /arr1 refused/ })
  const paused = answering({ '/audit/targets': [{ name: 'a', status: 'paused', state: 'unreachable' }] })
  t.equal((await targetsStep(paused)).result, 'passed', 'somebody has said so')
  const partner = (succeeded: number, failures: number) =>
    partnersStep(
      answering({
        '/partners': [
          { facilityId: 'east', status: 'active' },
          { facilityId: 'west', status: 'paused' },
        ],
        '/partners/east': {
          agreements: [],
          calls: [{ transaction: 'ITI-38', lastFailure: 'TIMEOUT', inTheLastHour: { succeeded, failed: failures } }],
        },
      }),
    )
  t.equal((await partner(0, 0)).result, 'passed')
  t.equal((await partner(1, 5)).result, 'passed')
  t.match(await partner(0, 2), { result: 'warning', message: /east \(ITI-38 TIMEOUT\)/ })
  const ending = (kind: string, daysLeft: number) =>
    expiringStep(answering({ '/certificates/expiring?days=30': [{ kind, name: 'x', daysLeft }] }))
  t.equal((await ending('client', -1)).result, 'warning')
  t.match(await ending('server', 12), { result: 'warning', message: /server x: 12 days/ })
  t.equal((await ending('server', -1)).result, 'failed')
  t.equal((await expiringStep(answering({ '/certificates/expiring?days=30': [] }))).result, 'passed')
})

t.test('a management port that is somebody else’s, and a server that is not ready', async (t) => {
  const other = await openManagement(() => ({ status: 404, body: 'no' }))
  t.teardown(other.close)
  t.match(await serverStep(`http://127.0.0.1:${other.port}`), { result: 'failed', message: /something else.*404/ })
  const checks = { database: 'not writable', documents: 'ok', disk: 'less than 1 GiB free' }
  const notReady = await openManagement(() => ({ status: 503, body: JSON.stringify({ status: 'not ready', checks }) }))
  t.teardown(notReady.close)
  t.match(await readinessStep(`http://127.0.0.1:${notReady.port}`), {
    result: 'failed',
    message: /database: not writable, disk: less than 1 GiB free/,
    hint: /PostgreSQL.*Extend the disk/,
    ja: /PostgreSQL/,
  })
})

const place: Place = await makePlace()
t.teardown(place.remove)
const pki = await ensureDevelopmentPki(`${place.dataDir}/pki`)

function configOf(more: Readonly<Record<string, string>> = {}) {
  return loadConfig({ flags: { dataDir: place.dataDir, ...more }, env: {} })
}

/** A TLS door of the place; `served` is called with each connection. */
async function doorAt(
  t: Test,
  options: TlsOptions = {},
  served: (socket: TLSSocket) => void = (socket) => socket.destroy(),
): Promise<Door> {
  const own = {
    key: pki.server.privateKeyPem,
    cert: pki.server.certificatePem,
    requestCert: true,
    rejectUnauthorized: false,
  }
  const server = tlsServer({ ...own, ...options }, (socket) => {
    socket.on('error', () => {})
    served(socket)
  })
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return { name: 'mllp/pix', host: '127.0.0.1', port, setting: 'mllp.pix.port', serverName: 'localhost' }
}

t.test('doors and their names come from the configuration', async (t) => {
  const plain = configOf()
  t.strictSame(
    doorsOf(plain).map(({ name, host, port, serverName }) => `${name} ${host} ${port} ${serverName}`),
    [
      'https 127.0.0.1 8443 localhost',
      'mllp/storeclient 127.0.0.1 2575 localhost',
      'mllp/pix 127.0.0.1 2576 localhost',
    ],
  )
  t.equal(publicDoorOf(plain), undefined)
  const real = configOf({
    'https.publicUrl': 'https://hub.example.jp',
    'https.host': '::',
    'audit.receiver.port': '6514',
  })
  t.match(doorsOf(real)[0], { host: '::1', serverName: 'hub.example.jp' })
  t.match(doorsOf(real)[3], { name: 'syslog', port: 6514 })
  t.match(publicDoorOf(real), { host: 'hub.example.jp', port: 443 })
})

t.test('a certificate that has ended, or ends soon', async (t) => {
  const day = 86_400_000
  const authority = await createAuthority({ name: 'Invented' })
  const shown = async (now: Date, days: number) => {
    const { certificatePem: cert, privateKeyPem: key } = await issueServerCertificate(authority, {
      now,
      days,
      names: ['localhost'],
    })
    return doorAt(t, { key, cert })
  }
  const ca = `${place.dataDir}/invented-ca.crt`
  await writeFile(ca, authority.certificatePem)
  const config = configOf({ 'tls.ca': ca })
  const ended = await certificateStep(await shown(new Date(Date.now() - 40 * day), 30), config)
  t.match(ended, { result: 'failed', message: /not valid now \(CERT_HAS_EXPIRED\)/, hint: /clock of this machine/ })
  const { certificatePem: cert, privateKeyPem: key } = await issueServerCertificate(authority, {
    days: 12,
    names: ['localhost'],
  })
  const file = `${place.dataDir}/soon.crt`
  await writeFile(file, cert)
  const soon = await certificateStep(
    await doorAt(t, { key, cert }),
    configOf({ 'tls.ca': ca, 'tls.certificate': file }),
  )
  t.match(soon, { result: 'warning', message: /1[12] days left/, hint: /ends soon/ })
})

t.test('TLS versions: what the preset says, no more and no less', async (t) => {
  const stays = (socket: TLSSocket): void => void socket.resume()
  const older = await doorAt(t, { maxVersion: 'TLSv1.2' }, stays)
  t.match(await versionsStep(older, configOf()), { result: 'failed', message: /TLS 1\.3: no, TLS 1\.2: yes/ })
  const newer = await doorAt(t, { minVersion: 'TLSv1.3' }, stays)
  t.equal((await versionsStep(newer, configOf({ 'tls.preset': 'high' }))).result, 'passed')
  t.equal((await versionsStep({ ...newer, port: 1 }, configOf())).result, 'skipped')
})

t.test('a door that answers strangers is told', async (t) => {
  const closed = await doorAt(t)
  t.equal((await mllpStrangerStep(closed, configOf())).result, 'passed')
  const talking = await doorAt(t, {}, (socket) => socket.end('hello'))
  t.match(await mllpStrangerStep(talking, configOf()), { result: 'failed', message: /gets an answer/ })
})
