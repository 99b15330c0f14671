// The development PKI on disk: made once, reused, renewed, kept private (design §5), and good for mutual TLS.

import { X509Certificate } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import t from 'tap'
import {
  DEVELOPMENT_PASSWORD,
  ensureDevelopmentPki,
  issueClientInto,
  pkiPaths,
  readClient,
  renewServerWhenDue,
} from '../../src/certificates/pki-directory.ts'
import { tlsOptions } from '../../src/certificates/presets.ts'

const root = mkdtempSync(join(tmpdir(), 'tsunagi-pki-'))
t.teardown(() => rmSync(root, { recursive: true }))

const DAY_MS = 86_400_000
const later = (days: number): Date => new Date(Date.now() + days * DAY_MS)
const system = { systemId: 'clinic-b', facilityOid: '2.25.21' }

t.test('the first start makes authority and server certificate, the second reuses them', async (t) => {
  const directory = join(root, 'first')
  const first = await ensureDevelopmentPki(directory)
  t.strictSame(first.created, ['ca', 'server'])
  const second = await ensureDevelopmentPki(directory)
  t.strictSame(second.created, [])
  t.equal(second.ca, first.ca)
  t.strictSame(second.server, first.server)
  t.equal(statSync(first.paths.caKey).mode & 0o777, 0o600)
  t.equal(statSync(first.paths.serverKey).mode & 0o777, 0o600)
  t.notOk(readdirSync(directory).some((name) => name.endsWith('.tmp')))
})

t.test('the server certificate is renewed within 30 days of its end, the authority stays', async (t) => {
  const directory = join(root, 'renewal')
  const first = await ensureDevelopmentPki(directory)
  t.strictSame((await ensureDevelopmentPki(directory, { now: later(366) })).created, [])
  const renewed = await ensureDevelopmentPki(directory, { now: later(370) })
  t.strictSame(renewed.created, ['server'])
  t.equal(renewed.ca, first.ca)
})

t.test('the server certificate is made anew when a name is missing in it', async (t) => {
  const directory = join(root, 'names')
  await ensureDevelopmentPki(directory)
  const again = await ensureDevelopmentPki(directory, { serverNames: ['hub.example', '192.0.2.10'] })
  t.strictSame(again.created, ['server'])
  t.ok(new X509Certificate(again.server.certificatePem).checkHost('hub.example'))
  t.ok(new X509Certificate(again.server.certificatePem).checkIP('192.0.2.10'))
})

t.test('a key that others may read is refused, and the words say what to do', async (t) => {
  const directory = join(root, 'open')
  const { paths } = await ensureDevelopmentPki(directory)
  chmodSync(paths.serverKey, 0o640)
  await t.rejects(ensureDevelopmentPki(directory), new RegExp(`run: chmod 600 ${paths.serverKey}`))
  chmodSync(paths.serverKey, 0o600)
  chmodSync(paths.caKey, 0o644)
  await t.rejects(issueClientInto(directory, system), /chmod 600/)
})

t.test('a lost key of the server is replaced; a certificate of another authority is not ours to replace', async (t) => {
  const directory = join(root, 'foreign')
  const { paths } = await ensureDevelopmentPki(directory)
  rmSync(paths.serverKey)
  t.strictSame((await ensureDevelopmentPki(directory)).created, ['server'])
  rmSync(paths.caKey)
  rmSync(paths.caCertificate)
  const other = await ensureDevelopmentPki(directory)
  t.strictSame(other.created, ['ca'], 'the server certificate is kept as it is')
  rmSync(paths.serverKey)
  await t.rejects(ensureDevelopmentPki(directory), /not ours to replace/)
})

t.test('without the key of the authority the server starts, but nothing can be issued', async (t) => {
  const directory = join(root, 'keyless')
  const { paths } = await ensureDevelopmentPki(directory)
  rmSync(paths.caKey)
  t.strictSame((await ensureDevelopmentPki(directory, { now: later(390) })).created, [])
  await t.rejects(issueClientInto(directory, system), /no certificate can be issued/)
})

t.test('a running server renews its own certificate, and never makes an authority', async (t) => {
  const directory = join(root, 'running')
  const { paths } = await ensureDevelopmentPki(directory)
  const renew = (now: Date) => renewServerWhenDue(directory, { serverNames: [], now })
  t.equal(await renew(later(300)), 'not due')
  t.equal(await renew(later(370)), 'renewed')
  rmSync(paths.caCertificate)
  t.equal(await renew(later(740)), 'not due')
  t.throws(() => readFileSync(paths.caCertificate), { code: 'ENOENT' })
})

t.test(
  'near the end of the authority its server certificate, which ends with it, is renewed once, not at every look',
  async (t) => {
    const directory = join(root, 'ending')
    const { ca, paths } = await ensureDevelopmentPki(directory)
    const authorityEnds = Date.parse(new X509Certificate(ca).validTo)
    const before = (days: number): Date => new Date(authorityEnds - days * DAY_MS)
    const renew = (now: Date) => renewServerWhenDue(directory, { serverNames: [], now })
    t.equal(await renew(before(20)), 'renewed')
    t.equal(Date.parse(new X509Certificate(readFileSync(paths.serverCertificate)).validTo), authorityEnds)
    for (const days of [20, 10, 1, -1]) t.equal(await renew(before(days)), 'not due', `${days} days before`)
    rmSync(paths.serverKey)
    t.equal(await renew(before(10)), 'renewed', 'what is broken is made anew all the same')
  },
)

t.test('a system gets certificate, key and PKCS#12, and its facts can be read again', async (t) => {
  const directory = join(root, 'clients')
  await ensureDevelopmentPki(directory)
  const issued = await issueClientInto(directory, system)
  t.match(issued.fingerprint256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  t.equal(issued.subject, 'C=JP, OU=2.25.21, CN=clinic-b')
  t.equal(issued.issuer, 'C=JP, O=Tsunagi, CN=Tsunagi development CA')
  t.equal(issued.paths.pkcs12, join(pkiPaths(directory).clients, 'clinic-b.p12'))
  t.equal(statSync(issued.paths.key).mode & 0o777, 0o600)
  t.strictSame(await readClient(directory, 'clinic-b'), issued)
  t.equal(await readClient(directory, 'nobody'), undefined)
})

t.test('a system id that is no file name is refused', async (t) => {
  await t.rejects(
    issueClientInto(join(root, 'clients'), { ...system, systemId: '../server' }),
    /must be 1 to 64 letters/,
  )
})

t.test('the PKCS#12 of a system opens mutual TLS, and the server sees the fingerprint that was issued', async (t) => {
  const directory = join(root, 'mutual')
  const pki = await ensureDevelopmentPki(directory)
  const issued = await issueClientInto(directory, system)
  const server = createServer({
    ...tlsOptions({ preset: 'high+1.2' }),
    cert: pki.server.certificatePem,
    key: pki.server.privateKeyPem,
    ca: pki.ca,
    requestCert: true,
    rejectUnauthorized: false,
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const seen = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
  const address = server.address()
  const socket = connect({
    port: typeof address === 'object' && address !== null ? address.port : 0,
    host: '127.0.0.1',
    ca: pki.ca,
    pfx: readFileSync(issued.paths.pkcs12),
    passphrase: DEVELOPMENT_PASSWORD,
  })
  const peer = await seen
  t.equal(peer.authorized, true)
  t.equal(peer.getPeerX509Certificate()?.fingerprint256, issued.fingerprint256)
  socket.destroy()
  peer.destroy()
  server.close()
})
