// The effective configuration: order of layers, checks and their words (design §5).

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ConfigError, type ConfigInput, explainConfig, loadConfig } from '../../src/config/config.ts'
import { environmentName, settingKeys, settings } from '../../src/config/settings.ts'
import { parseBytes } from '../../src/config/text.ts'

const cwd = mkdtempSync(join(tmpdir(), 'tsunagi-config-'))
t.teardown(() => rmSync(cwd, { recursive: true }))

function problemsOf(input: ConfigInput): readonly string[] {
  try {
    loadConfig({ env: {}, cwd, ...input })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

t.test('without any file the fixed names of design §5 apply', async (t) => {
  const config = loadConfig({ env: {}, cwd })
  t.equal(config.dataDir, join(cwd, 'var'))
  t.match(config.https, { host: '127.0.0.1', port: 8443, publicUrl: 'https://localhost:8443' })
  t.equal(config.mllp.storeclient.port, 2575)
  t.match(config.management, { host: '127.0.0.1', port: 8080 })
  t.equal(config.tls.certificate, join(cwd, 'var/pki/server.crt'))
  t.equal(config.access.mode, 'consent')
  t.equal(config.database.url, undefined)
})

t.test('a flag wins over the environment, the environment over the file, the file over the default', async (t) => {
  const file = join(cwd, 'order.yaml')
  writeFileSync(file, 'https:\n  port: 1001\nmllp:\n  storeclient:\n    port: 1002\nmanagement.port: 1003\n')
  const env = { TSUNAGI_CONFIG: file, TSUNAGI_HTTPS_PORT: '2001', TSUNAGI_MLLP_STORECLIENT_PORT: '2002' }
  const config = loadConfig({ cwd, env, flags: { 'https.port': '3001' } })
  t.equal(config.https.port, 3001)
  t.equal(config.mllp.storeclient.port, 2002)
  t.equal(config.management.port, 1003)
  const sources = new Map(
    explainConfig({ cwd, env, flags: { 'https.port': '3001' } }).map((row) => [row.key, row.source]),
  )
  t.equal(sources.get('https.port'), '--set https.port')
  t.equal(sources.get('mllp.storeclient.port'), 'TSUNAGI_MLLP_STORECLIENT_PORT')
  t.equal(sources.get('management.port'), file)
  t.equal(sources.get('log.level'), 'default')
})

t.test(
  'a key that stands twice in the file, below its heading and with dots, is refused as YAML refuses a key twice',
  async (t) => {
    const file = join(cwd, 'twice.yaml')
    for (const text of ['access:\n  mode: consent\naccess.mode: affinity-domain\n', 'a.b: 1\na:\n  b: 1\n']) {
      writeFileSync(file, text)
      const [problem] = problemsOf({ flags: { config: file } })
      t.match(problem, text.startsWith('access') ? /access\.mode.*twice/ : /a\.b.*twice/)
    }
    writeFileSync(file, 'access.mode: consent\naccess:\n  mode:\n')
    t.same(problemsOf({ flags: { config: file } }), [], 'a key without a value says nothing')
  },
)

t.test('a relative path in the file counts from the file, paths below dataDir follow it', async (t) => {
  const file = join(cwd, 'paths.yaml')
  writeFileSync(file, 'dataDir: kept\n')
  const config = loadConfig({ env: {}, cwd: tmpdir(), flags: { config: file } })
  t.equal(config.dataDir, join(cwd, 'kept'))
  t.equal(config.tls.ca, join(cwd, 'kept/pki/ca.crt'))
})

t.test('every problem is named at once: key, value, where it came from, what would do', async (t) => {
  const problems = problemsOf({
    env: { TSUNAGI_HTTPS_PORT: 'abc', DATABASE_URL: 'mysql://user:hidden@db' },
    flags: { 'repository.uniqueId': 'urn:oid:1.2', 'access.mode': 'open', 'limits.soapBytes': '1 MB' },
  })
  t.equal(problems.length, 5)
  const text = problems.join('\n')
  t.match(text, /https\.port: "abc" \(from TSUNAGI_HTTPS_PORT\) .*whole number from 0 to 65535, for example 8443/)
  t.match(text, /repository\.uniqueId: "urn:oid:1\.2" \(from --set repository\.uniqueId\) .*without urn:oid:/)
  t.match(text, /access\.mode: "open" .*one of consent, affinity-domain/)
  t.match(text, /limits\.soapBytes: "1 MB" .*"1 MiB"/)
  t.match(text, /database\.url: the value \(from DATABASE_URL\)/)
  t.notMatch(text, /hidden/)
})

t.test('an OID of more than 64 characters is refused (ITI TF-3 4.2.3.1.7)', async (t) => {
  t.match(problemsOf({ flags: { 'repository.uniqueId': `2.25.${'1'.repeat(60)}` } }), [/repository\.uniqueId/])
})

t.test(
  'a scanner at a port that there is not is refused at the start, not with each file (docs/storeclient/records.md)',
  async (t) => {
    for (const address of ['127.0.0.1:65536', '127.0.0.1:0', '[::1]:99999'])
      t.match(problemsOf({ flags: { 'storeclient.clamd': address } }), [/storeclient\.clamd/], address)
    for (const address of ['127.0.0.1:65535', '[::1]:3310', '/run/clamav/clamd:99999'])
      t.same(problemsOf({ flags: { 'storeclient.clamd': address } }), [], address)
  },
)

t.test(
  'a score from which staff are asked lies not above that from which records are linked (identity.reviewBits)',
  async (t) => {
    t.match(problemsOf({ flags: { 'identity.reviewBits': 31 } }), [/identity\.reviewBits: 31 .*identity\.autoLinkBits/])
    t.match(problemsOf({ flags: { 'identity.autoLinkBits': 17 } }), [
      /identity\.reviewBits: 18 .*identity\.autoLinkBits/,
    ])
    t.same(problemsOf({ flags: { 'identity.reviewBits': 40, 'identity.autoLinkBits': 40 } }), [])
  },
)

t.test(
  'an address of a proxy that is none is named with its setting (docs/certificates-at-the-doors.md)',
  async (t) => {
    for (const address of ['999.1.1.1', ':::::/64', '192.0.2.7,192.0.2.256/24'])
      t.match(problemsOf({ flags: { 'proxy.addresses': address } }), [
        /proxy\.addresses: .*a list of addresses or networks/,
      ])
    t.same(problemsOf({ flags: { 'proxy.addresses': '192.0.2.7,192.0.2.0/24,2001:db8::/32,::1' } }), [])
  },
)

t.test('an unknown key is refused with the nearest known one', async (t) => {
  writeFileSync(join(cwd, 'typo.yaml'), 'https:\n  prot: 1\n')
  t.match(problemsOf({ flags: { config: 'typo.yaml' } }), [/https\.prot \(.*typo\.yaml\) .*did you mean https\.port\?/])
  t.match(problemsOf({ flags: { poolSize: 3 } }), [/did you mean database\.poolSize\?/])
  t.match(problemsOf({ env: { TSUNAGI_HTTP_PORT: '1' } }), [/TSUNAGI_HTTP_PORT .*did you mean TSUNAGI_HTTPS_PORT\?/])
  t.match(problemsOf({ flags: { somethingElseEntirely: 1 } }), [/tsunagi config explain/])
})

t.test('variables that only begin like ours are left alone', async (t) => {
  t.strictSame(problemsOf({ env: { TSUNAGI_SERVICE_HOST: '10.0.0.1', TSUNAGI_CONFIG: undefined } }), [])
})

t.test('a file that is missing, no YAML or no mapping is named', async (t) => {
  t.match(problemsOf({ flags: { config: 'absent.yaml' } }), [/absent\.yaml cannot be read/])
  writeFileSync(join(cwd, 'list.yaml'), '- 1\n')
  t.match(problemsOf({ flags: { config: 'list.yaml' } }), [/list\.yaml must hold keys and values/])
  writeFileSync(join(cwd, 'broken.yaml'), 'https: [\n')
  t.match(problemsOf({ flags: { config: 'broken.yaml' } }), [/broken\.yaml is not YAML/])
})

t.test('explain masks the password of the database', async (t) => {
  const rows = explainConfig({ cwd, env: { DATABASE_URL: 'postgresql://hub:secret@db/hub?sslpassword=secret' } })
  const row = rows.find(({ key }) => key === 'database.url')
  t.equal(row?.source, 'DATABASE_URL')
  t.match(row?.value, 'postgresql://hub:***@db/hub')
  t.notMatch(row?.value, 'secret')
})

t.test('sizes, switches and lists are read as people write them', async (t) => {
  const flags = { 'limits.documentBytes': '2 GiB', 'tls.atnaDhe': 'yes', 'tls.serverNames': 'a.example, 192.0.2.1' }
  const config = loadConfig({ env: {}, cwd, flags })
  t.equal(config.limits.documentBytes, 2 * 2 ** 30)
  t.equal(config.tls.atnaDhe, true)
  t.strictSame(config.tls.serverNames, ['a.example', '192.0.2.1'])
  t.equal(parseBytes('8388608'), 8 * 2 ** 20)
  t.equal(parseBytes('x'), undefined)
})

t.test('each setting has its own variable, a description and an example that will do', async (t) => {
  t.equal(new Set(settingKeys.map(environmentName)).size, settingKeys.length)
  t.equal(environmentName('https.publicUrl'), 'TSUNAGI_HTTPS_PUBLIC_URL')
  for (const key of settingKeys) {
    t.ok(settings[key].description.length > 10, `${key} is described`)
    if (settings[key].example !== '') t.strictSame(problemsOf({ flags: { [key]: settings[key].example } }), [], key)
  }
})

t.test('the example file is accepted as it is', async (t) => {
  const file = fileURLToPath(new URL('../../tsunagi.example.yaml', import.meta.url))
  t.equal(loadConfig({ env: {}, cwd, flags: { config: file } }).https.host, '0.0.0.0')
})

t.test(
  'a secret is read from the file that a variable names, which nobody else may read (security: secrets)',
  async (t) => {
    const file = join(cwd, 'passphrase')
    writeFileSync(file, ' four words of mine \n', { mode: 0o600 })
    const env = { TSUNAGI_CERTIFICATES_ISSUING_PASSPHRASE_FILE: file }
    t.equal(
      loadConfig({ env, cwd }).certificates.issuingPassphrase,
      ' four words of mine ',
      'only the end of the line goes',
    )
    const row = explainConfig({ env, cwd }).find(({ key }) => key === 'certificates.issuingPassphrase')
    t.match(row, { value: '(set)', source: 'TSUNAGI_CERTIFICATES_ISSUING_PASSPHRASE_FILE' })
    t.equal(
      loadConfig({ env: { ...env, TSUNAGI_CERTIFICATES_ISSUING_PASSPHRASE: 'direct' }, cwd }).certificates
        .issuingPassphrase,
      'direct',
      'what the orchestrator injects wins',
    )
    for (const mode of [0o640, 0o604, 0o644]) {
      chmodSync(file, mode)
      t.match(
        problemsOf({ env }),
        [/_FILE: the file .*passphrase can be read by other users.*chmod 600/],
        mode.toString(8),
      )
    }
    chmodSync(file, 0o600)
    writeFileSync(file, '\n')
    t.match(problemsOf({ env }), [/is empty/])
    t.match(problemsOf({ env: { TSUNAGI_DATABASE_URL_FILE: join(cwd, 'none') } }), [/none cannot be read/])
  },
)

t.test('a configuration file with a secret in it is closed to others too', async (t) => {
  const file = join(cwd, 'secret.yaml')
  writeFileSync(file, 'certificates:\n  issuingPassphrase: four words\n')
  chmodSync(file, 0o644)
  t.match(problemsOf({ flags: { config: file } }), [/issuingPassphrase: the file .* chmod 600/])
  chmodSync(file, 0o600)
  t.equal(loadConfig({ env: {}, cwd, flags: { config: file } }).certificates.issuingPassphrase, 'four words')
  writeFileSync(file, 'database:\n  url: postgresql://db.example.jp/tsunagi?sslmode=verify-full\n')
  chmodSync(file, 0o644)
  t.same(problemsOf({ flags: { config: file } }), [], 'an address without a password is no secret')
})
