// Composition root: staff, their accounts and sessions, and the keys that seal the secrets of second factors (docs/adr/0029).

import type pg from 'pg'
import { createHasher, type HasherOptions } from '../access/accounts/hasher.ts'
import type { AccountPorts } from '../access/accounts/ports.ts'
import type { Config } from '../config/config.ts'
import { createAccountStore } from '../db/access/accounts.ts'
import type { SecretBox } from '../db/access/second-factors.ts'
import { createStaffStore } from '../db/access/staff.ts'
import { romajiKey } from '../identity/matching/romaji.ts'
import { seal, unseal } from '../model/seal.ts'
import { openKeyRing } from './key-file.ts'

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

async function secretBox({ dataDir, admin }: Config): Promise<SecretBox> {
  const ring = await openKeyRing({
    dataDir,
    fileName: 'account-keys',
    setting: 'admin.secretKeys',
    configured: admin.secretKeys,
  })
  return {
    seal: (secret, boundTo) => ({ keyId: ring.current.keyId, sealed: seal(secret, ring.current, boundTo) }),
    open: (sealed, keyId, boundTo) => unseal(sealed, ring, { keyId, boundTo }),
  }
}
