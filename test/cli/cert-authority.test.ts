// Root and issuing authority from the command line, judged by OpenSSL (RFC 5280, 4.2.1.9 and 6; security: issuing, CA key).

import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { issueClientCertificate } from '../../src/certificates/authority.ts'
import { certificatesIn } from '../../src/certificates/certificate.ts'
import { ensureDevelopmentPki, issueClientInto, readAuthority } from '../../src/certificates/pki-directory.ts'
import { tlsOptions } from '../../src/certificates/presets.ts'
import { openSsl } from '../certificates/openssl.ts'
import { makePlace, run } from './fake-door.ts'

t.setTimeout(120_000)

const PASSPHRASE = 'four words of mine'
const system = { systemId: 'lab', facilityOid: '2.25.7' }

async function makeAuthorities(t: Test) {
  const place = await makePlace()
  t.teardown(place.remove)
  const ssl = await openSsl(t)
  const pki = join(place.dataDir, 'pki')
  writeFileSync(ssl.path('root-passphrase'), 'of the root\n', { mode: 0o600 })
  const sealed = ['--set', `certificates.issuingPassphrase=${PASSPHRASE}`]
  const call = (...argv: readonly string[]) =>
    run(['cert', 'authority', ...argv, '--data-dir', place.dataDir], ssl.path('.'))
  const file = (name: string): string => readFileSync(join(pki, name), 'utf8')
  return { place, ssl, pki, sealed, call, file }
}

