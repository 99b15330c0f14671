// Makes one of the secrets of a first start, in a process that may write no byte to a file.

import { join } from 'node:path'
import { ensureAdminToken } from '../../src/app/admin-ports.ts'
import { openAuditKeys } from '../../src/app/audit-keys.ts'
import { openKeyRing } from '../../src/app/key-file.ts'
import { ensureAssertionKey } from '../../src/certificates/assertion-key.ts'
import { loadConfig } from '../../src/config/config.ts'

/** By name: makes what is not there yet; the same text whenever it is the same secret. */
export const SECRETS: Readonly<Record<string, (directory: string) => Promise<string>>> = {
  'key ring': async (dataDir) => {
    const place = { dataDir, fileName: 'held-keys', setting: 'storeclient.heldKeys', configured: undefined }
    return (await openKeyRing(place)).current.key.toString('hex')
  },
  'key of the audit log': async (directory) =>
    (await openAuditKeys({ audit: { signingKey: join(directory, 'audit-signing.key') } })).signer.keyId,
  'token of the admin API': (directory) =>
    ensureAdminToken(loadConfig({ env: { TSUNAGI_DATA_DIR: directory }, cwd: directory })),
  'key of assertions': async (directory) =>
    (await ensureAssertionKey(join(directory, 'assertion.pem'), { name: 'urn:oid:2.25.9101' })).key,
}

const [name, directory] = process.argv.slice(2)
if (name !== undefined && directory !== undefined) {
  await SECRETS[name]?.(directory)
  process.stdout.write('made\n')
}
