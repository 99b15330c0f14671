// Composition root: no server starts with a secret that other users of the machine can read (security: secrets).

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pkiPaths } from '../certificates/pki-directory.ts'
import { type Config, ConfigError } from '../config/config.ts'
import { refuseOpenFile } from '../config/secret-file.ts'

/** @throws {ConfigError} naming every file that is too open, and what to do. */
export async function refuseOpenSecrets(config: Config): Promise<void> {
  const problems: string[] = []
  for (const [named, path] of secretFiles(config)) {
    if (!(await isThere(path))) continue
    try {
      refuseOpenFile(path, named)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(...error.problems)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
}

function secretFiles({ dataDir, tls, repository, audit, xua }: Config): ReadonlyMap<string, string> {
  const { caKey, issuingKey } = pkiPaths(join(dataDir, 'pki'))
  return new Map([
    ['tls.key', tls.key],
    ['repository.registryKey', repository.registryKey],
    ['key of the authority', caKey],
    ['key of the issuing authority', issuingKey],
    ['audit.signingKey', audit.signingKey],
    ['xua.signingKey', xua.signingKey],
    ['token of the admin API', join(dataDir, 'config', 'admin-token')],
    ['keys of second factors', join(dataDir, 'config', 'account-keys')],
    ['keys of messages that wait', join(dataDir, 'config', 'held-keys')],
    ['keys of kept messages', join(dataDir, 'config', 'journal-keys')],
  ])
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
