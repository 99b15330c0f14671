// `tsunagi selftest` against a real server: all is well, and each thing that can be wrong is told at its step (docs/operations/README.md).

import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { createAuthority, issueClientCertificate } from '../../src/certificates/authority.ts'
import { run } from '../cli/fake-door.ts'
import { startScenario } from './harness.ts'

t.setTimeout(240_000)

const scenario = await startScenario(t)
const { server } = scenario
const { dataDir } = server.config

/** The settings with which the server listens, and others in their place. */
function settings({
  dataDir: directory = dataDir,
  ...others
}: Readonly<Record<string, string>> = {}): readonly string[] {
  const all = {
    'https.port': String(server.httpsPort),
    'mllp.storeclient.port': String(server.mllpPort),
    'mllp.pix.port': String(server.pixPort),
    'management.port': String(server.managementPort),
    'audit.receiver.port': String(server.auditPort),
    ...others,
  }
  return ['--data-dir', directory, ...Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${value}`])]
}

interface Told {
  readonly code: number
  readonly result: string
  /** Result by step. */
  readonly steps: Readonly<Record<string, string>>
  /** Message, hint and Japanese text by step. */
  readonly words: Readonly<Record<string, string>>
}

async function tested(more: readonly string[] = [], others: Readonly<Record<string, string>> = {}): Promise<Told> {
  const { code, text, err } = await run(['selftest', '--json', ...settings(others), ...more])
  if (text === '') throw new Error(err)
  const { result, steps }: { result: string; steps: readonly Readonly<Record<string, string>>[] } = JSON.parse(text)
  const by = (value: (step: Readonly<Record<string, string>>) => string) =>
    Object.fromEntries(steps.map((step) => [step.step ?? '', value(step)]))
  return {
    code,
    result,
    steps: by((step) => step.result ?? ''),
    words: by(({ message = '', hint = '', ja = '' }) => [message, hint, ja].join('\n')),
  }
}

/** Those of what goes on by itself and of the disk may warn: how old the copy of the network is, and how full this machine. */
const MAY_WARN = new Set(['audit log', 'data directory', 'waiting work'])

function failuresOf({ steps }: Told): readonly string[] {
  return Object.keys(steps).filter((step) => steps[step] === 'failed')
}

t.test('all is well, and nothing is left behind but journal and audit', async (t) => {
  const before = await scenario.counts()
  const since = new Date()
  const told = await tested(['--system', 'tester'])
  t.equal(told.code, 0, JSON.stringify(told.words))
  const wrong = Object.entries(told.steps).filter(([step, result]) => result !== 'passed' && !MAY_WARN.has(step))
  t.strictSame(wrong, [], JSON.stringify(told.words))
  t.strictSame(Object.keys(told.steps), [
    'configuration',
    'secrets',
    'data directory',
    'server',
    'readiness',
    'version',
    'settings',
    'database schema',
    'https',
    'https versions',
    'https without certificate',
    'mllp/storeclient',
    'mllp/storeclient without certificate',
    'mllp/pix',
    'mllp/pix without certificate',
    'syslog',
    'syslog without certificate',
    'clock',
    'certificate of tester',
    'WSDL',
    'ITI-45',
    'ITI-18',
    'ITI-9',
    'StoreClient MLLP',
    'StoreClient HTTPS',
    'audit log',
    'audit repositories',
    'certificates',
    'neighbours',
    'waiting work',
  ])
  t.strictSame(await scenario.counts(), before, 'no table that messages fill, and no file, has more than before')
  const rows = (await scenario.journalSince(since)).filter(({ system_id }) => system_id === 'tester')
  const asked = new Set(rows.map(({ transaction }) => transaction))
  for (const transaction of ['ITI-45', 'ITI-18', 'ITI-9', 'Own certificate'])
    t.ok(asked.has(transaction), `${transaction} went through to the journal`)
})

t.test('read by a person: a line for each step, in English and Japanese, and how to try more', async (t) => {
  const { code, text } = await run(['selftest', ...settings()])
  t.equal(code, 0, text)
  t.match(text, /^ok {3}server http:\/\/127\.0\.0\.1:\d+ \(\d+ ms\): the server runs\n {5}サーバは稼働しています。$/m)
  t.match(text, /^skip as a system: .*--system <id>/m)
  t.match(text, /(everything works|it works, with \d+ warnings)/)
})

t.test('a system is asked for what its roles are for', async (t) => {
  const consumer = await tested(['--system', 'clinic-b', '--url', `https://localhost:${server.httpsPort}/`])
  t.equal(consumer.code, 0, JSON.stringify(consumer.words))
  for (const step of ['certificate of clinic-b', 'WSDL', 'ITI-45', 'ITI-18', 'ITI-9'])
    t.equal(consumer.steps[step], 'passed', step)
  for (const step of ['StoreClient MLLP', 'StoreClient HTTPS']) t.equal(consumer.steps[step], 'skipped', step)
  const sender = await tested(['--system', 'pharmacy-c'])
  t.equal(sender.code, 0, JSON.stringify(sender.words))
  t.equal(sender.steps['StoreClient MLLP'], 'passed')
})

