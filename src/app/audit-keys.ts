// Composition root: the key that signs the state of the audit log, which the database does not have, and the public keys that verify it.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createSigner, type PublicKeys, publicKeysIn, type Signer } from '../audit/checkpoint.ts'
import { createAtomically, readPublic, writeAtomically } from '../certificates/files.ts'
import { type Config, ConfigError } from '../config/config.ts'

export interface AuditKeys {
  readonly signer: Signer
  /** Of the keys that signed here, the present one among them. */
  readonly publicKeys: () => Promise<PublicKeys>
  readonly publicPem: () => Promise<string>
}

type Needed = { readonly audit: Pick<Config['audit'], 'signingKey'> }

/** @throws {ConfigError} when the file holds no key that can sign. */
export async function openAuditKeys({ audit }: Needed): Promise<AuditKeys> {
  const path = audit.signingKey
  const privateKey = await ensureKey(path)
  const signer = createSigner(privateKey)
  const publicPath = publicKeyPath(path)
  const publicPem = () => readFile(publicPath, 'utf8')
  const known = await publicPem().catch(absent)
  // The keys before it stay: what they signed is verified for years.
  if (!publicKeysIn(known).has(signer.keyId)) {
    const own = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' })
    await writeAtomically(publicPath, `${known}${own}`, 'public')
    await chmod(publicPath, 0o644)
  }
  return { signer, publicPem, publicKeys: async () => publicKeysIn(await publicPem()) }
}

function publicKeyPath(signingKey: string): string {
  return `${signingKey}.pub`
}

async function ensureKey(path: string): Promise<KeyObject> {
  await mkdir(dirname(path), { recursive: true })
  if ((await readPublic(path)) === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519')
    await createAtomically(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  }
  try {
    const key = createPrivateKey(await readFile(path, 'utf8'))
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // What the library says of it may quote it.
  }
  throw new ConfigError([
    `audit.signingKey: ${path} is no private key of Ed25519 in PEM; make one with: openssl genpkey -algorithm ed25519`,
  ])
}

function absent(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
