// Secrets that are made at the first start are there whole or not at all (reliability: lifecycle; SIGKILL at any time must be safe).

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openAuditKeys } from '../../src/app/audit-keys.ts'
import { createAtomically } from '../../src/certificates/files.ts'
import { SECRETS } from './first-secrets-child.ts'

const CHILD = fileURLToPath(new URL('./first-secrets-child.ts', import.meta.url))
const root = await mkdtemp(join(tmpdir(), 'tsunagi-first-'))
t.teardown(() => rm(root, { recursive: true, force: true }))
t.setTimeout(120_000)

const newDirectory = (): Promise<string> => mkdtemp(join(root, 'data-'))

/** Under a limit of 0 bytes a file is made and its first byte ends the process: as a full disk, or kill -9 between the two. */
async function endsWhileItMakes(name: string, directory: string): Promise<string> {
  const command = [process.execPath, '--import=tsx', CHILD, name, directory]
  const child = spawn('sh', ['-c', 'ulimit -c 0; ulimit -f 0; exec "$0" "$@"', ...command], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, TSX_DISABLE_CACHE: '1' },
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await once(child, 'close')
  return said
}

for (const [name, ensure] of Object.entries(SECRETS))
  t.test(
    `a start after one that ended while it made the ${name}`,
    { skip: process.platform === 'win32' },
    async (t) => {
      const directory = await newDirectory()
      t.equal(await endsWhileItMakes(name, directory), '', 'it did not get that far')
      const made = await ensure(directory)
      t.equal(await ensure(directory), made)
    },
  )

t.test('of several who make a file at the same moment one is first, and nothing stays of the others', async (t) => {
  const directory = await newDirectory()
  const path = join(directory, 'secret')
  await Promise.all(['one', 'two', 'three'].map((content) => createAtomically(path, content)))
  t.match(await readFile(path, 'utf8'), /^(one|two|three)$/)
  t.strictSame(await readdir(directory), ['secret'])
  if (process.platform !== 'win32') t.equal((await stat(path)).mode & 0o777, 0o600)
})

t.test(
  'public keys of former keys of the audit log outlast a start that ends while it adds its own',
  { skip: process.platform === 'win32' },
  async (t) => {
    const directory = await newDirectory()
    const path = join(directory, 'audit-signing.key')
    const former = await openAuditKeys({ audit: { signingKey: path } })
    const kept = await former.publicPem()
    // Another key takes its place; both are needed for years (docs/audit.md).
    await rm(path)
    await SECRETS['key of the audit log']?.(directory)
    const own = await readFile(path)
    await writeFile(`${path}.pub`, kept)
    await chmod(`${path}.pub`, 0o644)
    await endsWhileItMakes('key of the audit log', directory)
    t.ok((await readFile(`${path}.pub`, 'utf8')).includes(kept), 'nothing of it is lost')
    await writeFile(path, own)
    const keys = await openAuditKeys({ audit: { signingKey: path } })
    t.same([...(await keys.publicKeys()).keys()], [former.signer.keyId, keys.signer.keyId])
  },
)
