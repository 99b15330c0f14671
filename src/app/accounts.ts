// Composition root: staff, their accounts and sessions, and the keys that seal the secrets of second factors (docs/adr/0029).

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { createHasher, type HasherOptions } from '../access/accounts/hasher.ts'
import type { AccountPorts } from '../access/accounts/ports.ts'
import { type Config, ConfigError } from '../config/config.ts'
import { createAccountStore } from '../db/access/accounts.ts'
import type { SecretBox } from '../db/access/second-factors.ts'
import { createStaffStore } from '../db/access/staff.ts'
import { romajiKey } from '../identity/matching/romaji.ts'
import { newKeyLine, parseKeyRing, seal, unseal } from '../storeclient/hold/seal.ts'

export async function accountPorts(
  { config, pool }: { readonly config: Config; readonly pool: pg.Pool },
  passwords: HasherOptions = {},
): Promise<AccountPorts> {
  return {
    staff: createStaffStore(pool),
    accounts: createAccountStore({ pool, box: await secretBox(config), idleMinutes: config.admin.idleMinutes }),
    hasher: createHasher(passwords),
    reading: (name) => romajiKey(name).toLowerCase(),
    now: () => Date.now(),
  }
}

/** The configured keys, or those of a file that is made at the first start, readable by the server's own user only. */
async function secretBox({ dataDir, admin }: Config): Promise<SecretBox> {
  const path = join(dataDir, 'config', 'account-keys')
  const place = admin.secretKeys === undefined ? path : 'admin.secretKeys'
  const ring = readKeys(admin.secretKeys ?? (await ensureKeys(path)), place)
  return {
    seal: (secret, boundTo) => ({ keyId: ring.current.keyId, sealed: seal(secret, ring.current, boundTo) }),
    open: (sealed, keyId, boundTo) => unseal(sealed, ring, { keyId, boundTo }),
  }
}

async function ensureKeys(path: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
  try {
    await writeFile(path, `${newKeyLine()}\n`, { flag: 'wx', mode: 0o600, flush: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFile(path, 'utf8')
}

function readKeys(text: string, place: string): ReturnType<typeof parseKeyRing> {
  try {
    return parseKeyRing(text)
  } catch (error) {
    throw new ConfigError([`${place}: ${error instanceof Error ? error.message : 'cannot be read'}`])
  }
}