t.test('create makes a root to be put away and an issuing authority that issues without it', async (t) => {
  const { ssl, pki, sealed, call, file } = await makeAuthorities(t)
  const before = file('ca.crt')
  const former = file('clients/clinic-b.crt')
  t.equal((await call('create', '--root', 'medium')).code, 2, 'a root key in the clear has to be meant')
  const made = await call('create', '--root', 'medium', '--passphrase-file', 'root-passphrase', ...sealed)
  t.equal(made.code, 0, made.err)
  t.match(made.err, /medium\/root\.key/)
  t.match(file('issuing.key'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
  t.match((await ssl.call('asn1parse', '-in', join(pki, 'issuing.key'))).text, /PBES2[\s\S]*aes-256-cbc/)
  t.equal((await ssl.call('pkey', '-in', join(pki, 'issuing.key'), '-passin', `pass:${PASSPHRASE}`, '-noout')).code, 0)
  t.not((await ssl.call('pkey', '-in', join(pki, 'issuing.key'), '-passin', 'pass:wrong', '-noout')).code, 0)
  t.equal((await ssl.call('pkey', '-in', 'medium/root.key', '-passin', 'pass:of the root', '-noout')).code, 0)
  for (const key of [join(pki, 'issuing.key'), ssl.path('medium/root.key')]) t.equal(statSync(key).mode & 0o777, 0o600)
  rmSync(ssl.path('medium/root.key'))
  t.notOk(existsSync(join(pki, 'root.key')))

  const { paths } = await issueClientInto(pki, system, { passphrase: PASSPHRASE })
  const [leaf = '', issuer = ''] = certificatesIn(readFileSync(paths.certificate, 'utf8'))
  await ssl.write('leaf.crt', leaf)
  await ssl.write('between.crt', issuer)
  const verified = await ssl.call(
    ...['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', 'medium/root.crt'],
    ...['-untrusted', 'between.crt', '-show_chain', 'leaf.crt'],
  )
  t.equal(verified.code, 0, verified.text)
  t.match(verified.text, /CN = lab[\s\S]*CN = Tsunagi issuing CA[\s\S]*CN = Tsunagi root CA/)
  t.not((await ssl.call('verify', '-CAfile', 'medium/root.crt', 'leaf.crt')).code, 0, 'it needs what stands between')
  const p12 = await ssl.call('pkcs12', '-in', paths.pkcs12, '-passin', 'pass:tsunagi', '-nokeys')
  t.equal(certificatesIn(p12.text).length, 3, 'the whole chain is in the PKCS#12')
  await ssl.write('former.crt', former)
  t.equal((await ssl.call('verify', '-CAfile', join(pki, 'ca.crt'), 'former.crt')).code, 0, 'former certificates go on')
  t.match(file('ca.crt'), before.trim())
  t.match((await call('show', ...sealed)).text, /issuing CA.*issues/)
})

t.test('an issuing authority may not make another authority (pathLenConstraint 0, RFC 5280, 4.2.1.9)', async (t) => {
  const { ssl, pki, call } = await makeAuthorities(t)
  await call('create', '--root', 'medium', '--unencrypted')
  await ssl.request('sub')
  await ssl.write('sub.ext', 'basicConstraints=critical,CA:TRUE\n')
  const made = await ssl.call(
    ...['x509', '-req', '-in', 'sub.csr', '-CA', join(pki, 'issuing.crt'), '-CAkey', join(pki, 'issuing.key')],
    ...['-CAcreateserial', '-CAserial', 'serial', '-days', '2', '-extfile', 'sub.ext', '-out', 'sub.crt'],
  )
  t.equal(made.code, 0, made.text)
  await ssl.request('end')
  await ssl.call(
    ...['x509', '-req', '-in', 'end.csr', '-CA', 'sub.crt', '-CAkey', 'sub.key', '-CAcreateserial'],
    ...['-days', '2', '-out', 'end.crt'],
  )
  const bundle = `${await ssl.read('sub.crt')}${readFileSync(join(pki, 'issuing.crt'), 'utf8')}`
  await ssl.write('between.crt', bundle)
  const verified = await ssl.call('verify', '-CAfile', 'medium/root.crt', '-untrusted', 'between.crt', 'end.crt')
  t.match(verified.text, /path length constraint exceeded/)
})

t.test('the root never comes near the server: request here, sign there, install here', async (t) => {
  const { ssl, pki, sealed, call, file } = await makeAuthorities(t)
  const root = await call(
    'root',
    '--into',
    'offline',
    '--name',
    'Invented root',
    '--passphrase-file',
    'root-passphrase',
  )
  t.equal(root.code, 0, root.err)
  t.not((await call('root', '--into', 'offline', '--unencrypted')).code, 0, 'a root is never overwritten')
  const asked = await call('request', '--name', 'Invented issuing', ...sealed)
  t.equal(asked.code, 0, asked.err)
  t.ok(await readAuthority(pki), 'until the certificate comes, the present authority goes on')
  const sign = (...more: readonly string[]) =>
    call('sign', join(pki, 'issuing-next.csr'), '--root', 'offline', '--out', 'signed.pem', ...more)
  t.match((await sign()).err, /root\.key is encrypted; give its passphrase by --passphrase-file/)
  chmodSync(ssl.path('root-passphrase'), 0o644)
  t.match((await sign('--passphrase-file', 'root-passphrase')).err, /can be read by other users/)
  chmodSync(ssl.path('root-passphrase'), 0o600)
  t.equal((await sign('--passphrase-file', 'root-passphrase')).code, 0)
  t.match((await call('install', 'signed.pem')).err, /is encrypted; give its passphrase/)
  const installed = await call('install', 'signed.pem', ...sealed)
  t.equal(installed.code, 0, installed.err)
  t.match(installed.text, /CN=Invented issuing issues from now on/)
  t.equal((await call('install', 'signed.pem', ...sealed)).code, 0, 'again is no harm')
  t.match(file('ca.crt'), (await ssl.read('offline/root.crt')).trim())
})

t.test('what is no chain, or of another key, is not installed', async (t) => {
  const { ssl, call, file } = await makeAuthorities(t)
  await call('root', '--into', 'offline', '--unencrypted')
  await call('root', '--into', 'other', '--unencrypted')
  await call('request')
  const signed = join('signed.pem')
  await ssl.request('foreign')
  await call('sign', 'foreign.csr', '--root', 'offline', '--out', signed)
  t.match((await call('install', signed)).err, /is not for the key/)
  const [first = '', second = ''] = certificatesIn(await ssl.read(signed))
  await ssl.write('turned.pem', second + first)
  t.match((await call('install', 'turned.pem')).err, /is not signed by the certificate after it/)
  await ssl.write('mixed.pem', first + (await ssl.read('other/root.crt')))
  t.match((await call('install', 'mixed.pem')).err, /is not signed by the certificate after it/)
  t.match((await call('install', 'offline/root.crt')).err, /stands below a root/)
  await ssl.write('empty.pem', 'nothing\n')
  t.match((await call('install', 'empty.pem')).err, /holds no certificate/)
  t.throws(() => file('issuing.crt'), { code: 'ENOENT' })
})

t.test('an authority of OpenSSL with RSA keys, signed by a root of OpenSSL, issues too', async (t) => {
  const { ssl, pki, call } = await makeAuthorities(t)
  await ssl.call(
    ...['req', '-x509', '-newkey', 'rsa:3072', '-nodes', '-keyout', 'r.key', '-out', 'r.crt', '-days', '30'],
    ...['-subj', '/C=JP/CN=Root of OpenSSL', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  )
  await ssl.request('i', ['-newkey', 'rsa:2048'])
  await ssl.write('i.ext', 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n')
  await ssl.call(
    ...['x509', '-req', '-in', 'i.csr', '-CA', 'r.crt', '-CAkey', 'r.key', '-CAcreateserial', '-days', '20'],
    ...['-extfile', 'i.ext', '-out', 'i.crt'],
  )
  writeFileSync(join(pki, 'issuing-next.key'), await ssl.read('i.key'), { mode: 0o600 })
  await ssl.write('chain.pem', (await ssl.read('i.crt')) + (await ssl.read('r.crt')))
  const installed = await call('install', 'chain.pem')
  t.equal(installed.code, 0, installed.err)
  const { paths, notAfter } = await issueClientInto(pki, system)
  const verified = await ssl.call(
    'verify',
    '-purpose',
    'sslclient',
    '-CAfile',
    'r.crt',
    '-untrusted',
    'i.crt',
    paths.certificate,
  )
  t.equal(verified.code, 0, verified.text)
  t.ok(notAfter.getTime() < Date.now() + 21 * 86_400_000, 'not longer than the authority itself')
})

t.test(
  'a server starts with a sealed key and no passphrase, but nothing is issued; a wrong one is a mistake',
  async (t) => {
    const { pki, sealed, call } = await makeAuthorities(t)
    await call('create', '--root', 'medium', '--unencrypted', ...sealed)
    t.strictSame((await ensureDevelopmentPki(pki)).created, [])
    await t.rejects(
      issueClientInto(pki, system),
      /issuing\.key is encrypted; give its passphrase by certificates\.issuingPassphrase/,
    )
    await t.rejects(ensureDevelopmentPki(pki, { passphrase: 'wrong' }), /cannot be opened/)
    chmodSync(join(pki, 'issuing.key'), 0o640)
    await t.rejects(ensureDevelopmentPki(pki, { passphrase: PASSPHRASE }), /run: chmod 600/)
  },
)

t.test(
  's_client that knows the root only opens a connection, with a certificate and without what stands between',
  async (t) => {
    const { ssl, pki, sealed, call, file } = await makeAuthorities(t)
    await call('create', '--root', 'medium', '--unencrypted', ...sealed)
    const renewed = await call('server', ...sealed)
    t.equal(renewed.code, 0, renewed.err)
    const { certificatePem, privateKeyPem } = await issueClientCertificate(
      await readAuthority(pki, { passphrase: PASSPHRASE }),
      system,
    )
    await ssl.write('leaf.crt', certificatePem)
    await ssl.write('leaf.key', privateKeyPem)
    const server = createServer({
      ...tlsOptions({ preset: 'high+1.2' }),
      cert: file('server.crt'),
      key: file('server.key'),
      ca: file('ca.crt'),
      requestCert: true,
      rejectUnauthorized: false,
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const seen = new Promise<boolean>((resolve) =>
      server.once('secureConnection', (socket: TLSSocket) => {
        resolve(socket.authorized)
        socket.end()
      }),
    )
    const said = await ssl.call(
      ...['s_client', '-connect', `localhost:${port}`, '-CAfile', 'medium/root.crt', '-verify_return_error'],
      ...['-verify_hostname', 'localhost', '-cert', 'leaf.crt', '-key', 'leaf.key', '-brief'],
    )
    t.match(said.text, /Verification: OK/)
    t.equal(await seen, true)
  },
)