t.test('the certificate of another system, and one that nobody registered, are told', async (t) => {
  const clients = join(dataDir, 'pki', 'clients')
  const own = (name: string, system: string) => [
    '--cert',
    join(clients, `${name}.crt`),
    '--key',
    join(clients, `${name}.key`),
    '--system',
    system,
  ]
  const other = await tested(own('clinic-b', 'hospital-a'))
  t.equal(other.code, 1)
  t.strictSame(failuresOf(other), ['certificate of hospital-a'])
  t.match(other.words['certificate of hospital-a'], /that of clinic-b, not of hospital-a/)
  const authority = await createAuthority({ name: 'Somebody else' })
  const issued = await issueClientCertificate(authority, { systemId: 'clinic-b', facilityOid: '2.25.2' })
  const [cert, key] = [join(dataDir, 'stranger.crt'), join(dataDir, 'stranger.key')]
  await writeFile(cert, issued.certificatePem)
  await writeFile(key, issued.privateKeyPem, { mode: 0o600 })
  const stranger = await tested(['--cert', cert, '--key', key, '--system', 'clinic-b'])
  t.equal(stranger.code, 1)
  t.match(stranger.words['certificate of clinic-b'], /refused with 403: it is not registered here/)
  t.equal(stranger.steps['ITI-18'], undefined, 'what would be refused for the same reason is not tried')
})

t.test('a door that is closed, and one that something else has', async (t) => {
  const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((settle) => plain.listen(0, '127.0.0.1', settle))
  t.teardown(() => plain.close())
  const { port } = plain.address() as { port: number }
  const told = await tested([], { 'mllp.pix.port': '1', 'mllp.storeclient.port': String(port) })
  t.equal(told.code, 1)
  t.strictSame(failuresOf(told), ['settings', 'mllp/storeclient', 'mllp/pix'])
  t.equal(told.steps['mllp/pix without certificate'], undefined, 'nothing else can be tried there')
  t.match(told.words['mllp/pix'], /nothing listens there\n.*mllp\.pix\.port/)
  t.match(told.words['mllp/storeclient'], /does not speak TLS/)
  t.match(told.words.settings, /mllp\.storeclient\.port is \d+ here and \d+ there/)
})

