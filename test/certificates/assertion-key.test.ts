// The key of our assertions: made once, replaced by one rename, and refused in words when it will not do (ITI TF-2 3.40.4.1.2).

import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import {
  ensureAssertionKey,
  nextOf,
  readAssertionKey,
  useNextAssertionKey,
} from '../../src/certificates/assertion-key.ts'
import { main } from '../../src/cli/main.ts'

const dataDir = await mkdtemp(join(tmpdir(), 'tsunagi-assertion-'))
t.teardown(() => rm(dataDir, { recursive: true, force: true }))
const path = join(dataDir, 'pki', 'assertion-signing.pem')
const name = 'urn:oid:2.25.9101'

async function run(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', '']
  const code = await main(['--data-dir', dataDir, ...args], {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env: {},
    cwd: dataDir,
  })
  return { code, out, err }
}

t.test('made by whoever comes first, readable by its user alone, the same for everybody', async (t) => {
  const [one, other] = await Promise.all([ensureAssertionKey(path, { name }), ensureAssertionKey(path, { name })])
  t.same(one, other)
  t.equal((await stat(path)).mode & 0o777, 0o600)
  const certificate = new X509Certificate(one.certificate)
  t.match(certificate.subject, name)
  t.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 3072)
  t.notOk(certificate.ca)
})

t.test('tsunagi xua certificate and rotate: neighbours get the next certificate before it signs', async (t) => {
  const before = (await readAssertionKey(path))?.certificate
  const shown = await run('xua', 'certificate')
  t.equal(shown.out, before)
  t.match(shown.err, /SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}, until /)
  t.notMatch(shown.out + shown.err, /PRIVATE/)
  t.match(await run('xua', 'rotate'), { code: 1, err: /xua certificate --next/ }, 'there is nothing to rotate to')
  const next = (await run('xua', 'certificate', '--next')).out
  t.not(next, before)
  t.equal((await readAssertionKey(path))?.certificate, before, 'not used yet')
  t.equal((await run('xua', 'certificate', '--next')).out, next, 'asked again, it is the same')
  t.equal((await run('xua', 'rotate')).out, next)
  t.equal((await readAssertionKey(path))?.certificate, next)
  t.equal(await readAssertionKey(nextOf(path)), undefined)
})

t.test('a file that will not do is refused in words, and never quoted', async (t) => {
  const other = join(dataDir, 'other.pem')
  const text = await readFile(path, 'utf8')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const stranger = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const certificate = text.slice(text.indexOf('-----BEGIN CERTIFICATE'))
  for (const [content, words] of [
    ['', /needs an RSA key of at least 2048 bits and its certificate/],
    [certificate, /needs an RSA key/],
    [stranger, /needs an RSA key/],
    [`${ec}${certificate}`, /needs an RSA key/],
    [`${stranger}${certificate}`, /do not belong together/],
  ] as const) {
    await writeFile(other, content, { mode: 0o600 })
    await t.rejects(readAssertionKey(other), words)
  }
  await writeFile(nextOf(other), stranger, { mode: 0o600 })
  await t.rejects(useNextAssertionKey(other), /needs an RSA key/, 'nor is it put in the place of one that does')
  await writeFile(other, text)
  await chmod(other, 0o640)
  await t.rejects(readAssertionKey(other), /can be read by other users/)
})
