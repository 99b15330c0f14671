// A server does not start with a secret that others may read (security: secrets).

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { refuseOpenSecrets } from '../../src/app/secret-files.ts'
import { startServer } from '../../src/app.ts'
import { ConfigError, loadConfig } from '../../src/config/config.ts'

const directory = mkdtempSync(join(tmpdir(), 'tsunagi-secrets-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const config = loadConfig({ env: { TSUNAGI_DATA_DIR: directory }, cwd: directory })
const files = [
  'pki/server.key',
  'pki/ca.key',
  'pki/issuing.key',
  'config/admin-token',
  'config/account-keys',
  'config/held-keys',
  'config/journal-keys',
]
for (const name of ['pki', 'config']) mkdirSync(join(directory, name))

t.test('what is not there yet is no trouble', async (t) => {
  await t.resolves(refuseOpenSecrets(config))
})

t.test('each open file is named, all at once, with what to do', async (t) => {
  for (const name of files) writeFileSync(join(directory, name), 'secret', { mode: 0o600 })
  await t.resolves(refuseOpenSecrets(config))
  for (const name of files) chmodSync(join(directory, name), 0o640)
  const refused = await refuseOpenSecrets(config).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(refused instanceof ConfigError)) throw new Error('it was not refused')
  for (const name of files)
    t.ok(
      refused.problems.some((problem) => problem.includes(`chmod 600 ${join(directory, name)}`)),
      name,
    )
  t.notMatch(refused.message, /: secret/)
})

t.test('the server says so before it opens anything', async (t) => {
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  await t.rejects(startServer(config, { log }), /can be read by other users/)
})