t.test('a public name that the certificate is not for, and an authority that it does not lead to', async (t) => {
  const named = await tested([], { 'https.publicUrl': 'https://hub.invalid:8443' })
  t.equal(named.code, 1)
  t.match(named.words.https, /certificate of the server is for .*localhost.*, not for hub\.invalid/)
  t.match(named.words.settings, /https\.publicUrl is https:\/\/hub\.invalid:8443 here/)
  t.equal(named.steps['public address'], 'warning', 'many networks let nobody out and in again')
  const other = await createAuthority({ name: 'Somebody else' })
  const ca = join(dataDir, 'other-ca.crt')
  await writeFile(ca, other.certificatePem)
  const chained = await tested([], { 'tls.ca': ca })
  t.equal(chained.code, 1)
  t.match(chained.words.https, /leads to no authority of .*other-ca\.crt/)
  t.equal((await tested([], { 'tls.preset': 'high' })).steps['https versions'], 'failed', 'it still speaks TLS 1.2')
})

t.test('a new certificate that the server does not show', async (t) => {
  const file = join(dataDir, 'other-server.crt')
  await writeFile(file, (await createAuthority({ name: 'Somebody else' })).certificatePem)
  const { code, steps, words } = await tested([], { 'tls.certificate': file })
  t.equal(code, 0)
  t.equal(steps.https, 'warning')
  t.match(words.https, /it is not that of the file .*other-server\.crt/)
})

t.test('a secret that others may read, and a place that is no directory', async (t) => {
  const token = join(dataDir, 'config', 'admin-token')
  await chmod(token, 0o644)
  const open = await tested()
  await chmod(token, 0o600)
  t.equal(open.code, 1)
  t.match(open.words.secrets, /chmod 600 .*admin-token/)
  const key = join(dataDir, 'pki', 'clients', 'clinic-b.key')
  await chmod(key, 0o640)
  t.equal((await tested()).steps.secrets, 'warning')
  await chmod(key, 0o600)
  const documents = join(dataDir, 'documents')
  await rename(documents, `${documents}.away`)
  await writeFile(documents, '')
  const blocked = await tested()
  await rm(documents)
  await rename(`${documents}.away`, documents)
  t.equal(blocked.code, 1)
  t.match(blocked.words['data directory'], /documents is not a directory/)
  t.match(blocked.words.readiness, /documents: not writable/, 'as the server found by itself')
})

t.test('a data directory that is not that of the server', async (t) => {
  const elsewhere = join(dataDir, 'elsewhere')
  await mkdir(elsewhere)
  const told = await tested([], { dataDir: elsewhere })
  t.equal(told.code, 1)
  t.match(told.words['data directory'], /config is not there/)
  t.match(told.words.settings, /token of the admin API cannot be read/)
  t.equal(told.steps.certificates, 'skipped')
})

t.test('wrong usage is exit code 2, a wrong configuration is a step that failed', async (t) => {
  for (const wrong of [
    ['--cert', 'only.crt', '--system', 'tester'],
    ['--url', 'https://localhost:1'],
    ['--url', 'http://localhost:1', '--system', 'tester'],
    ['--system', 'nobody-knows'],
    ['--nonsense'],
  ])
    t.equal((await run(['selftest', ...settings(), ...wrong])).code, 2, wrong.join(' '))
  const told = await tested([], { 'log.level': 'loud' })
  t.equal(told.code, 1)
  t.strictSame(told.steps, { configuration: 'failed' })
  t.match(told.words.configuration, /log\.level/)
})

t.test('a server that is stopped', async (t) => {
  await server.stop()
  const told = await tested(['--system', 'tester'])
  t.equal(told.code, 1)
  t.match(told.words.server, /nothing listens there.*\n.*tsunagi serve/)
  t.equal(told.steps.readiness, undefined, 'what only a server can tell is not asked')
  for (const door of ['https', 'mllp/storeclient', 'mllp/pix']) t.equal(told.steps[door], 'failed', door)
  for (const step of ['database schema', 'audit log', 'certificates', 'clock'])
    t.equal(told.steps[step], 'skipped', step)
  t.equal(told.steps['certificate of tester'], 'failed')
  const { code, text, err } = await run(['selftest', ...settings()])
  t.equal(code, 1)
  t.match(text, /^FAIL server /m)
  t.match(err, /steps failed; begin with the first/)
})
